"""The folders of boards, firmware sources and export templates, and the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

from sensor_bnn.errors import DataError

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder ``boards``, ``firmware`` or ``export`` of this installation.

    An installed wheel has them inside the package; a checkout is used in place.
    """
    packed = _PACKAGE / "_tree" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


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
