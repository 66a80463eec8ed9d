"""The frames between host and benchmark application: a codec of pure functions.

Little-endian: ``A5 5A``, version, sequence, kind, status, payload length (2 bytes), payload, CRC-32 of
everything after the two mark bytes. ``docs/protocol.md`` is the full description.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from sensor_bnn.errors import DeviceError

MARK = b"\xa5\x5a"
VERSION = 1
MAX_PAYLOAD = 1024
RESPONSE = 0x80
HEAD_BYTES = 8
FRAME_BYTES = HEAD_BYTES + 4  # of a frame without its payload

_FIRMWARE_REMEDY = "Build and flash the firmware of this version of sensor-bnn again."


class Kind(IntEnum):
    """The type of a request."""

    HELLO = 0x01
    WRITE_INPUT = 0x02
    INFER = 0x03
    PROFILE = 0x04
    READ_PROFILE = 0x05
    READ_OUTPUT = 0x06
    MEMORY = 0x07
    BOOTLOADER = 0x08
    WRITE_CODED = 0x09
    SPEED = 0x0A
    CLASSES = 0x0B
    WEIGHTS = 0x0C
    CONFIRM = 0x0D
    STREAM_OPEN = 0x20
    STREAM_SAMPLES = 0x21
    RECORD_OPEN = 0x22
    RECORD_SAMPLES = 0x23
    RECORD_STOP = 0x24


class Status(IntEnum):
    """The result of a request."""

    OK = 0
    UNKNOWN_TYPE = 1
    BAD_LENGTH = 2
    OUT_OF_RANGE = 3
    NO_RESULT = 4
    BAD_CRC = 5
    BAD_VERSION = 6


@dataclass(frozen=True)
class Frame:
    """One request or response; ``kind`` of a response has ``RESPONSE`` added."""

    sequence: int
    kind: int
    payload: bytes = b""
    status: int = Status.OK
    version: int = VERSION


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes on the line.

    Raises:
        ValueError: the payload is longer than ``MAX_PAYLOAD``.
    """
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(frame.payload)} bytes; a frame holds {MAX_PAYLOAD}")
    head = struct.pack("<BBBBH", frame.version, frame.sequence, frame.kind, frame.status, len(frame.payload))
    body = head + frame.payload
    return MARK + body + struct.pack("<I", zlib.crc32(body))


def decode(line: bytes) -> tuple[list[Frame], bytes]:
    """Return the complete frames in the received bytes, and the rest, which may begin the next frame.

    Everything else is skipped: boot messages, a frame with a wrong checksum or an impossible length.
    """
    frames: list[Frame] = []
    at = 0
    while (at := line.find(MARK, at)) >= 0:
        if len(line) < at + HEAD_BYTES:
            return frames, line[at:]
        version, sequence, kind, status, length = struct.unpack_from("<BBBBH", line, at + len(MARK))
        end = at + FRAME_BYTES + length
        if length <= MAX_PAYLOAD and len(line) < end:
            return frames, line[at:]
        body = line[at + len(MARK) : end - 4]
        if length > MAX_PAYLOAD or line[end - 4 : end] != struct.pack("<I", zlib.crc32(body)):
            # The mark may have been data, or the length damaged: a whole frame may begin within these bytes.
            at += 1
            continue
        frames.append(Frame(sequence, kind, body[HEAD_BYTES - len(MARK) :], status, version))
        at = end
        line, at = line[at:], 0
    # The last byte may be the first half of the next frame's mark.
    return frames, MARK[:1] if line.endswith(MARK[:1]) else b""


@dataclass(frozen=True)
class Hello:
    """The identification that a device sends: its model, sizes in bytes, its board and its counter."""

    model_hash: str  # hex
    counter_hz: int
    input_bytes: int
    output_bytes: int
    layer_count: int
    arena_bytes: int
    max_payload: int
    board: str
    counter: str
    model: str
    firmware_version: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a HELLO response.

        Raises:
            DeviceError: it is truncated, or a text is not valid.
        """
        fixed = struct.Struct("<32s6I")
        try:
            model_hash, *numbers = fixed.unpack_from(payload)
            texts = payload[fixed.size :].split(b"\0")
            # The NUL after the fourth text leaves an empty fifth one.
            if len(texts) != 5 or texts[4]:
                raise ValueError("four texts expected")
            hello = cls(model_hash.hex(), *numbers, *[text.decode("ascii") for text in texts[:4]])
        except (struct.error, ValueError) as error:
            raise _malformed("HELLO", payload, error) from None
        # A request's own fields take up to 12 bytes and need room for data after them; times are divided by
        # the rate.
        if not FRAME_BYTES < hello.max_payload <= MAX_PAYLOAD or hello.counter_hz == 0:
            raise _malformed("HELLO", payload, "a size or rate that cannot be")
        return hello


@dataclass(frozen=True)
class Linked:
    """Bytes and CRC-32 of what a board's firmware was linked with.

    Attributes:
        weights: of all weights.
        kernels: of the code of ``kernels.o``, with zeros where the linker wrote addresses; both 0 for a
            firmware that cannot say them.
        sources_bytes: the bytes that the linker left of the texts of the bundle's C files; None if the build
            compared the files itself.
    """

    weights: tuple[int, int]
    kernels: tuple[int, int]
    sources_bytes: int | None


@dataclass(frozen=True)
class Memory:
    """The memory that the model uses on the board, in bytes; high-water marks are since reset."""

    arena_bytes: int
    arena_high_water_bytes: int
    stack_bytes: int
    stack_high_water_bytes: int
    static_ram_bytes: int
    image_bytes: int

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a MEMORY response.

        Raises:
            DeviceError: it has another length.
        """
        return cls(*numbers("<6I", payload, "MEMORY"))


def numbers(layout: str, payload: bytes, name: str) -> tuple[int, ...]:
    """Unpack a payload that consists of exactly one struct.

    Raises:
        DeviceError: it has another length.
    """
    try:
        return struct.unpack(layout, payload)
    except struct.error as error:
        raise _malformed(name, payload, error) from None


def _malformed(name: str, payload: bytes, reason: object) -> DeviceError:
    return DeviceError(
        f"The board's answer to {name} cannot be read: {len(payload)} bytes, {reason}.", _FIRMWARE_REMEDY
    )
