"""Products and sums of floats for cores without an FPU, compared with this machine's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sensor_bnn.resources import resource

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
SANITIZED = ["-O1", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# Arbitrary numbers, numbers with near exponents, nearly opposite numbers, short fractions that tie; factors
# that fit eight bits and larger ones, including zero.
DRIVER = r"""
#include "lookup_float.h"
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint32_t random32(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static void check(const char *what, uint32_t a, uint32_t b, float got, float want) {
    if (lookup_bits(got) != lookup_bits(want) && !(got != got && want != want)) {
        printf("%s of %08x and %08x: %08x, not %08x\n", what, (unsigned)a, (unsigned)b,
               (unsigned)lookup_bits(got), (unsigned)lookup_bits(want));
        exit(1);
    }
}

int main(void) {
    for (uint32_t i = 0; i < 4000000u; i++) {
        uint32_t a = random32(), b = random32();
        if (i % 3u != 0u) {
            b = (b & 0x807FFFFFu) | (((a >> 23) + random32() % 61u - 30u) & 255u) << 23;
        }
        if (i % 11u == 0u) {
            b = a ^ 0x80000000u ^ random32() % 5u;
        }
        a &= i % 13u == 0u ? 0xFFFFE000u : 0xFFFFFFFFu;
        b &= i % 7u == 0u ? 0xFFFF0000u : 0xFFFFFFFFu;
        const float x = lookup_from_bits(a), y = lookup_from_bits(b);
        check("sum", a, b, lookup_sum(x, y), x + y);
        const int32_t factor = (int32_t)(random32() % 1025u) - 512;
        check("product", a, (uint32_t)factor, lookup_product(x, factor), x * (float)factor);
        const int32_t large = (int32_t)(random32() % 131069u) - 65534;
        check("product", a, (uint32_t)large, lookup_product(x, large), x * (float)large);
    }
    return 0;
}
"""


def test_they_round_as_this_machine_does(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(DRIVER)
    include = f"-I{resource('firmware') / 'kernels' / 'softfloat'}"
    subprocess.run(["gcc", *STRICT, *SANITIZED, include, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
