"""Recordings for a live stream, read as a recipe's training reads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sensor_bnn.data.folders import FORMATS, read_recordings
from sensor_bnn.data.prepared import prepared, rate_of
from sensor_bnn.data.recorded import Recorded
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.live.recording import (
    Recording,
    differ,
    note_rates,
    read_recording,
    read_with_truth,
    recording_of,
    settled_rate,
    told_rate,
)
from sensor_bnn.tracing import NOTES
from sensor_bnn.train import parts, sets
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings

Part = Literal["test", "all"]
"""The recordings of a recipe that are sent: those that were not learned from, or all."""


def read_by_recipe(
    data: DataRecipe,
    file: Path | None,
    limit: int | None,
    wanted: Collection[str],
    *,
    rate: float | None = None,
    part: Part | None = "all",
) -> Recording:
    """Read recordings by the columns, channels, labels, rate and missing values of a recipe's section.

    They are brought to ``data.resample``, as for training.

    Args:
        data: the section.
        file: another file or folder of the same format; None for that of the recipe. Of the recipe's own,
            it is known which recordings the model has learned from.
        limit: at most so many samples, from the start of the chosen part.
        wanted: the names of the model's channels; empty if it has none.
        rate: the samples per second as the user gives them; None for what the data or the recipe say.
        part: ``test`` for the recordings that the model has not learned from, ``all`` for all; None for the
            first of these that there is.

    Raises:
        DataError: the recipe names no recordings in files, they break a rule, ``rate`` contradicts them, the
            recipe stretches each recording to a window, or ``part`` is ``test`` and the parts are not known.
    """
    chosen = data if file is None else replace(data, path=str(file), folder="")
    if chosen.set == "npz" or chosen.place().suffix == ".npz":
        windows = read_recording(chosen.place(), None)  # already as training has them
        if part == "test":
            raise _without_parts()
        trained = _trained_rate(data)
        _note_other_rate(rate, trained)
        return replace(windows, rate=rate or trained).first(limit)
    if chosen.set not in FORMATS or not chosen.path:
        raise DataError(
            f"The recipe has the data set {chosen.set}, which is no file of recordings.",
            "Give --data with a CSV or npz file; `sensor-bnn evaluate CKPT --write-samples FILE` writes one.",
        )
    if data.lengths == "stretch":
        raise DataError(
            'data.lengths is "stretch": the model has learned recordings that were stretched to one window'
            " each, and a stream of samples is not.",
            "Give --data with windows; `sensor-bnn evaluate CKPT --write-samples FILE.npz` writes them.",
        )
    chosen.check_place()
    own = chosen.place().absolute() == data.place().absolute()
    reading = replace(chosen.reading(), unlabelled=True)
    targets = tuple(class_name(name) for name in data.targets)
    if chosen.set in ("csv", "parquet"):
        # A recording to stream need not have the numbers that the model predicts.
        reading = replace(reading, channels=reading.channels or tuple(wanted))
        found = read_with_truth(
            lambda more: read_recordings(chosen.set, chosen.place(), replace(reading, targets=more)), targets
        )
    else:
        found = read_recordings(chosen.set, chosen.place(), reading)
    stated = _stated_rate(data, found, chosen.place(), rate, own)
    if not data.resample:
        note_rates(found)
    plan = replace(chosen.preparation(), lengths="slide", rate=stated)
    sent = data.resample or rate_of(found, stated)
    found, notes = prepared(found, plan)
    if found.left_out:
        NOTES.warning("These columns are not channels, and not sent: %s.", ", ".join(found.left_out))
        found = replace(found, left_out=())
    for note in notes:
        NOTES.warning("%s", note)
    recording = recording_of(found, None, targets, sent)
    if not own or not recording.names:
        if part == "test":
            raise _without_parts()
        if not own:
            _note_other_rate(sent, _trained_rate(data))
        return recording.first(limit)
    dataset = sets.load(data)
    assert isinstance(dataset, Recordings)
    learned = {str(one) for one in parts.settled(dataset, data).parts()[0]}
    owner = {
        str(run.recording): str(run.subject if dataset.whole == "subject" else run.recording)
        for run in found.runs
    }
    recording = replace(recording, learned=tuple(owner[name] in learned for name in recording.names))
    if part != "all":
        whole, recording = recording, recording.not_learned()
        NOTES.warning(
            "Sent are the %d of %d recordings that the model did not learn from; --part all sends all.",
            *(len({*recording.names}), len({*whole.names})),
        )
    return recording.first(limit)


def _without_parts() -> DataError:
    return DataError(
        "--part test: which of these recordings the model learned from is not known.",
        "Leave --part out, or stream the recipe's own recordings, without --data.",
    )


def _stated_rate(data: DataRecipe, found: Recorded, place: Path, given: float | None, own: bool) -> float:
    """Return the rate that counts in place of the data's own; 0 if that counts.

    Raises:
        DataError: the data's own rate contradicts ``given``, or that of the recipe in another file.
    """
    told = told_rate(found, place)
    itself = rate_of(found, 0.0)
    settled_rate(given, itself, told)
    if data.rate and own:
        settled_rate(given, data.rate, "the recipe's data.rate")
        if itself is not None and differ(itself, data.rate):
            NOTES.warning("data.rate is %g Hz and counts; by %s it is %.4g Hz.", data.rate, told, itself)
        return data.rate
    if itself is not None:
        if data.rate and differ(itself, data.rate) and given is None:
            raise DataError(
                f"data.rate is {data.rate:g} Hz, but by {told} it is {itself:.4g} Hz.",
                f"Confirm the recording's own rate with --rate {itself:.4g}, or correct its times.",
            )
        return 0.0
    return given or data.rate


def _trained_rate(data: DataRecipe) -> float | None:
    """Return the samples per second that the model was trained on; None if they are not known."""
    if data.resample or data.rate:
        return data.resample or data.rate
    if data.set not in FORMATS or not data.path:
        return None
    try:
        data.check_place()
        return rate_of(read_recordings(data.set, data.place(), data.reading()), 0.0)
    except DataError:  # the training's data need not be on this machine
        return None


def _note_other_rate(sent: float | None, trained: float | None) -> None:
    if sent is not None and trained is not None and differ(sent, trained):
        NOTES.warning(
            "The model was trained on %.4g samples per second, and gets %.4g: what it sees is %.3g times as"
            " long; data.resample brings both to one rate.",
            *(trained, sent, trained / sent),
        )
