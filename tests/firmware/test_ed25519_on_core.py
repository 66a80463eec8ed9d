"""Ed25519 of the bootloader on an emulated Cortex-M7: vectors, hostile signatures, and its cost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.hardware.boards import Board
from sensor_bnn.resources import resource

from .conftest import run_tool
from .test_ed25519_on_host import FAKE, ORDER, SOURCES, VECTORS

SEMIHOSTED = Path(__file__).parent.parent / "compiler"
TICK = 40  # instructions per tick: one takes 1 ns with -icount shift=0, and the timer runs at 25 MHz
BARS = {"first": 12_000_000, "later": 5_700_000}  # the first also computes the constants of SHA-2


def listed(data: bytes) -> str:
    return "{" + ", ".join(map(str, data)) + "}"


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_vectors_of_the_standard_and_what_is_none(board: Board, tmp_path: Path) -> None:
    cases: list[tuple[bytes, bytes, bytes, bool]] = []
    for key, message, signature in (tuple(map(bytes.fromhex, vector)) for vector in VECTORS.values()):
        s = int.from_bytes(signature[32:], "little")
        cases += [
            (key, message, signature, True),
            (key, message, signature[:32] + (s + ORDER).to_bytes(32, "little"), False),
            (key, message, signature[:31] + bytes([signature[31] ^ 0x80]) + signature[32:], False),
            (key, message, bytes([signature[0] ^ 1]) + signature[1:], False),
            (key, message + b"x", signature, False),
        ]
    rows = (
        f"{{{listed(signature)}, {{{listed(key)}, {{{', '.join(f'{word:#x}u' for word in minus_x(key))}}}}}, "
        f"{listed(message or b' ')}, {len(message)}}},"
        for key, message, signature, _ in cases
    )
    (tmp_path / "ed25519_cases.h").write_text(
        '#include "runtime/ed25519.h"\nstatic const struct { uint8_t signature[64]; ed25519_key key; '
        f"uint8_t message[80]; uint32_t count; }} cases[] = {{{''.join(rows)}}};\n"
    )
    target, firmware = find_target("cortex-m7"), resource("firmware")
    run_tool(
        target.install,
        *(target.compiler, *target.gcc, "-std=c11", "-Os", "-ffunction-sections", "-DSBNN_PUBLIC_KEY"),
        *(f"-DINSTRUCTIONS_A_TICK={TICK}u", "-I", firmware, "-I", FAKE, "-I", tmp_path),
        *("--specs=rdimon.specs", "-T", SEMIHOSTED / "semihosted.ld", "-Wl,--gc-sections"),
        *(SEMIHOSTED / "semihosted.c", Path(__file__).parent / "ed25519_on_core.c"),
        *(firmware / source for source in SOURCES),
        *("-o", tmp_path / "ed25519.elf"),
    )
    assert board.emulator is not None
    done = subprocess.run(
        [
            *(board.emulator.program, *board.emulator.arguments, "-nographic", "-icount", "shift=0"),
            *("-semihosting-config", "enable=on,target=native", "-kernel", tmp_path / "ed25519.elf"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert [bool(right) for right, _ in said] == [right for _, _, _, right in cases], done.stderr
    first, later = said[0][1], max(count for _, count in said[1:])
    print(f"first {first:,} instructions, later at most {later:,}")
    assert later < first < BARS["first"] and later < BARS["later"], (first, later)


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("name", ("cortex-m0plus", "cortex-m55", "cortex-a53"))
def test_it_compiles_without_a_warning_for_other_cores(name: str, tmp_path: Path) -> None:
    target, firmware = find_target(name), resource("firmware")
    for source in SOURCES:
        run_tool(
            target.install,
            *(target.compiler, *target.gcc, "-std=c11", "-Os", "-DSBNN_PUBLIC_KEY", "-Wall", "-Wextra"),
            *("-Werror", "-Wconversion", "-I", firmware, "-I", FAKE, "-c", firmware / source),
            *("-o", tmp_path / "out.o"),
        )
