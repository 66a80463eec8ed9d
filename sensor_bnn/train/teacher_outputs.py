"""What a teacher says of every training example, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.errors import CheckpointError
from sensor_bnn.reading import Source, contents, json_values
from sensor_bnn.train.atomic_text import write_json
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.sets import Cutter

Looked = tuple[Tensor, Tensor, Tensor]
"""Logits ``[n, classes]``, streams ``[n, blocks, T, d]``, log of attention ``[n, blocks, H, T, T]``."""

_PARTS = ("answers", "features", "attention")
_BATCH = 256
_FORMAT = 1


class TeacherOutputs:
    """The outputs in a folder, an example a row.

    Args:
        folder: with ``answers.npy``, ``features.npy``, ``attention.npy`` (float32) and ``outputs.json``.

    Raises:
        CheckpointError: they are not there.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._parts = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _PARTS]
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"The teacher's outputs in {folder} cannot be read ({error}).",
                "Every node wants the run's folder; if it is there, delete that folder and begin again.",
            ) from error

    def rows(self, index: Tensor) -> Looked:
        """Those of the examples ``index`` (int64 ``[n]``)."""
        answers, features, attention = (torch.from_numpy(part[index.numpy()]) for part in self._parts)
        return answers, features, attention


def keep_outputs(
    folder: Path,
    look: Callable[[Tensor], Looked],
    whose: dict[str, Any],
    cutter: Cutter,
    processes: Processes,
) -> TeacherOutputs:
    """The outputs in ``folder``, computed first unless they stand there.

    The first process computes them, the others wait.

    Args:
        folder: theirs alone.
        look: what the teacher says of examples.
        whose: plain values that name teacher and data; what stands there under others is computed anew.
        cutter: the training part, which changes nothing.
        processes: that will read them.

    Raises:
        CheckpointError: there is no room for them; what was begun is gone.
    """
    if processes.first:
        identity = {"format": _FORMAT, "inputs": _digest(cutter), **whose}
        if _identity(folder) != identity:
            _compute(folder, look, cutter, processes)
            write_json(folder / "outputs.json", identity)
    processes.wait()
    return TeacherOutputs(folder)


def _identity(folder: Path) -> object:
    """What ``outputs.json`` says; None for a missing or damaged one, whose outputs are computed again."""
    file = folder / "outputs.json"
    source = Source(str(file), CheckpointError, "The outputs are computed again.")
    try:
        return json_values(contents(file, source), source)
    except CheckpointError:
        return None


def _cut(cutter: Cutter, start: int) -> Tensor:
    x, _ = cutter.cut(torch.arange(start, min(start + _BATCH, len(cutter))), Generator())
    return x


def _digest(cutter: Cutter) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(cutter), _BATCH):
        digest.update(_cut(cutter, start).contiguous().numpy().tobytes())
    return digest.hexdigest()


def _compute(folder: Path, look: Callable[[Tensor], Looked], cutter: Cutter, processes: Processes) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        parts: list[npt.NDArray[np.float32]] = []
        for start in range(0, len(cutter), _BATCH):
            looked = [part.float().cpu().numpy() for part in look(processes.place(_cut(cutter, start)))]
            if not parts:
                parts = [
                    _new_file(folder, name, len(cutter), part)
                    for name, part in zip(_PARTS, looked, strict=True)
                ]
            for part, rows in zip(parts, looked, strict=True):
                part[start : start + len(rows)] = rows
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CheckpointError(
            f"The teacher's outputs cannot be kept in {folder} ({error.strerror or error}).",
            "Free some space, choose another folder, or set distill.cache to false.",
        ) from error


def _new_file(
    folder: Path, name: str, examples: int, part: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """A file of so many rows like those of ``part``, its room taken at once: a full disk is told here."""
    path = folder / f"{name}.npy"
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(examples, *part.shape[1:]))
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return rows
