"""The digests of what ``explore`` keeps in its Optuna study, and their check at each reading.

A database keeps no digests of its values. So each value that a later reading uses is in an attribute of its
trial that has a digest of its own: written at once, so that another process never sees one without the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sensor_bnn.digests import is_sealed, sealed

if TYPE_CHECKING:
    import optuna

PLANNED, PROCESS, MEASURED, TOLD = "planned", "process", "measured", "told"
"""The attributes: the planned model and its seed; the process that works on the trial; the costs; the result.

All are made with ``digests.sealed``. A trial without ``PLANNED`` is one that the sampler proposed.
"""

_SEED, _COSTS, _PROGRAM = "seed", "costs", "program"
"""Attributes in a study of an earlier version, which kept no digests; ``PROCESS`` is a list there."""


def told(
    trial: optuna.Trial | optuna.trial.FrozenTrial,
    state: optuna.trial.TrialState,
    values: Sequence[float] | None,
) -> dict[str, Any]:
    """Return the attribute ``TOLD``, which is set before the trial is told.

    Args:
        trial: the trial, with its costs.
        state: the state that it is told with.
        values: its values; None if it has none.
    """
    from optuna.distributions import distribution_to_json

    space = {name: json.loads(distribution_to_json(one)) for name, one in trial.distributions.items()}
    attributes = trial.user_attrs
    return sealed(
        {
            "number": trial.number,
            "params": trial.params,
            "space": space,
            "planned": attributes.get(PLANNED),
            "measured": attributes[MEASURED],
            "state": state.name,
            "values": None if values is None else [float(value) for value in values],
        }
    )


def is_planned(trial: optuna.Trial | optuna.trial.FrozenTrial) -> bool:
    """Whether the trial is of the plan; all others are those that the sampler proposed."""
    return PLANNED in trial.user_attrs or _SEED in trial.user_attrs


def seed_of(trial: optuna.Trial | optuna.trial.FrozenTrial) -> int:
    """Return the seed of a trial: 0 for one that the sampler proposed."""
    if PLANNED in trial.user_attrs:
        return int(trial.user_attrs[PLANNED]["seed"])
    return int(trial.user_attrs.get(_SEED, 0))


def measured_of(trial: optuna.trial.FrozenTrial) -> dict[str, Any] | None:
    """Return what was measured of a trial's model: ``params``, ``costs`` and ``program``; None if nothing."""
    attributes = trial.user_attrs
    if MEASURED in attributes:
        return dict(attributes[MEASURED])
    if _COSTS not in attributes:
        return None
    return {"params": trial.params, "costs": attributes[_COSTS], "program": attributes.get(_PROGRAM)}


def process_of(trial: optuna.trial.FrozenTrial) -> tuple[str, str]:
    """Return the machine and the lock of the process that works on a trial; empty for none."""
    found = trial.user_attrs.get(PROCESS, ("", ""))
    host, alive = (found["host"], found["alive"]) if isinstance(found, Mapping) else found
    return str(host), str(alive)


def fault_of(trials: Sequence[optuna.trial.FrozenTrial], *, unsealed: bool) -> str | None:
    """Return what is wrong with the trials of a study, in words with the trial's number; None if nothing is.

    Args:
        trials: all of them.
        unsealed: whether an earlier version began the study: then only what has digests is compared.
    """
    for number, trial in enumerate(sorted(trials, key=lambda trial: trial.number)):
        if trial.number != number:
            return f"trial {number} is missing"
        wrong = _wrong_in(trial, unsealed)
        if wrong is not None:
            return f"of trial {number}, {wrong} has changed since it was written"
    return None


def _wrong_in(trial: optuna.trial.FrozenTrial, unsealed: bool) -> str | None:
    """Return the part of a trial that is not as it was written; None if all parts are."""
    from optuna.trial import TrialState

    attributes = trial.user_attrs
    for name, value in attributes.items():
        if unsealed and (name in (_SEED, _COSTS, _PROGRAM) or (name == PROCESS and isinstance(value, list))):
            continue
        if name not in (PLANNED, PROCESS, MEASURED, TOLD):
            return f"the name of the attribute {name!r}"
        if not isinstance(value, Mapping) or not is_sealed(value):
            return f"the attribute {name!r}"
    if trial.state == TrialState.WAITING and not (unsealed and _SEED in attributes):
        fixed = trial.system_attrs.get("fixed_params")
        if PLANNED not in attributes or fixed != attributes[PLANNED]["point"]:
            return "the planned model"
    if PLANNED in attributes and not trial.params.items() <= attributes[PLANNED]["point"].items():
        return "a parameter"
    if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and not (unsealed and _COSTS in attributes):
        if MEASURED not in attributes or TOLD not in attributes:
            return "the set of attributes"
        values = trial.values if trial.state == TrialState.COMPLETE else None
        if attributes[TOLD] != told(trial, trial.state, values):
            return "a parameter, the state or a value"
    return None
