"""The client of the benchmark application: requests with sequence numbers, deadlines and retries."""

from __future__ import annotations

import logging
import struct
import time
from contextlib import suppress

import numpy as np

from sensor_bnn.errors import DeviceError, PortError
from sensor_bnn.wire.coding import code, pack
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import (
    MAX_PAYLOAD,
    RESPONSE,
    VERSION,
    Frame,
    Hello,
    Kind,
    Linked,
    Memory,
    Status,
    decode,
    encode,
    numbers,
)

ANSWER_SECONDS = 2.0
INFER_SECONDS = 60.0  # a large model on a slow core
ATTEMPTS = 4
_NAMES_BYTES = 1 << 20  # more than any model's classes have
SPEED_SECONDS = 2.0  # to wait at a rate that does not work; the board returns to its own after three

_log = logging.getLogger(__name__)

_MEANING = {
    Status.UNKNOWN_TYPE: "it does not know this request",
    Status.BAD_LENGTH: "the payload has a wrong length",
    Status.OUT_OF_RANGE: "the range is outside of the tensor",
    Status.NO_RESULT: "no inference has run yet",
    Status.BAD_CRC: "the line damages the frames",
    Status.BAD_VERSION: "it speaks another version of the protocol",
}


class Client:
    """The host's end of the application's protocol.

    Every request except BOOTLOADER may be repeated (the staged input is kept for the next inference), so the
    client repeats a request whose frame or answer was lost or damaged.

    Args:
        port: an open port; the caller closes it.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._sequence = 0
        self.retries = 0
        self._max_payload = MAX_PAYLOAD
        self._codes = True  # until the firmware answers that it does not know coded inputs

    def request(
        self, kind: Kind, payload: bytes = b"", timeout: float | None = None, attempts: int = ATTEMPTS
    ) -> bytes:
        """Send one request and return its response's payload.

        Raises:
            PortError: no complete answer in ``attempts`` times ``timeout`` seconds.
            DeviceError: the board answers with an error status or another protocol version.
        """
        return self._checked(kind, self._exchange(kind, payload, timeout, attempts))

    def _checked(self, kind: Kind, answer: Frame) -> bytes:
        """Return the response's payload, or raise DeviceError if its status is an error."""
        if answer.status != Status.OK:
            known = answer.status in _MEANING
            meaning = _MEANING[Status(answer.status)] if known else f"unknown status {answer.status}"
            raise DeviceError(
                f"The board refuses {kind.name}: {meaning}.",
                "Build and flash the firmware of this version of sensor-bnn again.",
            )
        return answer.payload

    def ask_for(self, kind: Kind, payload: bytes, refused: str, remedy: str) -> bytes:
        """Like ``request``, but any error status raises with the message ``refused`` and this remedy."""
        answer = self._exchange(kind, payload, INFER_SECONDS, ATTEMPTS)
        if answer.status != Status.OK:
            raise DeviceError(refused, remedy)
        return answer.payload

    def _exchange(self, kind: Kind, payload: bytes, timeout: float | None, attempts: int) -> Frame:
        """Send a request and return its response, whatever its status; repeat it if one of them is lost."""
        seconds = ANSWER_SECONDS if timeout is None else timeout
        for attempt in range(attempts):
            self.retries += attempt > 0
            # Each attempt has its own number, so that a late answer to an earlier one is not taken for this
            # one's.
            self._sequence = (self._sequence + 1) % 256
            self._port.drain()
            if _log.isEnabledFor(logging.DEBUG):
                _log.debug("asks %s, sequence %d, %d bytes", kind.name, self._sequence, len(payload))
            self._port.write(encode(Frame(self._sequence, kind, payload)))
            answer = self._await(kind, time.monotonic() + self._port.patient(seconds))
            if answer is None or answer.status == Status.BAD_CRC:
                why = "no answer" if answer is None else "the request came damaged"
                _log.info("%s: %s, attempt %d of %d", kind.name, why, attempt + 1, attempts)
                continue
            if _log.isEnabledFor(logging.DEBUG):
                told = (kind.name, self._sequence, answer.status, len(answer.payload))
                _log.debug("%s, sequence %d: status %d, %d bytes", *told)
            return answer
        raise PortError(
            f"The board at {self._port.path} does not answer {kind.name}.",
            "Check that an application is flashed and runs (`sensor-bnn flash`), and reset the board.",
        )

    def hello(self, timeout: float | None = None, attempts: int = ATTEMPTS) -> Hello:
        """Ask the board to identify itself.

        Raises:
            PortError, DeviceError: as ``request``.
        """
        hello = Hello.parse(self.request(Kind.HELLO, timeout=timeout, attempts=attempts))
        self._max_payload = hello.max_payload
        return hello

    def confirm(self, model_hash: str) -> None:
        """Let the board test itself and record that its image works; from then on a reset starts it.

        Firmware of earlier versions confirms itself at any request and does not know this one.

        Args:
            model_hash: in hex; the model that the board must hold.

        Raises:
            DeviceError: the board holds another model, its self-test failed, or it cannot record it.
            PortError: as ``request``.
        """
        answer = self._exchange(Kind.CONFIRM, bytes.fromhex(model_hash), INFER_SECONDS, ATTEMPTS)
        if answer.status not in (Status.OK, Status.UNKNOWN_TYPE):
            raise DeviceError(
                "The board does not confirm its image: it holds another model, its self-test failed, or its "
                "journal takes no record.",
                "Flash the image again. Until then a reset may start the image before it.",
            )

    def write_input(self, data: bytes, *, floats: bool = False) -> None:
        """Stage the input tensor for the next inferences.

        Args:
            data: the tensor's bytes in the layout of the board's memory.
            floats: the tensor is float32; it is then sent as packed bytes where these give the same values to
                the last bit.
        """
        if floats and self._codes and self._write_coded(data):
            return
        # The offset takes four bytes of each payload.
        step = self._max_payload - 4
        for offset in range(0, len(data), step):
            self.request(Kind.WRITE_INPUT, struct.pack("<I", offset) + data[offset : offset + step])

    def _write_coded(self, data: bytes) -> bool:
        coded = code(np.frombuffer(data, "<f4"))
        if coded is None:
            return False
        first, following = 0, 0
        part = b""
        # The empty packet at the end sends the last part. The three numbers before a part take 12 bytes.
        for count, packet in [*pack(coded.codes), (0, b"")]:
            if part and (not packet or len(part) + len(packet) > self._max_payload - 12):
                about = struct.pack("<Iif", first, coded.zero, coded.divisor)
                answer = self._exchange(Kind.WRITE_CODED, about + part, None, ATTEMPTS)
                if answer.status != Status.OK:  # earlier firmware does not know it: send plain bytes
                    self._codes = False
                    return False
                first, part = following, b""
            part += packet
            following += count
        return True

    def infer(self) -> int:
        """Run one inference on the staged input and return its ticks."""
        (ticks,) = numbers("<Q", self.request(Kind.INFER, timeout=INFER_SECONDS), "INFER")
        return ticks

    def profile(self) -> tuple[int, list[int]]:
        """Run one observed inference; return its ticks in total and per layer."""
        total, layers = numbers("<QI", self.request(Kind.PROFILE, timeout=INFER_SECONDS), "PROFILE")
        ticks: list[int] = []
        while len(ticks) < layers:
            payload = self.request(Kind.READ_PROFILE, struct.pack("<I", len(ticks)))
            first, count = numbers("<II", payload[:8], "READ_PROFILE")
            if first != len(ticks) or not 0 < count <= layers - first:
                raise DeviceError(
                    f"The board sends layers {first}..{first + count} where {len(ticks)} comes next.",
                    "Build and flash the firmware of this version of sensor-bnn again.",
                )
            ticks += numbers(f"<{count}Q", payload[8:], "READ_PROFILE")
        return total, ticks

    def read_output(self, size: int) -> bytes:
        """Return the ``size`` bytes of the last inference's output tensor."""
        data = b""
        while len(data) < size:
            length = min(self._max_payload, size - len(data))
            part = self.request(Kind.READ_OUTPUT, struct.pack("<II", len(data), length))
            if len(part) != length:
                raise DeviceError(
                    f"The board sends {len(part)} bytes of output where {length} were asked for.",
                    "Build and flash the firmware of this version of sensor-bnn again.",
                )
            data += part
        return data

    def memory(self) -> Memory:
        """Ask how much memory the model has used."""
        return Memory.parse(self.request(Kind.MEMORY))

    def class_names(self) -> tuple[str, ...] | None:
        """Ask for the names of the model's classes, in the order of its outputs; empty if it has no names.

        Returns None for an earlier firmware, which does not know the request.

        Raises:
            PortError, DeviceError: as ``request``.
        """
        text = b""
        while True:
            payload = self._if_known(Kind.CLASSES, struct.pack("<I", len(text)))
            if payload is None:
                return None
            (size,) = numbers("<I", payload[:4], "CLASSES")
            text += payload[4:]
            if len(text) >= min(size, _NAMES_BYTES) or not payload[4:]:
                break
        *names, rest = text.split(b"\0")
        try:
            if len(text) != size or rest:
                raise ValueError(f"the names have {len(text)} bytes, not {size}")
            return tuple(name.decode() for name in names)
        except ValueError as error:
            raise DeviceError(
                f"The board's names of classes cannot be read: {error}.",
                "Build and flash the firmware of this version of sensor-bnn again.",
            ) from None

    def linked(self) -> Linked | None:
        """Let the board compute bytes and CRC-32 of weights and kernels as they are linked into its firmware.

        A build that carries the texts of the bundle's C files also says their bytes. Returns None for an
        earlier firmware, which does not know the request.

        Raises:
            PortError, DeviceError: as ``request``.
        """
        payload = self._if_known(Kind.WEIGHTS, b"")
        if payload is None:
            return None
        carries = len(payload) > struct.calcsize("<IIII")
        found = numbers("<IIIII" if carries else "<IIII", payload, "WEIGHTS")
        return Linked((found[0], found[1]), (found[2], found[3]), found[4] if carries else None)

    def _if_known(self, kind: Kind, payload: bytes) -> bytes | None:
        """Like ``request``, but None where the firmware does not know the request."""
        answer = self._exchange(kind, payload, INFER_SECONDS, ATTEMPTS)
        if answer.status == Status.UNKNOWN_TYPE:
            return None
        return self._checked(kind, answer)

    def change_speed(self, baud: int) -> None:
        """Change to a rate of ``baud`` together with the board.

        Raises:
            DeviceError: the board or the port does not reach it; the rate is unchanged.
            PortError: the board answers at neither rate.
        """
        remedy = "Give another --baud, or leave it out."
        before = self._port.baud
        answer = self._exchange(Kind.SPEED, struct.pack("<I", baud), None, ATTEMPTS)
        if answer.status != Status.OK:
            raise DeviceError(f"The board's serial port does not reach {baud} baud.", remedy)
        if self._port.set_baud(baud):
            with suppress(PortError):
                self.hello(timeout=SPEED_SECONDS / ATTEMPTS)
                return
        self._port.set_baud(before)
        self.hello(timeout=SPEED_SECONDS)  # meanwhile the board returns to its own rate by itself
        raise DeviceError(f"Nothing comes through to {self._port.path} at {baud} baud.", remedy)

    def enter_bootloader(self) -> None:
        """Make the board enter its bootloader. It resets after its answer, which may be lost.

        Raises:
            DeviceError: the application was built for MCUboot.
        """
        self._sequence = (self._sequence + 1) % 256
        self._port.write(encode(Frame(self._sequence, Kind.BOOTLOADER)))
        answer = self._await(Kind.BOOTLOADER, time.monotonic() + self._port.patient(ANSWER_SECONDS))
        if answer is not None and answer.status == Status.UNKNOWN_TYPE:
            raise DeviceError(
                f"The application of the board at {self._port.path} was built for MCUboot: it has no "
                "bootloader that `sensor-bnn flash` can write through.",
                "Update it with the tools of your MCUboot, such as mcumgr (docs/mcuboot.md).",
            )

    def _await(self, kind: Kind, deadline: float) -> Frame | None:
        """Return the response to the last request; None at the deadline. Late earlier answers are dropped."""
        rest = b""
        while (left := deadline - time.monotonic()) > 0:
            frames, rest = decode(rest + self._port.read_some(left))
            for frame in frames:
                if frame.version != VERSION:
                    raise DeviceError(
                        f"The board speaks version {frame.version} of the protocol, this host {VERSION}.",
                        "Build and flash the firmware of this version of sensor-bnn again.",
                    )
                # A request with a wrong checksum is answered although its sequence number may be damaged too.
                if frame.status == Status.BAD_CRC or (
                    frame.sequence == self._sequence and frame.kind == kind | RESPONSE
                ):
                    return frame
        return None
