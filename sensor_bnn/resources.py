"""Where boards, firmware sources and export templates lie: in a checkout, or inside the wheel."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder ``boards``, ``firmware`` or ``export`` of this installation.

    An installed wheel carries them below the package; a checkout is used in place.
    """
    packed = _PACKAGE / "_tree" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``$SENSOR_BNN_CACHE``, or the user's cache."""
    chosen = os.environ.get("SENSOR_BNN_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("sensor-bnn")
