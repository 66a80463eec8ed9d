"""Folders that one command at a time fills: a second one is refused, so that their files do not mix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sensor_bnn.errors import BusyError
from sensor_bnn.files import check_links, hold_open, write_errors

CLAIM = ".claim"
"""The file in a folder that is locked while a process uses the folder; it stays there, empty."""


@contextmanager
def claimed_folder(folder: Path, options: str) -> Iterator[None]:
    """Lock a folder against other processes and threads while the body runs.

    The system releases the lock when this process is killed. The thread that holds a folder may claim it
    again, for a part of its work. A body that adds nothing to the folder leaves nothing in it.

    Args:
        folder: made if it is missing.
        options: the options that name another folder, for the refusal.

    Raises:
        BusyError: another process or thread uses the folder.
        FileError: the folder cannot be written to.
    """
    check_links(folder, folder=True)
    place = Path(os.path.realpath(folder))
    made = [parent for parent in (place, *place.parents) if not parent.exists()]
    with write_errors(folder):
        before = _names(place) if place.is_dir() else set()
    with hold_open(folder / CLAIM):
        pass
    # One lock per file in this process is what lets a thread claim a folder again.
    lock = FileLock(place / CLAIM, is_singleton=True)
    with write_errors(folder):
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise BusyError(
                f"Another process uses {folder}.", f"Wait for it, or name another folder with {options}."
            ) from error
    try:
        yield
    finally:
        # What cannot be tidied up, such as in a folder that was deleted meanwhile, does no harm.
        with suppress(OSError):
            if CLAIM not in before and _names(place) == {*before, CLAIM}:
                (place / CLAIM).unlink()
                for parent in made:
                    parent.rmdir()
        lock.release()


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}
