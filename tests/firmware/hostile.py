"""Random and mutated frames against bootloader and application, as native programs under sanitizers.

    python -m tests.firmware.hostile [FRAMES] [SEED]

The firmware's C is compiled for this machine with GCC's AddressSanitizer and UndefinedBehaviorSanitizer, with
the hardware of ``host/fake``, whose flash aborts the program on any access outside of the slot. This program
mutates frames itself (``libfuzzer.py`` lets libFuzzer do it): well-formed frames, frames with bits flipped,
bytes lost, doubled or inserted, truncated or joined frames, and noise, with silences between. Every batch
ends with silence, after which the program must answer: the bootloader a call and Get, the application a
Hello.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.firmware.image import ImageHeader

from .line import GET_REPLY

HERE = Path(__file__).parent
FIRMWARE = HERE.parent.parent / "firmware"
FAKE, STANDIN = HERE / "host" / "fake", HERE / "standin"
BATCH = 1000
FLASH, FLASH_BYTES = 0x08000000, 0x3000
BOOTLOADER_BYTES = {"bootloader": 0x800, "signed": 0x1000, "application": 0x800}
FLAGS = ("-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
KEY = bytes([0x58] + 31 * [0x66])  # the base point
SIGNED = (
    "-DFAKE_HAS_TWO_SLOTS",
    f"-DSBNN_PUBLIC_KEY={{{', '.join(map(str, KEY))}}}",
    f"-DSBNN_PUBLIC_KEY_MINUS_X={{{', '.join(f'{word:#x}u' for word in minus_x(KEY))}}}",
)
BOOTLOADER = (
    *("bootloader/main.c", "bootloader/an3155.c", "bootloader/blink.c", "bootloader/slots.c"),
    *("runtime/difference.c", "runtime/image.c", "runtime/sha2.c", "runtime/sha256.c"),
)
SOURCES = {
    "bootloader": BOOTLOADER,
    "signed": (*BOOTLOADER, "runtime/ed25519.c", "runtime/number25519.c", "runtime/sha512.c"),
    "application": (
        "app/main.c",
        "app/benchmark.c",
        "app/agent.c",
        "app/eembc.c",
        "app/header.c",
        "app/confirm.c",
        "runtime/frame.c",
    ),
}


@dataclass(frozen=True)
class Run:
    """The result of a run: frames and bytes sent, and bytes answered."""

    program: str
    frames: int
    sent: int
    answered: int


def compile_program(name: str, folder: Path) -> Path:
    """Build one of ``SOURCES`` for this machine."""
    sources = [FIRMWARE / source for source in (*SOURCES[name], "runtime/crc32.c", "runtime/journal.c")]
    if name == "application":
        sources += [STANDIN / part for part in ("model.c", "weights.c", "kernels.c")]
    command = [
        "cc",
        *FLAGS,
        "-DFAKE_SHOWS_FLASH",
        *(SIGNED if name == "signed" else ()),
        "-I",
        FIRMWARE,
        "-I",
        FAKE,
        "-I",
        STANDIN,
        *sources,
        FAKE / "fake.c",
    ]
    subprocess.run([*map(str, command), "-o", str(folder / name)], check=True)
    return folder / name


def checked(data: bytes) -> bytes:
    check = 0
    for byte in data:
        check ^= byte
    return data + bytes([check])


def command_frame(rng: random.Random) -> bytes:
    """Return a command of AN3155 with numbers near the limits."""
    code = rng.choice(
        (0x00, 0x01, 0x02, 0x03, 0x11, 0x21, 0x31, 0x43, 0x44, 0x63, 0xA1, 0xB1, 0x7F, rng.randrange(256))
    )
    frame = bytes([code, code ^ 0xFF])
    edges = (FLASH, *(FLASH + size for size in (0x800, 0x1000, 0x2000, FLASH_BYTES)), 0, 1 << 32)
    address = (rng.choice(edges) + rng.choice((-512, -256, -4, -1, 0, 1, 4, 255, 1024))) % (1 << 32)
    if code in (0x11, 0x21, 0x31, 0xA1, 0xB1, 0x03):
        frame += checked(struct.pack(">I", address))
    if code == 0x11:
        count = rng.randrange(256)
        frame += bytes([count, count ^ 0xFF])
    elif code == 0x31:
        frame += checked(
            bytes([(count := rng.choice((0, 3, 15, 255, rng.randrange(256))))]) + rng.randbytes(count + 1)
        )
    elif code == 0xB1:
        size = rng.choice((1, 4, 1023, 1024, 1025, 0x10000, rng.randrange(1, 2048)))
        frame += checked(struct.pack(">H", size - 1) + rng.randbytes(min(size, 2048)))
    elif code == 0xA1:
        size = rng.choice(
            (0, 4, 1024, FLASH_BYTES, FLASH_BYTES + 4, 1 << 31, (1 << 32) - 4, rng.randrange(1 << 32))
        )
        frame += checked(struct.pack(">I", size))
    elif code in (0x43, 0x44):
        pages = [rng.choice((0, 1, 2, 3, 11, 12, 13, 255, 0xFFFF)) for _ in range(rng.randrange(1, 5))]
        count = rng.choice((len(pages) - 1, 0xFFFF, 0xFFFE, 0xFFF0, rng.randrange(16)))
        numbers = [count, *pages] if count < 0xFFF0 else [count]
        width = 1 if code == 0x43 else 2
        body = b"".join((number % (1 << 8 * width)).to_bytes(width, "big") for number in numbers)
        frame += checked(body)
    return frame


def request_frame(rng: random.Random) -> bytes:
    """Return a request to the application that asks neither for long work nor for the bootloader."""
    kind = rng.choice((1, 2, 5, 6, 7, 0, 9, 0x81, 0xFF))
    number = rng.choice((0, 1, 4, 127, 129, 130, 1199, 1200, 1590, 1600, 1 << 31, (1 << 32) - 1))
    payload = {
        2: lambda: (
            struct.pack("<I", 8 + number % (1 << 31)) + rng.randbytes(rng.choice((0, 1, 4, 100, 1020)))
        ),
        5: lambda: struct.pack("<I", number),
        6: lambda: struct.pack("<II", number, rng.choice((0, 1, 1024, 1025, 1 << 31, number))),
    }.get(kind, lambda: rng.randbytes(rng.choice((0, 0, 1, 12))))()
    head = struct.pack("<BBBBH", rng.choice((1, 1, 1, 0, 255)), rng.randrange(256), kind, 0, len(payload))
    text = rng.choice((b"", b"", b"", b"db load 2400%", b"name%", b"db print 8 4%", b"timestamp%", b"db zz%"))
    return text + b"\xa5\x5a" + head + payload + struct.pack("<I", zlib.crc32(head + payload))


def forged_image(rng: random.Random) -> list[bytes]:
    """Return commands that write a whole image with a random signature and ask for its start."""
    at = FLASH + BOOTLOADER_BYTES["signed"]
    body = rng.randbytes(200)
    # The highest byte keeps S below the group's order; a larger S would be refused before any arithmetic.
    header = replace(ImageHeader.of(body, bytes(32), "fake", "1", at), signature=rng.randbytes(63) + b"\x0f")
    image = header.to_bytes() + body
    frames = [
        b"\x31\xce" + checked(struct.pack(">I", at + first)) + checked(bytes([len(block) - 1]) + block)
        for first in range(0, len(image), 256)
        for block in [image[first : first + 256]]
    ]
    return [*frames, b"\x21\xde" + checked(struct.pack(">I", at))]


def mutate(rng: random.Random, frame: bytes) -> bytes:
    data = bytearray(frame)
    # A third of the frames stay whole, so that commands behind the first are reached.
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        at = rng.randrange(len(data) or 1)
        match rng.randrange(6):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + rng.choice((1, 1, 2, 50))]
            case 2 if data:
                data.insert(at, data[at])
            case 3:
                data[at:at] = rng.randbytes(rng.choice((1, 2, 9)))
            case 4:
                del data[at:]
            case 5 if data:
                data[at] = rng.choice((0, 0x7F, 0x79, 0x1F, 0xA5, 0x5A, 0xFF))
    return bytes(data)


def script(name: str, rng: random.Random, frames: int) -> tuple[bytes, int]:
    """Return a script for the fake hardware (see ``fake.c``), and the number of its bytes on the line."""
    make: Callable[[random.Random], bytes] = request_frame if name == "application" else command_frame
    out = bytearray(b"b\x7f")
    if name == "signed":
        for frame in forged_image(rng):
            out += b"".join(b"b" + bytes([byte]) for byte in frame) + b"s"
    sent = 1
    for _ in range(frames):
        frame = rng.randbytes(rng.randrange(40)) if rng.random() < 0.1 else mutate(rng, make(rng))
        if name == "application" and has_work(frame):
            continue
        sent += len(frame)
        doubled = bytearray(b"b" * (2 * len(frame)))
        doubled[1::2] = frame
        out += doubled
        if rng.random() < 0.3:
            out += b"s" * rng.choice((1, 5, 60))
    last = b"\xa5\x5a" + hello() if name == "application" else b"\x7f\x00\xff"
    # A silence ends one false start of a frame; as many may follow one another as a frame has bytes.
    out += b"l" * 1100
    for byte in last:
        out += b"b" + bytes([byte])
        if byte == 0x7F:
            out += b"s"
    return bytes(out + b"s"), sent


def has_work(frame: bytes) -> bool:
    """Whether a frame is a complete request that runs the stand-in or leaves the application."""
    starts = (at for at in range(len(frame)) if frame[at : at + 2] == b"\xa5\x5a")
    return any(frame[at + 4 : at + 5] in (b"\x03", b"\x04", b"\x08") for at in starts)


def hello() -> bytes:
    body = struct.pack("<BBBBH", 1, 99, 1, 0, 0)
    return body + struct.pack("<I", zlib.crc32(body))


def play(name: str, program: Path, frames: int, seed: int) -> Run:
    """Run the program with ``frames`` frames in batches.

    Raises:
        AssertionError: a sanitizer's finding, an access outside the slot, a changed bootloader, or no answer.
        subprocess.TimeoutExpired: a batch, which takes a second, hangs.
    """
    sent = answered = 0
    for first in range(0, frames, BATCH):
        rng = random.Random(f"{seed} {name} {first}")
        text, count = script(name, rng, min(BATCH, frames - first))
        done = subprocess.run([program], input=text, capture_output=True, check=False, timeout=600)
        where = f"{name}, seed {seed}, batch {first}"
        assert done.returncode == 0, f"{where}: {done.stderr.decode(errors='replace')[-2000:]}"
        said, flash = done.stdout[:-FLASH_BYTES], done.stdout[-FLASH_BYTES:]
        own = BOOTLOADER_BYTES[name]
        assert flash[:own] == b"\xb0" * own, f"{where}: the bootloader has changed"
        if name != "application":
            assert said.endswith(GET_REPLY), where
        else:
            # Two damaged frames can form a valid request to enter the bootloader; the application has then
            # ended.
            assert b"\xa5\x5a\x01\x63\x81\x00" in said[-400:] or said.endswith(b"stayreset"), where
        sent += count
        answered += len(said)
    return Run(name, frames, sent, answered)


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        for name in SOURCES:
            run = play(name, compile_program(name, Path(folder)), frames, seed)
            print(f"{name}: {run.frames:,} frames, {run.sent:,} bytes, {run.answered:,} answered: no finding")


if __name__ == "__main__":
    main()
