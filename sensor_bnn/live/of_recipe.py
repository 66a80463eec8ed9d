"""Recordings for a live stream, read as a recipe's training reads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from sensor_bnn.data.folders import FORMATS, read_recordings
from sensor_bnn.data.prepared import prepared
from sensor_bnn.errors import DataError
from sensor_bnn.live.recording import Recording, read_recording, recording_of
from sensor_bnn.tracing import NOTES
from sensor_bnn.train import parts, sets
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings


def read_by_recipe(
    data: DataRecipe, file: Path | None, limit: int | None, wanted: Collection[str]
) -> Recording:
    """Read recordings by the columns, channels, labels, rate and missing values of a recipe's section.

    Args:
        data: the section.
        file: another file or folder of the same format; None for that of the recipe. Of the recipe's own,
            it is known which recordings the model has learned from.
        limit: at most so many samples, from the start.
        wanted: the names of the model's channels; empty if it has none.

    Raises:
        DataError: the recipe names no recordings in files, or they break a rule.
    """
    chosen = data if file is None else replace(data, path=str(file), folder="")
    if chosen.set == "npz" or chosen.place().suffix == ".npz":
        return read_recording(chosen.place(), limit)
    if chosen.set not in FORMATS or not chosen.path:
        raise DataError(
            f"The recipe has the data set {chosen.set}, which is no file of recordings.",
            "Give --data with a CSV or npz file; `sensor-bnn evaluate CKPT --write-samples FILE` writes one.",
        )
    chosen.check_place()
    reading = replace(chosen.reading(), unlabelled=True)
    if chosen.set in ("csv", "parquet"):
        # A recording to stream need not have the numbers that the model predicts.
        reading = replace(reading, targets=(), channels=reading.channels or tuple(wanted))
    found, notes = prepared(
        read_recordings(chosen.set, chosen.place(), reading), replace(chosen.preparation(), lengths="slide")
    )
    if found.left_out:
        NOTES.warning("These columns are not channels, and not sent: %s.", ", ".join(found.left_out))
        found = replace(found, left_out=())
    for note in notes:
        NOTES.warning("%s", note)
    recording = recording_of(found, limit)
    if chosen.place().absolute() != data.place().absolute() or not recording.names:
        return recording
    dataset = sets.load(data)
    assert isinstance(dataset, Recordings)
    learned = {str(one) for one in parts.settled(dataset, data).parts()[0]}
    owner = {
        str(run.recording): str(run.subject if dataset.whole == "subject" else run.recording)
        for run in found.runs
    }
    return replace(recording, learned=tuple(owner[name] in learned for name in recording.names))
