"""Send millions of damaged frames through both implementations of the protocol's framing.

    python -m tests.protocol.fuzz_frames --frames 1000000

The firmware's decoder runs natively under AddressSanitizer and UndefinedBehaviorSanitizer. A batch is some
frames with noise between them, then silence. Both implementations must accept each undamaged frame of a
batch, in order, and nothing that was not sent. The last frame of a batch is never damaged, so that a decoder
which did not recover is noticed at once.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sensor_bnn.resources import resource
from sensor_bnn.wire.protocol import Frame, decode, encode

FRAMES_A_BATCH = 8
DAMAGES = ("whole", "flip", "cut", "insert", "delete", "length", "splice", "repeat", "swap", "version")


@dataclass
class Batch:
    """The bytes on the line, the frames made for it, and those of them that are undamaged."""

    line: bytes
    made: set[bytes]
    whole: list[bytes]
    damages: list[str]


@dataclass
class Tally:
    """The counts of a run."""

    frames: int = 0
    whole: int = 0
    accepted_c: int = 0
    accepted_python: int = 0
    accepted_wrongly: int = 0
    missed: int = 0
    batches: int = 0
    recovered: int = 0
    faults_reported: int = 0
    line_bytes: int = 0
    damages: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DAMAGES, 0))
    first_wrong: str = ""


def sealed(rng: random.Random) -> bytes:
    """Return a valid frame; some contain bytes that look like the beginning of a frame."""
    size = rng.choice((0, 0, 4, 8, 12, rng.randrange(60), rng.randrange(60), rng.randrange(1025)))
    payload = rng.randbytes(size)
    if size > 4 and rng.random() < 0.2:
        at = rng.randrange(size - 2)
        payload = (payload[:at] + b"\xa5\x5a\x01" + payload[at + 3 :])[:size]
    head = struct.pack("<BBBBH", 1, rng.randrange(256), rng.randrange(256), rng.choice((0, 0, 0, 3, 5)), size)
    body = head + payload
    return b"\xa5\x5a" + body + struct.pack("<I", zlib.crc32(body))


def damaged(frame: bytes, damage: str, rng: random.Random) -> bytes:
    """Return the frame with one kind of damage."""
    at = rng.randrange(len(frame))
    line = bytearray(frame)
    if damage == "flip":
        for place in {rng.randrange(8 * len(frame)) for _ in range(rng.choice((1, 1, 2, 3, 8)))}:
            line[place // 8] ^= 1 << place % 8
    elif damage == "cut":
        del line[at:]
    elif damage == "insert":
        line[at + 1 : at + 1] = rng.randbytes(rng.choice((1, 1, 2, 40)))
    elif damage == "delete":
        del line[at : at + rng.choice((1, 1, 2, 12))]
    elif damage == "length":
        line[6:8] = struct.pack("<H", rng.choice((0, 1023, 1024, 1025, 65535, rng.randrange(65536))))
    elif damage == "splice":
        at = max(at, 8)  # the head of one frame and the rest of another
        line[at:] = sealed(rng)[at:]
    elif damage == "swap":
        other = rng.randrange(len(frame))
        line[at], line[other] = line[other], line[at]
    elif damage == "version":
        line[2] = rng.randrange(256)
    return bytes(line)


def batch(rng: random.Random) -> Batch:
    """Return some frames, most of them damaged, with noise between them; the last is undamaged."""
    made: set[bytes] = set()
    whole: list[bytes] = []
    parts: list[bytes] = []
    damages = [rng.choice(DAMAGES) for _ in range(FRAMES_A_BATCH - 1)] + ["whole"]
    for damage in damages:
        frame = sealed(rng)
        made.add(frame)
        if damage in ("whole", "repeat"):
            copies = [frame] * (1 + (damage == "repeat"))
        else:
            copies = [damaged(frame, damage, rng)]
        whole += [copy for copy in copies if copy == frame]
        parts += copies
        if len(copies[0]) < len(frame) and frame.startswith(copies[0]):
            # The next byte could equal the missing one; the line would then carry the undamaged frame.
            parts.append(bytes([frame[len(copies[0])] ^ 0xFF]))
        if rng.random() < 0.3:
            parts.append(rng.choice((b"\xa5", b"\xa5\x5a", b"name%", b"\x7f", b"\0", rng.randbytes(3))))
    return Batch(b"".join(parts), made, whole, damages)


def accepted_by_python(line: bytes, rng: random.Random) -> list[bytes]:
    """Return what ``decode`` finds in pieces of any size; at the silence, drop an incomplete frame."""
    found: list[Frame] = []
    rest, at = b"", 0
    while at < len(line):
        step = rng.choice((1, 3, 17, 300, 4096))
        frames, rest = decode(rest + line[at : at + step])
        found += frames
        at += step
    while rest:
        frames, rest = decode(rest[1:])
        found += frames
    return [encode(frame) for frame in found if frame.version == 1]


def build_driver(folder: Path) -> Path:
    """Compile the firmware's framing for this machine, under sanitizers."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("cc is missing: apt-get install gcc libc6-dev")
    firmware, driver = resource("firmware"), folder / "frames"
    subprocess.run(
        [
            *(compiler, "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion"),
            *("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", str(firmware)),
            str(Path(__file__).with_name("frames_driver.c")),
            *(str(firmware / "runtime" / name) for name in ("frame.c", "crc32.c")),
            *("-o", str(driver)),
        ],
        check=True,
    )
    return driver


