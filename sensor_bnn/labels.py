"""Classes by name: labels of one list of classes, translated to the places in another list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError


def labels_by_name(
    y: npt.NDArray[np.int64], classes: Sequence[str], known: Sequence[str], owner: str
) -> npt.NDArray[np.int64]:
    """Return the labels as places in ``known``, matched by the names of their classes.

    Args:
        y: int64 [n], places in ``classes``.
        classes: the names of the classes of the data.
        known: the names of the classes of the model, in the order of its outputs.
        owner: what has the known classes, for the message, such as "the model watch-tiny".

    Raises:
        DataError: a class of the data is not known, or two classes have the same name.
    """
    if tuple(classes) == tuple(known):
        return y
    for names, whose in ((classes, "the data"), (known, owner)):
        twice = sorted({name for name in names if list(names).count(name) > 1})
        if twice:
            raise DataError(
                f"Two classes of {whose} have the same name: {', '.join(twice)}.",
                "Give each class a name of its own.",
            )
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise DataError(
            f"{owner[0].upper()}{owner[1:]} does not have these classes of the data: {', '.join(unknown)}."
            f" Its classes are {', '.join(known)}.",
            "Give data of the model's kind.",
        )
    places = np.array([list(known).index(name) for name in classes], dtype=np.int64)
    translated: npt.NDArray[np.int64] = places[y]
    return translated
