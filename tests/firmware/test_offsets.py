"""Structures whose members assembly finds by their offsets: in another order they must not compile."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.resources import resource

KERNELS = resource("firmware") / "kernels"


@pytest.mark.usefixtures("cross_compiler")
def test_no_two_members_of_the_structure_can_change_places(tmp_path: Path) -> None:
    target = find_target("cortex-m4")
    header = (KERNELS / "armv7em" / "lookup_fours.h").read_text()
    begin, end = (
        header.index("typedef struct {\n") + len("typedef struct {\n"),
        header.index("} lookup_fours;"),
    )
    members = re.findall(r"    \w[^;]*;", header[begin:end])
    assert len(members) == 12

    def compiles(order: list[str]) -> bool:
        text = header[:begin] + "\n".join(order) + "\n" + header[end:]
        (tmp_path / "lookup_fours.h").write_text(text)
        source = tmp_path / "lookup_fours.c"
        source.write_text((KERNELS / "armv7em" / "lookup_fours.c").read_text())
        command = [target.compiler, *target.gcc, "-std=c11", "-fsyntax-only", "-I", str(KERNELS), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "static assertion failed" in done.stderr, done.stderr
        return done.returncode == 0

    assert compiles(members)
    for first in range(len(members) - 1):
        swapped = list(members)
        swapped[first : first + 2] = reversed(members[first : first + 2])
        assert not compiles(swapped), members[first]
