"""Classes by name: the form of a name, and labels translated from one list of classes to another."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError


def class_name(text: str) -> str:
    """Return a name of a class in the one form in which names are compared.

    Spaces round it are dropped, and letters with marks are composed (Unicode's form NFC): some systems write
    an ``ü`` as a ``u`` and a mark, which looks the same.
    """
    return unicodedata.normalize("NFC", text.strip())


def broken_rule(name: str) -> str | None:
    """Return the rule that a name breaks, or None for a good one.

    A character that cannot be printed would make two names that look the same.
    """
    if not name:
        return "must not be empty"
    return None if name.isprintable() else "must have only characters that can be printed"


def named_twice(names: Sequence[str]) -> str | None:
    """Return the first name that the list has twice; None if all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def places_by_name(names: Sequence[str], known: Sequence[str], owner: str) -> npt.NDArray[np.int64]:
    """Return the place of each name in another list, int64 ``[len(names)]``.

    Args:
        names: the names of the classes of the data.
        known: the names of the classes of the model, in the order of its outputs.
        owner: what has the known classes, for the message, such as "the model watch-small".

    Raises:
        DataError: a class of the data is not known, or two classes have the same name.
    """
    names, known = ([class_name(name) for name in those] for those in (names, known))
    for those, whose in ((names, "the data"), (known, owner)):
        twice = named_twice(those)
        if twice is not None:
            raise DataError(
                f"Two classes of {whose} have the same name: {twice}.", "Give each class a name of its own."
            )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise DataError(
            f"{owner[0].upper()}{owner[1:]} does not have these classes of the data: {', '.join(unknown)}."
            f" Its classes are {', '.join(known)}.",
            "Give data of the model's kind.",
        )
    place = {name: index for index, name in enumerate(known)}
    return np.array([place[name] for name in names], dtype=np.int64)


def labels_by_name(
    y: npt.NDArray[np.int64], classes: Sequence[str], known: Sequence[str], owner: str
) -> npt.NDArray[np.int64]:
    """Return the labels as places in ``known``, matched by the names of their classes.

    Args:
        y: int64 [n], places in ``classes``.
        classes: the names of the classes of the data.
        known, owner: as ``places_by_name`` takes them.

    Raises:
        DataError: a class of the data is not known, or two classes have the same name.
    """
    if tuple(classes) == tuple(known):
        return y
    translated: npt.NDArray[np.int64] = places_by_name(classes, known, owner)[y]
    return translated
