"""The curves of a run for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sensor_bnn.files import write_errors

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


class Curves:
    """Writes an epoch's figures as events; ``tensorboard --logdir`` shows them.

    Args:
        folder: of the event files; a resumed run adds a file.
        done: epochs that an earlier part of the run has written; what it wrote beyond is void.
        wanted: whether this process writes at all.
    """

    def __init__(self, folder: Path, done: int, wanted: bool) -> None:
        self.folder, self.done, self.wanted = folder, done, wanted
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> Curves:
        return self

    def add(self, entry: dict[str, float]) -> None:
        """An entry of the history: ``epoch`` and its figures.

        Raises:
            FileError: the folder cannot be written to.
        """
        if not self.wanted:
            return
        with write_errors(self.folder):
            if self._writer is None:
                from tensorboardX import SummaryWriter

                void = self.done + 1 if self.done else None
                self._writer = SummaryWriter(str(self.folder), purge_step=void)
            for name, value in entry.items():
                if name != "epoch":
                    self._writer.add_scalar(name, value, int(entry["epoch"]))
            self._writer.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