def accepted_by_c(answers: IO[bytes]) -> tuple[list[bytes], int]:
    """Return the driver's result for the next batch: accepted frames and the number of faults."""

    def number() -> int:
        data = answers.read(4)
        if len(data) != 4:
            raise EOFError
        return int.from_bytes(data, "little")

    return [answers.read(number()) for _ in range(number())], number()


def batches(frames: int, seed: int) -> Iterator[Batch]:
    rng = random.Random(seed)
    for _ in range(-(-frames // FRAMES_A_BATCH)):
        yield batch(rng)


def run(frames: int, seed: int, folder: Path) -> Tally:
    """Send ``frames`` frames through both, and compare the results.

    Raises:
        RuntimeError: a sanitizer or an assertion stopped the firmware's decoder; the message contains its
            output.
    """
    driver = build_driver(folder)
    # Another sequence than that of the batches: it only cuts the line into pieces.
    tally, rng = Tally(), random.Random(seed ^ 0x5EED)
    streams, answers, words = folder / "streams", folder / "answers", folder / "words"
    with streams.open("wb") as out:
        for one in batches(frames, seed):
            out.write(struct.pack("<I", len(one.line)) + one.line)
    with streams.open("rb") as source, answers.open("wb") as sink, words.open("wb") as said:
        done = subprocess.run([driver], stdin=source, stdout=sink, stderr=said, check=False)
    if done.returncode:
        raise RuntimeError(words.read_text(errors="replace"))
    with answers.open("rb") as found:
        for one in batches(frames, seed):
            by_c, faults = accepted_by_c(found)
            by_python = accepted_by_python(one.line, rng)
            tally.batches += 1
            tally.frames += len(one.damages)
            tally.line_bytes += len(one.line)
            tally.whole += len(one.whole)
            tally.accepted_c += len(by_c)
            tally.accepted_python += len(by_python)
            tally.faults_reported += faults
            for damage in one.damages:
                tally.damages[damage] += 1
            wrong = missed = 0
            for accepted in (by_c, by_python):
                wrong += sum(frame not in one.made for frame in accepted)
                missed += sum(not there for there in in_order(one.whole, accepted))
            tally.accepted_wrongly += wrong
            tally.missed += missed
            tally.recovered += all(ones and ones[-1] == one.whole[-1] for ones in (by_c, by_python))
            if (wrong or missed) and not tally.first_wrong:
                tally.first_wrong = one.line.hex()
    return tally


def in_order(wanted: list[bytes], accepted: list[bytes]) -> Iterator[bool]:
    """Yield for each of ``wanted`` whether it is in ``accepted``, after the one before it."""
    rest = iter(accepted)
    for frame in wanted:
        yield any(frame == one for one in rest)


def main() -> None:
    """Run, and print one JSON object; exit 1 if anything was accepted wrongly, missed, or not recovered."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(arguments.frames, arguments.seed, Path(folder))
    print(json.dumps({**vars(tally), "seed": arguments.seed, "seconds": round(time.monotonic() - begun, 1)}))
    sys.exit(bool(tally.accepted_wrongly or tally.missed or tally.recovered != tally.batches))


if __name__ == "__main__":
    main()
