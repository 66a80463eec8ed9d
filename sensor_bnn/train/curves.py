"""The curves of a run for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sensor_bnn.files import write_errors

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


class Curves:
    """Writes the figures of each epoch as events, which ``tensorboard --logdir`` shows.

    Args:
        folder: the folder of the event files; a resumed run adds a file.
        done: the number of epochs that an earlier part of the run has finished; TensorBoard discards its
            later events.
        wanted: whether this process writes events.
    """

    def __init__(self, folder: Path, done: int, wanted: bool) -> None:
        self.folder, self.done, self.wanted = folder, done, wanted
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> Curves:
        return self

    def add(self, entry: dict[str, float]) -> None:
        """Write one entry of the history.

        Args:
            entry: ``epoch`` (from 1) and the figures of that epoch by name.

        Raises:
            FileError: the folder cannot be written.
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
