"""libFuzzer over bootloader and application, with AddressSanitizer and UndefinedBehaviorSanitizer.

    python -m tests.firmware.libfuzzer [RUNS] [SEED] [PROGRAM ...]

PROGRAM is bootloader, signed or application; all three if none is named.

clang builds the firmware's C for this machine with the hardware of ``host/fake``, whose flash aborts the
program on any access outside of the slot. ``host/fuzz/target.c`` runs it from reset for every input, and
checks that it answers afterwards and that the bootloader's bytes are unchanged. The corpus starts with frames
of ``hostile.py``; libFuzzer mutates them, guided by the code that they reach.
"""

from __future__ import annotations

import random
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from .hostile import (
    FAKE,
    FIRMWARE,
    HERE,
    SIGNED,
    SOURCES,
    STANDIN,
    command_frame,
    forged_image,
    request_frame,
)
from .line import GET_REPLY

FUZZ = HERE / "host" / "fuzz"
CLANG, INSTALL = "clang-19", "apt-get install --no-install-recommends clang-19 libclang-rt-19-dev"
FLAGS = ("-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# Only the firmware is instrumented, not the harness, whose comparisons would take most of the time.
WATCHED = "-fsanitize=fuzzer-no-link"
# And without glibc's inline functions, of which getchar is one.
STREAMS = ("getchar=fuzz_next", "exit=fuzz_end", "fwrite=fuzz_write", "fputs=fuzz_puts", "__NO_INLINE__")
LONGEST = 4096
# A record's first byte has the silence after it in its two highest bits and the count in six.
_BYTES_A_RECORD = 63


def compile_fuzzer(name: str, folder: Path) -> Path:
    """Build one of ``hostile.SOURCES`` as a libFuzzer program.

    Raises:
        subprocess.CalledProcessError: clang failed; its output is on stderr.
    """
    hello = struct.pack("<BBBBH", 1, 99, 1, 0, 0)
    crc = ", ".join(map(str, struct.pack("<I", zlib.crc32(hello))))
    reply = "".join(f"\\x{byte:02x}" for byte in GET_REPLY)
    options = [
        *(f"-D{stream}" for stream in STREAMS),
        *("-DFAKE_SHOWS_FLASH", "-I", FIRMWARE, "-I", FAKE, "-I", STANDIN, "-I", FUZZ),
        f'-DFUZZ_GET_REPLY="{reply}"',
        *(SIGNED if name == "signed" else ()),
        *(("-DFUZZ_APPLICATION", f"-DFUZZ_HELLO_CRC={crc}") if name == "application" else ()),
    ]
    sources = [FIRMWARE / file for file in (*SOURCES[name], "runtime/crc32.c", "runtime/journal.c")]
    watched = set(sources)
    sources.append(FAKE / "fake.c")
    if name == "application":
        sources += [STANDIN / "model.c", STANDIN / "weights.c", FUZZ / "work.c"]
    objects = []
    for source in sources:
        file = folder / f"{name}-{source.parent.name}-{source.stem}.o"
        flags = (*FLAGS, WATCHED) if source in watched else FLAGS
        run(CLANG, *flags, *options, "-Dmain=firmware_main", "-c", source, "-o", file)
        # A reset restores these sections.
        for section in ("bss", "data"):
            run("objcopy", "--rename-section", f".{section}=firmware_{section}", file)
        objects.append(file)
    program, target = folder / name, folder / f"{name}-target.o"
    run(CLANG, *FLAGS, *options[len(STREAMS) :], "-c", FUZZ / "target.c", "-o", target)
    run(CLANG, *FLAGS, "-fsanitize=fuzzer", target, *objects, "-o", program)
    return program


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def make_corpus(name: str, folder: Path, seed: int, count: int = 200) -> None:
    """Write well-formed frames as inputs of ``target.c``; one file may hold several."""
    rng = random.Random(f"{seed} {name}")
    folder.mkdir(parents=True)
    make = request_frame if name == "application" else command_frame
    for number in range(count):
        data = b"".join(record(make(rng), rng.choice((1, 2))) for _ in range(rng.choice((1, 2, 5))))
        (folder / f"{number:03}").write_bytes(data)
    if name == "signed":
        (folder / "forged").write_bytes(b"".join(record(frame, 2) for frame in forged_image(rng)))


def record(frame: bytes, silence: int) -> bytes:
    parts = [frame[at : at + _BYTES_A_RECORD] for at in range(0, len(frame), _BYTES_A_RECORD)]
    kinds = [0] * (len(parts) - 1) + [silence]
    return b"".join(bytes([kind << 6 | len(part)]) + part for kind, part in zip(kinds, parts, strict=True))


def fuzz(name: str, runs: int, seed: int, folder: Path) -> str:
    """Build the program, run it with ``runs`` inputs, and return libFuzzer's last line.

    Raises:
        AssertionError: a finding; the message ends with libFuzzer's report, and the input is in ``folder``.
    """
    program, corpus = compile_fuzzer(name, folder), folder / f"{name}-corpus"
    make_corpus(name, corpus, seed)
    done = subprocess.run(
        [
            *(program, corpus, f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=60"),
            # By default libFuzzer keeps its inputs short at first.
            *(f"-artifact_prefix={folder}/{name}-", "-len_control=0", "-print_final_stats=1"),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    assert executed is not None and int(executed[1]) >= runs and covered, done.stderr[-4000:]
    return f"{int(executed[1]):,} executions, {covered[-1]} edges covered"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    names = sys.argv[3:] or [*SOURCES]
    if unknown := set(names) - SOURCES.keys():
        sys.exit(f"There is no program {', '.join(sorted(unknown))}; there are {', '.join(SOURCES)}.")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {fuzz(name, runs, seed, Path(folder))}: no finding", flush=True)


if __name__ == "__main__":
    main()
