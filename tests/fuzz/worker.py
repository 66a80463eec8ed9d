"""Compile files in a separate process, so that a crash, a hang or excessive memory ends only this one.

Each line of standard input is ``<model> <target> <folder>``. The answer is one JSON line: ``outcome`` is
``compiled``, ``refused`` or ``finding``, and ``said`` the message.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path

import numpy as np

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.errors import SensorBnnError

CPU_SECONDS = 60
"""Limit of processor time, not of clock time: on a busy machine a slow run is no hang."""
MEMORY_BYTES = 6 << 30
GUARD, PAINT = 1 << 16, 0xA5


def run(model: HostModel) -> None:
    """Run the model once, and check that the memory around its buffers is unchanged."""
    sizes = [model.metadata.arena_bytes, model.metadata.input.bytes, model.metadata.output.bytes]
    whole = np.full(sum(sizes) + GUARD * (len(sizes) + 1), PAINT, np.uint8)
    # Cut to an aligned start, because the model is promised an aligned arena.
    whole = whole[-whole.ctypes.data % 16 :]
    places, start = [], GUARD
    for size in sizes:
        places.append(start)
        start += size + GUARD - size % 16
    for place, size in zip(places[1:], sizes[1:], strict=True):
        whole[place : place + size] = 0
    model._invoke(*(whole.ctypes.data + place for place in places), None)
    inside = np.zeros(whole.size, np.bool_)
    for place, size in zip(places, sizes, strict=True):
        inside[place : place + size] = True
    outside = np.flatnonzero((whole != PAINT) & ~inside)
    if outside.size:
        raise AssertionError(f"written outside of arena, input and output ({places}, {sizes}): {outside[:8]}")


def attempt(model: Path, target: str, folder: Path) -> tuple[str, str]:
    out = folder / "bundle"
    before = sorted(path.name for path in folder.iterdir())
    try:
        bundle = compile_model(model, target, out)
        if target == "host":
            run(HostModel(out))
        return "compiled", bundle.metadata.model
    except SensorBnnError as error:
        said = str(error)
        left = sorted(path.name for path in folder.iterdir())
        if left != before:
            return "finding", f"refused, and left {left}: {said}"
        if not said.isprintable() or not error.message.endswith(".") or not error.remedy.endswith("."):
            return "finding", f"no plain sentence: {said!r}"
        if len(said) > 8000:
            return "finding", f"{len(said)} letters: {said[:300]}"
        return "refused", said
    except BaseException:
        return "finding", traceback.format_exc(limit=-12)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library's output must not be read as the answer
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        model, target, folder = line.split()
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        # The limit counts from the process's start, so it is set for each file.
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        outcome, said = attempt(Path(model), target, Path(folder))
        answers.write(json.dumps({"outcome": outcome, "said": said}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
