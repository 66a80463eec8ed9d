"""The folders of boards, firmware sources and export templates: in a checkout, or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder ``boards``, ``firmware`` or ``export`` of this installation.

    An installed wheel has them inside the package; a checkout is used in place.
    """
    packed = _PACKAGE / "_tree" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name
