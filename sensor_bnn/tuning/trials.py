"""A program that tries many choices for the layers of a model, one after the other, with random data.

The result of each trial is hashed on the board, so that all results can be compared without storing them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.digest import digest, poison
from sensor_bnn.compiler.kernels.noise import noise_floats, noise_words
from sensor_bnn.compiler.program import (
    Buffer,
    Call,
    Place,
    Program,
    Step,
    Tunable,
    Workspace,
    Write,
)
from sensor_bnn.compiler.tuning import Choice
from sensor_bnn.onnx.operators import TensorType

_WORD = np.dtype(np.uint32)
STEPS = 2
"""The steps of a trial: the layer, and the digest of its result."""


@dataclass(frozen=True)
class Trial:
    """A choice for a workload; None for the compiler's own rule."""

    workload: str
    choice: Choice | None


@dataclass(frozen=True)
class Trials:
    """A program of trials. Its input is one unused word, its output one digest per trial, uint32.

    Attributes:
        program: the program, which makes its random data first.
        first: the index of the first trial's first step; each trial has ``STEPS`` steps.
    """

    program: Program
    first: int

    def counts(self, steps: Sequence[int]) -> Sequence[int]:
        """Return the count of each trial's layer from the counts of all steps."""
        return steps[self.first :: STEPS]


def trials_program(tunables: Mapping[str, Tunable], trials: Sequence[Trial], seed: int) -> Trials:
    """Return the program of some trials.

    Args:
        tunables: the layers by workload.
        trials: the trials, in the order of the program.
        seed: the seed of the data; a workload has the same data in every program.
    """
    writer = _Writer(tunables, trials, seed)
    first = len(writer.steps)
    for place, trial in enumerate(trials):
        writer.add(trial, place)
    return Trials(Program(tuple(writer.buffers), tuple(writer.steps)), first)


class _Writer:
    def __init__(self, tunables: Mapping[str, Tunable], trials: Sequence[Trial], seed: int) -> None:
        self._tunables = tunables
        self.buffers = [
            Buffer(Place.INPUT, TensorType(_WORD, (1,))),
            Buffer(Place.OUTPUT, TensorType(_WORD, (len(trials),))),
        ]
        self.steps: list[Step] = []
        self._shared: dict[str, tuple[tuple[int, ...], int]] = {}
        self._noise: dict[_Kind, int] = {}
        for kind, words in _sizes([tunables[trial.workload] for trial in trials]).items():
            dtype = np.dtype(kind[0])
            self._noise[kind] = self._new(TensorType(dtype, (words * _WORD.itemsize // dtype.itemsize,)))
            make = Call(*_noise(kind, words, seed), (Workspace(),))
            self.steps.append(Step("data", "noise", (make,), (), self._noise[kind], self._noise[kind], 0))

    def add(self, trial: Trial, place: int) -> None:
        tunable = self._tunables[trial.workload]
        plan = tunable.ways.plan(trial.choice)
        reads, result = self._operands(trial.workload, tunable)
        self.steps.append(
            Step(
                name=f"{trial.workload}: {trial.choice or 'default'}",
                operator="trial",
                calls=plan.calls,
                reads=reads,
                writes=result,
                workspace=self._new(TensorType(_WORD, (plan.workspace // 4,))) if plan.workspace else None,
                macs=plan.macs,
            )
        )
        words = self.buffers[result].size // _WORD.itemsize
        # The result is overwritten after its digest, so that the next trial cannot pass with these bits.
        ends = (
            Call(f"sbnn_digest_w{words}", digest(words), (Workspace(), Write(place))),
            Call(f"sbnn_poison_w{words}", poison(words), (Workspace(),)),
        )
        self.steps.append(Step("digest", "digest", ends, (), 1, result, 0))

    def _operands(self, workload: str, tunable: Tunable) -> tuple[tuple[int, ...], int]:
        """Return the buffers that a workload reads and the one that it writes; all its trials share them."""
        if workload not in self._shared:
            reads = []
            for place, operand in enumerate(tunable.operands):
                if operand.array is None:
                    reads.append(self._noise[_kind(tunable, place)])
                else:
                    reads.append(len(self.buffers))
                    self.buffers.append(Buffer(Place.CONSTANT, operand.type, operand.array))
            self._shared[workload] = (tuple(reads), self._new(tunable.result))
        return self._shared[workload]

    def _new(self, kind: TensorType) -> int:
        self.buffers.append(Buffer(Place.ARENA, kind))
        return len(self.buffers) - 1


_Kind = tuple[str, int]
"""The element type of an operand and its bits per row if it is packed (0 if not).

Operands of the same kind share their random data.
"""


def _kind(tunable: Tunable, place: int) -> _Kind:
    return tunable.operands[place].type.dtype.name, tunable.ways.bits.get(place, 0)


def _sizes(tunables: Sequence[Tunable]) -> dict[_Kind, int]:
    """Return the words of the largest operand of each kind."""
    sizes: dict[_Kind, int] = {}
    for tunable in tunables:
        for place, operand in enumerate(tunable.operands):
            if operand.array is None:
                kind = _kind(tunable, place)
                sizes[kind] = max(sizes.get(kind, 0), -(-operand.size // _WORD.itemsize))
    return dict(sorted(sizes.items()))


def _noise(kind: _Kind, words: int, seed: int) -> tuple[str, PrimFunc]:
    name, bits = kind
    # Xorshift must not start at 0.
    start = zlib.crc32(repr((seed, kind)).encode()) or 1
    if name == "float32":
        return f"sbnn_noise_floats_n{words}_s{start}", noise_floats(words, start)
    return f"sbnn_noise_words_n{words}_b{bits}_s{start}", noise_words(words, bits, start)
