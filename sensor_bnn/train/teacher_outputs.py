"""What a teacher says of every training example, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.errors import CheckpointError
from sensor_bnn.files import NewFolder, remove_folder, replace_folder, write_errors
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.sets import Cutter

Looked = tuple[Tensor, Tensor, Tensor]
"""Logits ``[n, classes]``, streams ``[n, blocks, T, d]``, log of attention ``[n, blocks, H, T, T]``."""

_PARTS = ("answers", "features", "attention")
_BATCH = 256
_FORMAT = 1
_KIND = "folder of a teacher's outputs"
_NO_ROOM = "Free some space, choose another folder, or set distill.cache to false."


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
        FileError: there is no room for them, or something else is in their folder; what was begun is gone.
    """
    if processes.first:
        identity = {"format": _FORMAT, "inputs": _digest(cutter), **whose}
        if _identity(folder) != identity:
            remove_folder(folder, _KIND)  # First: a disk need not have room for both.
            with replace_folder(folder, _KIND, _NO_ROOM) as new:
                _compute(new, folder, look, cutter, processes)
                new.write("outputs.json", json.dumps(identity, indent=1) + "\n")
    processes.wait()
    return TeacherOutputs(folder)


def _identity(folder: Path) -> Any:
    try:
        return json.loads((folder / "outputs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _cut(cutter: Cutter, start: int) -> Tensor:
    x, _ = cutter.cut(torch.arange(start, min(start + _BATCH, len(cutter))), Generator())
    return x


def _digest(cutter: Cutter) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(cutter), _BATCH):
        digest.update(_cut(cutter, start).contiguous().numpy().tobytes())
    return digest.hexdigest()


def _compute(
    new: NewFolder, folder: Path, look: Callable[[Tensor], Looked], cutter: Cutter, processes: Processes
) -> None:
    parts: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(cutter), _BATCH):
        looked = [part.float().cpu().numpy() for part in look(processes.place(_cut(cutter, start)))]
        if not parts:
            with write_errors(folder, _NO_ROOM):
                parts = [
                    _map_file(new.path, name, len(cutter), part)
                    for name, part in zip(_PARTS, looked, strict=True)
                ]
        for part, rows in zip(parts, looked, strict=True):
            part[start : start + len(rows)] = rows


def _map_file(
    folder: Path, name: str, examples: int, part: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """A file of so many rows like those of ``part``, its room taken at once: a full disk is told here."""
    path = folder / f"{name}.npy"
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(examples, *part.shape[1:]))
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return rows
