"""Channels by name: the order of a model's channels for data that name theirs, in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.tracing import NOTES

_Windows = TypeVar("_Windows", bound=Windows)


def channel_order(names: Sequence[str], known: Sequence[str] | None, owner: str, whose: str) -> list[int]:
    """Return the place in the data of each channel of a model; empty if the data are to be taken as they are.

    If only one of the two has names, the order of the data is taken for the model's, and a note says so.

    Args:
        names: the names of the data's channels, in their order; none if the data do not say them.
        known: the names of the model's channels, in the order of its input; none or None if it says none.
        owner: what has the known channels, for messages, such as "the model watch-small".
        whose: what has the others, such as "The samples".

    Raises:
        DataError: the data have a channel that the model does not have, or lack one.
    """
    if not known and not names:
        return []
    if not known:
        NOTES.warning(
            "%s does not name its channels: they are taken to be %s.", _start(owner), _listed(names)
        )
        return []
    if not names:
        NOTES.warning("%s do not name their channels: they are taken to be %s.", whose, _listed(known))
        return []
    given, wanted = ([class_name(name) for name in those] for those in (names, known))
    unknown = [name for name in given if name not in wanted]
    missing = [name for name in wanted if name not in given]
    if unknown or missing:
        said = [f"have {_listed(unknown)}, which it does not have"] if unknown else []
        said += [f"do not have its {_listed(missing)}"] if missing else []
        raise DataError(
            f"{whose} do not have the channels of {owner}, {_listed(wanted)}: they {' and '.join(said)}.",
            "Give data of the sensor that the model was trained on, with the names of its channels.",
        )
    order = [given.index(name) for name in wanted]
    return [] if order == list(range(len(order))) else order


def with_channels_of(windows: _Windows, known: Sequence[str] | None, owner: str) -> _Windows:
    """Return samples with their channels in the order of a model's, see ``channel_order``.

    Raises:
        DataError: the samples have a channel that the model does not have, or lack one.
    """
    order = channel_order(windows.channels, known, owner, "The samples")
    if not order:
        return windows
    assert known
    return replace(windows, x=np.ascontiguousarray(windows.x[:][:, order]), channels=tuple(known))


def _start(owner: str) -> str:
    return owner[0].upper() + owner[1:]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
