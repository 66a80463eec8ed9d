"""Folders and files that one command at a time fills: a second one is refused, so that nothing is mixed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from sensor_bnn.errors import BusyError
from sensor_bnn.files import check_file, check_links, hold_open, write_errors
from sensor_bnn.tracing import NOTES

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
    lock = _lock(folder / CLAIM, folder, f"another folder with {options}")
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


@contextmanager
def claimed_file(file: Path, options: str, *, wait: bool = False) -> Iterator[None]:
    """Lock a file that the body writes against other processes and threads, as ``claimed_folder`` does.

    Its folder stays free for others, so the lock is a file of its own beside it, which is removed.

    Args:
        file: need not be there; its folder is made if it is missing.
        options: the options that name another file, for the refusal.
        wait: whether to wait for another process, and not to be refused; a note says so.

    Raises:
        BusyError: another process or thread uses the file.
        FileError: its folder cannot be written to.
    """
    check_links(file)
    if file.exists() and not file.is_file():  # a device or a FIFO holds no results
        yield
        return
    check_file(file)
    place = Path(os.path.realpath(file))
    claim = place.with_name(f".{place.name}{CLAIM}")
    lock = _lock(claim, file, f"another file with {options}", wait)
    try:
        yield
    finally:
        with suppress(OSError):
            claim.unlink()
        lock.release()


def _lock(claim: Path, shown: Path, elsewhere: str, wait: bool = False) -> BaseFileLock:
    while True:
        with hold_open(claim):
            pass
        # One lock per file in this process is what lets a thread claim a place again.
        lock = FileLock(os.path.realpath(claim), is_singleton=True)
        with write_errors(shown):
            before = _number(claim)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                if not wait:
                    raise BusyError(
                        f"Another process uses {shown}.", f"Wait for it, or name {elsewhere}."
                    ) from error
                NOTES.warning("Another process uses %s: this one waits for it.", shown)
                lock.acquire()
            if before is not None and before == _number(claim):
                return lock
        # Another process has ended and removed the file between the two: this lock holds nobody off.
        lock.release()


def _number(file: Path) -> int | None:
    """What tells the file from a later one of the same name."""
    return file.stat().st_ino if file.exists() else None


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}
