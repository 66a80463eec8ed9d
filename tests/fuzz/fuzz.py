"""Fuzz the compiler with damaged ONNX files: no crash, no hang, no remaining file, one sentence per error.

``python -m tests.fuzz.fuzz --minutes 60`` from the repository's root; minutes are processor time of all
processes. Hypothesis draws the damage and shrinks each finding; the smallest file is kept and its name
printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .corpus import make_corpus
from .mutations import BYTES, MODEL, damage

TARGETS = ("host", "cortex-m7")
_LINES_OF_A_WORKER = 400

damages = st.lists(
    st.tuples(st.sampled_from([*MODEL, *BYTES]), st.integers(0, 2**32 - 1)), min_size=1, max_size=4
)


class Worker:
    """``worker.py``, started again when it ends; a context manager."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="sensor-bnn-fuzz-"))
        self._process: subprocess.Popen[str] | None = None
        self._lines = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        shutil.rmtree(self.folder)

    def compile(self, data: bytes, target: str) -> tuple[str, str]:
        """Compile one file; return outcome and message."""
        model, place = self.folder / "model.onnx", self.folder / "place"
        model.write_bytes(data)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if self._process is None or self._lines >= _LINES_OF_A_WORKER:
            self._end()
            self._start()
        assert self._process is not None and self._process.stdin and self._process.stdout
        self._lines += 1
        self._process.stdin.write(f"{model} {target} {place}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            code = self._process.wait()
            said = (self.folder / "log").read_text(errors="replace")[-3000:]
            self._process = None
            return "finding", f"the process ended with {code} (-24: over its processor time):\n{said}"
        found = json.loads(answer)
        strange = sorted({path.name for path in self.folder.iterdir()} - {"model.onnx", "place", "log"})
        if strange:
            return "finding", f"files beside its folder: {strange}"
        return found["outcome"], found["said"]

    def _start(self) -> None:
        self._lines = 0
        command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
            )

    def _end(self) -> None:
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()
        self._process = None


def fuzz(worker: Worker, seed: int, examples: int, counts: Counter[str]) -> None:
    """Try ``examples`` damaged files.

    Raises:
        AssertionError: a finding, shrunk; its file is ``finding-<seed>.onnx`` in the temporary folder.
    """
    corpus = make_corpus()

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(corpus)), st.sampled_from(TARGETS), damages)
    def one(name: str, target: str, steps: list[tuple[str, int]]) -> None:
        data = damage(corpus[name], steps)
        outcome, said = worker.compile(data, target)
        counts[outcome] += 1
        if outcome == "finding":
            kept = Path(tempfile.gettempdir()) / f"finding-{seed}.onnx"
            kept.write_bytes(data)
            raise AssertionError(f"{name} for {target}, {steps}, file {kept}:\n{said}")

    one()


def spent_seconds() -> float:
    """Return processor seconds of this process and of all ended child processes."""
    used = (resource.getrusage(group) for group in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1, help="of processor time")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--examples", type=int, default=300, help="files a round")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    findings: set[str] = set()
    seed = options.seed
    spent = 0.0
    while spent < options.minutes * 60:
        with Worker() as worker:
            try:
                fuzz(worker, seed, options.examples, counts)
            except AssertionError as error:
                findings.add(str(error))
                print(f"FINDING, seed {seed}: {error}\n", flush=True)
        spent = spent_seconds()
        print(f"seed {seed}: {dict(counts)}, {spent / 60:.1f} processor minutes", flush=True)
        seed += 1
    print(f"{sum(counts.values())} files, {dict(counts)}, {len(findings)} findings", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
