"""The outputs of a teacher for every training example, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.digests import damage, file_sha256
from sensor_bnn.errors import CheckpointError
from sensor_bnn.files import NewFolder, remove_folder, replace_folder, write_errors
from sensor_bnn.reading import Source, contents, json_values
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.sets import Cutter

Looked = tuple[Tensor, Tensor, Tensor]
"""A teacher's outputs for n examples, float32.

They are the logits ``[n, classes]``, the streams ``[n, sum of T d]`` and the logarithms of attention
``[n, sum of H T T]``. The layers of a model may differ in shape, so those of one example are in one row.
"""

_PARTS = ("answers", "features", "attention")
_FILES = tuple(f"{name}.npy" for name in _PARTS)
_BATCH = 256
_CHUNK = 1 << 20
_FORMAT = 3
_KIND = "folder of a teacher's outputs"
_NO_ROOM = "Free some space, choose another folder, or set distill.cache to false."

_log = logging.getLogger(__name__)


class TeacherOutputs:
    """Reads the outputs in a folder, one row per example.

    Args:
        folder: the folder with ``answers.npy``, ``features.npy``, ``attention.npy`` (float32) and
            ``outputs.json``.

    Raises:
        CheckpointError: a file is missing or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._parts = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _PARTS]
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"The teacher's outputs in {folder} cannot be read ({error}).",
                "Every node needs access to the run's folder; if it has, delete this folder and start again.",
            ) from error

    def rows(self, index: Tensor) -> Looked:
        """Return the outputs of the examples ``index``, int64 ``[n]``."""
        answers, features, attention = (torch.from_numpy(part[index.numpy()]) for part in self._parts)
        return answers, features, attention


def keep_outputs(
    folder: Path,
    look: Callable[[Tensor], Looked],
    named: dict[str, Any],
    cutter: Cutter,
    processes: Processes,
) -> TeacherOutputs:
    """Return the outputs in ``folder``; compute them first unless the folder holds the right ones.

    The first process computes them, the others wait.

    Args:
        folder: the folder of the outputs, which holds nothing else.
        look: a function that computes the teacher's outputs for a batch of examples.
        named: plain values that identify the teacher and its settings. Outputs that were stored under other
            values, or for other examples, or that have changed since, are computed again.
        cutter: the training part; its recipe augments nothing.
        processes: the processes that will read the outputs.

    Raises:
        FileError: the disk has no room for the outputs, or something else is in their folder; incomplete
            files have been deleted.
    """
    if processes.first:
        identity = {"format": _FORMAT, "inputs": _digest(cutter), **named}
        if not _holds(folder, identity):
            remove_folder(folder, _KIND)  # First: a disk need not have room for both.
            with replace_folder(folder, _KIND, _NO_ROOM) as new:
                _compute(new, folder, look, cutter, processes)
                files = {name: file_sha256(new.path / name) for name in _FILES}
                new.write("outputs.json", json.dumps({**identity, "files": files}, indent=1) + "\n")
    processes.wait()
    return TeacherOutputs(folder)


def _holds(folder: Path, identity: dict[str, Any]) -> bool:
    """Whether the folder holds these outputs as they were written; a note names those that have changed."""
    file = folder / "outputs.json"
    source = Source(str(file), CheckpointError, "The outputs are computed again.")
    try:
        kept = json_values(contents(file, source), source)
    except CheckpointError:
        return False
    files = kept.pop("files", None) if isinstance(kept, dict) else None
    if kept != identity or not isinstance(files, dict) or files.keys() != set(_FILES):
        return False
    wrong = damage(folder, files)
    if wrong:
        _log.warning("The teacher's outputs in %s are computed again: %s.", folder, wrong)
    return not wrong


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
    """Make an array file for ``examples`` rows in the shape of the rows of ``part``.

    The space is allocated at once, so that a full disk raises an OSError here. Later, writing to the memory
    map would end the process with SIGBUS.
    """
    path = folder / f"{name}.npy"
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(examples, *part.shape[1:]))
    with path.open("r+b") as file:
        if sys.platform == "linux":
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        else:  # Other systems reserve what is written.
            for start in range(0, rows.nbytes, _CHUNK):
                file.seek(rows.offset + start)
                file.write(bytes(min(_CHUNK, rows.nbytes - start)))
    return rows
