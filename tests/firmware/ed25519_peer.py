"""Compares our Ed25519 with Monocypher: bytes, instructions in QEMU, answers. No test: it needs a checkout.

Run with the folder of Monocypher's sources: ``python -m tests.firmware.ed25519_peer MONOCYPHER/src``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.resources import resource

from .test_ed25519_on_host import FAKE, GENUINE, ORDER, SOURCES, VECTORS, WITH_SMALL_ORDER, P

SEMIHOSTED = Path(__file__).parent.parent / "compiler"
# Each core's emulated board, and the nanoseconds of a tick of its SysTick: instructions with -icount shift=0.
CORES = {
    "cortex-m0plus": ("qemu-microbit", 62.5),
    "cortex-m3": ("qemu-mps2-an385", 40.0),
    "cortex-m7": ("qemu-mps2-an500", 40.0),
}
OURS = """#include "runtime/ed25519.h"
#include <string.h>
static int verify(const unsigned char *signature, const unsigned char *key, const unsigned *minus_x,
                  const unsigned char *message, unsigned count) {
    ed25519_key taken;
    uint32_t difference = 0xFFFFFFFFu;
    memcpy(taken.encoded, key, 32);
    memcpy(taken.minus_x, minus_x, 32);
    return ed25519_verify(signature, &taken, message, count, &difference);
}
"""
THEIRS = """#include "monocypher-ed25519.h"
static int verify(const unsigned char *signature, const unsigned char *key, const unsigned *minus_x,
                  const unsigned char *message, unsigned count) {
    (void)minus_x;
    return crypto_ed25519_check(signature, key, message, count) == 0;
}
"""
NONE = """static int verify(const unsigned char *signature, const unsigned char *key, const unsigned *minus_x,
                  const unsigned char *message, unsigned count) {
    return signature[0] + key[0] + (int)minus_x[0] + message[0] + (int)count;
}
"""
MAIN = """#include <stdint.h>
#include <stdio.h>
#define SYST ((volatile uint32_t *)0xE000E010u)
int main(void) {
    SYST[1] = 0xFFFFFFu;
    SYST[2] = 0;
    SYST[0] = 5;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint32_t begun = SYST[2];
        const int right = verify(cases[i].signature, cases[i].key, cases[i].minus_x, cases[i].message,
                                 cases[i].count);
        printf("%d %lu\\n", right, (unsigned long)((begun - SYST[2]) & 0xFFFFFFu));
    }
    return 0;
}
"""
RESET = """#include <stdint.h>
void _start(void);
__attribute__((naked)) void reset(void) { __asm volatile("ldr r0, =_start\\n bx r0\\n"); }
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    (const void *)0x20400000u, (const void *)reset};
"""


def cases() -> list[tuple[bytes, bytes, bytes, bool]]:
    """Return key, message, signature, and whether it is right; the first two are of a header's 444 bytes."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key, header = private.public_key().public_bytes_raw(), bytes(index & 255 for index in range(444))
    found = [(key, header, private.sign(header), True)] * 2
    for known, message, signature in (tuple(map(bytes.fromhex, vector)) for vector in VECTORS.values()):
        s = int.from_bytes(signature[32:], "little")
        found += [
            (known, message, signature, True),
            (known, message, signature[:32] + (s + ORDER).to_bytes(32, "little"), False),
            (known, message, signature[:31] + bytes([signature[31] ^ 0x80]) + signature[32:], False),
            (known, message, bytes([signature[0] ^ 1]) + signature[1:], False),
            (known, message, signature[:40] + bytes([signature[40] ^ 1]) + signature[41:], False),
            (known, message + b"x", signature, False),
        ]
    known, _, signature = map(bytes.fromhex, VECTORS["TEST 1"])
    for s in (ORDER, ORDER + 1, 2**252 + 2**128, 2**253, 2**255, 2**256 - 1):
        found.append((known, b"", signature[:32] + s.to_bytes(32, "little"), False))
    for y in (0, 1, 2, 18):
        for sign in (0, 1):
            r = (y + P + (sign << 255)).to_bytes(32, "little")
            found += [(known, b"", r + signature[32:], False), (known, b"", r + bytes(32), False)]
    found.append((key, b"cofactor", bytes.fromhex(GENUINE), True))
    found.append((key, b"cofactor", bytes.fromhex(WITH_SMALL_ORDER), False))
    return found


def table(found: list[tuple[bytes, bytes, bytes, bool]]) -> str:
    """Return the cases as an array in C."""
    rows = (
        f"{{{{{', '.join(map(str, signature))}}}, {{{', '.join(map(str, key))}}}, "
        f"{{{', '.join(f'{word:#x}u' for word in minus_x(key))}}}, "
        f"{{{', '.join(map(str, message or b' '))}}}, {len(message)}}},\n"
        for key, message, signature, _ in found
    )
    return (
        "static const struct { unsigned char signature[64], key[32]; unsigned minus_x[8]; "
        f"unsigned char message[448]; unsigned count; }} cases[] = {{{''.join(rows)}}};\n"
    )


def compare(sources: Path, folder: Path) -> None:
    """Print a line per core and implementation.

    Args:
        sources: Monocypher's ``src``.
        folder: for the programs.
    """
    firmware, found = resource("firmware"), cases()
    monocypher = [sources / "monocypher.c", sources / "optional" / "monocypher-ed25519.c"]
    programs = {
        "none": (NONE, []),
        "ours": (OURS, [firmware / source for source in SOURCES]),
        "Monocypher": (THEIRS, monocypher),
    }
    for name, (board_name, tick) in CORES.items():
        target, emulator = find_target(name), load_board(board_name).emulator
        assert emulator is not None
        base = 0
        for program, (verify, files) in programs.items():
            (folder / "main.c").write_text(verify + table(found) + MAIN)
            fpu = name == "cortex-m7"  # its start-up switches the FPU on; the other cores have none
            (folder / "reset.c").write_text((SEMIHOSTED / "semihosted.c").read_text() if fpu else RESET)
            elf = folder / "program.elf"
            subprocess.run(
                [
                    *(
                        target.compiler,
                        *target.gcc,
                        "-std=c11",
                        "-Os",
                        "-ffunction-sections",
                        "-fdata-sections",
                    ),
                    *(
                        "-DSBNN_PUBLIC_KEY",
                        "-I",
                        firmware,
                        "-I",
                        FAKE,
                        "-I",
                        sources,
                        "-I",
                        sources / "optional",
                    ),
                    *("--specs=rdimon.specs", "-T", SEMIHOSTED / "semihosted.ld", "-Wl,--gc-sections"),
                    *("-Wl,--no-warn-rwx-segments", folder / "reset.c", folder / "main.c", *files, "-o", elf),
                ],
                check=True,
            )
            size = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, check=True)
            text = sum(map(int, size.stdout.splitlines()[1].split()[:2]))
            base = base or text
            if program == "none":
                continue
            done = subprocess.run(
                [
                    *(emulator.program, *emulator.arguments, "-nographic", "-icount", "shift=0"),
                    *("-semihosting-config", "enable=on,target=native", "-kernel", elf),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
            wrong = sum(bool(right) != case[3] for (right, _), case in zip(said, found, strict=True))
            print(
                f"{name} {program}: {text - base:,} bytes, {said[1][1] * tick:,.0f} instructions "
                f"(the first time {said[0][1] * tick:,.0f}), {wrong} of {len(found)} answers other than ours",
                flush=True,
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        compare(Path(sys.argv[1]), Path(scratch))
