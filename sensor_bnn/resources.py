"""The folders of boards, pages, firmware sources and export templates, and the user's cache folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sensor_bnn.errors import DataError

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder ``boards``, ``docs``, ``export`` or ``firmware`` of this installation.

    An installed wheel has them inside the package; a checkout is used in place.
    """
    packed = _PACKAGE / "_tree" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


def with_pages(message: str) -> str:
    """Return a message in which each page, such as docs/boards.md, is a path that can be opened from here."""

    def place(found: re.Match[str]) -> str:
        page = resource("docs") / found["name"]
        return str(page) if page.is_file() and not Path(found[0]).is_file() else found[0]

    return re.sub(r"(?<![\w/])docs/(?P<name>[\w-]+\.md)", place, message)


def cache_folder() -> Path:
    """Return the folder for files that can be downloaded or computed again; it may not exist yet.

    It is ``$SENSOR_BNN_DATA`` if that is set, else the system's folder for caches, such as
    ``~/.cache/sensor-bnn``, which ``$XDG_CACHE_HOME`` can change.

    Raises:
        DataError: the user has no home folder.
    """
    import platformdirs

    chosen = os.environ.get("SENSOR_BNN_DATA")
    if chosen:
        return Path(chosen)
    try:
        folder = platformdirs.user_cache_path("sensor-bnn", appauthor=False)
    except RuntimeError:  # neither HOME nor the system's list of users has a home
        folder = Path("~")
    # Releases of platformdirs before 4.14 keep the ~ then; the other is from sensor_bnn/__init__.py.
    if not folder.is_absolute() or folder.is_relative_to("/nonexistent"):
        raise DataError(
            "There is no folder for downloads: this user has no home folder.",
            "Set SENSOR_BNN_DATA to a folder that can be written.",
        )
    return folder
