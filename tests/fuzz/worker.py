"""Compile file after file in a process of its own: a crash, a hang or a flood of memory ends only this.

Each line of standard input is ``<model> <target> <folder>``. The answer is one JSON line: ``outcome`` is
``compiled``, ``refused`` or ``finding``, ``said`` what was said.
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
"""Of processor time, not of a clock: a busy machine is slow, not hung."""
MEMORY_BYTES = 6 << 30


def attempt(model: Path, target: str, folder: Path) -> tuple[str, str]:
    out = folder / "bundle"
    before = sorted(path.name for path in folder.iterdir())
    try:
        bundle = compile_model(model, target, out)
        if target == "host":
            source = bundle.metadata["input"]
            HostModel(out).infer(np.ones(source["shape"], np.dtype(source["dtype"])))
        return "compiled", bundle.metadata["model"]
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
    os.dup2(2, 1)  # what a library prints is no answer
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        model, target, folder = line.split()
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        outcome, said = attempt(Path(model), target, Path(folder))
        answers.write(json.dumps({"outcome": outcome, "said": said}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
