"""Channels by name: another order is right, other names are refused, and what has no names is noted."""

from __future__ import annotations

import json
import logging
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from bundles import write_bundle
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.data.channels import channel_order
from sensor_bnn.data.samples import Samples, read_samples, write_samples
from sensor_bnn.errors import CheckpointError, DataError, ModelError
from sensor_bnn.live import stream
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import Recording, of_model, read_recording
from sensor_bnn.live.stream import stream_at
from sensor_bnn.measure.on_host import run_checkpoint, run_host_bundle, run_onnx
from sensor_bnn.nn.checkpoint import load_checkpoint, save_checkpoint
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.families import build
from sensor_bnn.onnx.from_checkpoint import export_checkpoint
from sensor_bnn.train import own_windows
from sensor_bnn.train.distill import check_pair
from sensor_bnn.train.recipe import Distillation

NAMES = ("ax", "ay", "g\u00fcz")
CLASSES = ("rest", 'wa"l\\k??/', "d\u00fcse")
CONFIG = TransformerConfig(
    name="named", classes=CLASSES, channels=3, length=20, width=32, heads=1, layers=1, channel_names=NAMES
)
ORDER = [2, 0, 1]


def quiet(stage: str, done: int, of: int) -> None:
    """No progress is shown."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = build(CONFIG)
    path = tmp_path_factory.mktemp("named") / "ckpt.pt"
    save_checkpoint(path, model, {}, {})
    return path


@pytest.fixture(scope="module")
def samples() -> Samples:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3, 20)).astype(np.float32) * np.float32([[1], [5], [25]])
    return Samples(x, rng.integers(0, 3, 30), CLASSES, NAMES)


def turned(samples: Samples) -> Samples:
    return replace(samples, x=samples.x[:, ORDER], channels=tuple(NAMES[at] for at in ORDER))


@given(st.permutations(["a", "b", "c", "d"]), st.permutations(["a", "b", "c", "d"]))
def test_the_order_is_that_of_the_model(names: list[str], known: list[str]) -> None:
    order = channel_order(names, known, "the model m", "The samples")
    assert [names[at] for at in order] == (known if names != known else [])


def test_other_channels_are_refused_by_name() -> None:
    with pytest.raises(DataError) as caught:
        channel_order(["ax", "time"], ["ax", "ay", "az"], "the model m", "The samples")
    assert caught.value.message == (
        "The samples do not have the channels of the model m, ax, ay, az: they have time, which it does not"
        " have and do not have its ay, az."
    )


def test_only_one_side_without_names_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert channel_order((), (), "the model m", "The samples") == []
        assert caplog.messages == []
        assert channel_order(("a",), None, "the model m", "The samples") == []
        assert channel_order((), ("b",), "the model m", "The samples") == []
    assert caplog.messages == [
        "The model m does not name its channels: they are taken to be a.",
        "The samples do not name their channels: they are taken to be b.",
    ]


def test_a_checkpoint_keeps_them_and_answers_alike_in_any_order(checkpoint: Path, samples: Samples) -> None:
    model = load_checkpoint(checkpoint).model
    assert model.config.channel_names == NAMES
    first, other = (run_checkpoint(model, each).outputs for each in (samples, turned(samples)))
    np.testing.assert_array_equal(first, other)
    unnamed = run_checkpoint(model, replace(turned(samples), channels=())).outputs
    assert not np.array_equal(first, unnamed), "the order matters"


def test_names_that_are_not_as_many_as_channels_are_refused() -> None:
    with pytest.raises(CheckpointError, match="channel_names has 2 names, and there are 3 channels"):
        replace(CONFIG, channel_names=("a", "b"))


@pytest.mark.usefixtures("long_compile")
def test_onnx_file_and_bundle_name_them_and_answer_alike(
    checkpoint: Path, samples: Samples, tmp_path: Path
) -> None:
    file = tmp_path / "turned.npz"
    write_samples(file, turned(samples))
    assert read_samples(file).channels == turned(samples).channels
    exported = export_checkpoint(checkpoint, tmp_path, file)
    assert exported.comparison is not None and exported.comparison.agreement == 1
    said = {prop.key: prop.value for prop in onnx.load(exported.onnx).metadata_props}
    assert json.loads(said["channels"]) == list(NAMES)
    bundle = compile_model(exported.onnx, "host", tmp_path / "host").folder
    assert read_metadata(bundle).channels == NAMES
    for run, model in ((run_onnx, exported.onnx), (run_host_bundle, bundle)):
        first, other = (run(model, each, quiet).outputs for each in (samples, turned(samples)))
        np.testing.assert_array_equal(first, other)
    names_in_c(bundle, tmp_path)
    model = onnx.load(exported.onnx)
    (prop,) = (prop for prop in model.metadata_props if prop.key == "channels")
    prop.value = '["ax"]'
    onnx.save(model, exported.onnx)
    exported.onnx.with_name("model.onnx.sha256").unlink()  # It is changed on purpose.
    with pytest.raises(ModelError, match=r"names 1 channels; the model's input is \[1, 3, 20\]"):
        compile_model(exported.onnx, "host", tmp_path / "other")


def names_in_c(bundle: Path, folder: Path) -> None:
    """A program that is compiled with the bundle prints the names of its classes and channels."""
    (folder / "main.c").write_text(
        '#include <stdio.h>\n#include "model.h"\nint main(void) {\n'
        "    for (int i = 0; i < NAMED_OUTPUT_COUNT; i++) puts(sbnn_model_class_names[i]);\n"
        "    for (int i = 0; i < 3; i++) puts(named_channel_names[i]);\n}\n"
    )
    line = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{bundle}", folder / "main.c"]
    subprocess.run([*line, bundle / "libnamed.a", "-o", folder / "main"], check=True)
    said = subprocess.run([folder / "main"], capture_output=True, check=True).stdout.decode()
    assert said.splitlines() == [*CLASSES, *NAMES]


def test_an_npz_for_training_brings_its_names(tmp_path: Path, samples: Samples) -> None:
    file = tmp_path / "own.npz"
    recording = np.repeat(np.arange(6), 5)
    np.savez(
        file,
        x=samples.x,
        y=samples.y,
        classes=np.array(CLASSES),
        channels=np.array(NAMES),
        recording=recording,
    )
    assert own_windows.from_npz(file).windows().channels == NAMES


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        (["a", "b"], "channels has 2 names, but x has 3 channels"),
        (["a", "a", "b"], "two channels are named a"),
        (["a", "", "b"], "channels.1. is ''"),
        ([1, 2, 3], "channels is int64 .3.; it must be a list of texts"),
    ],
)
def test_mistakes_of_an_npz_are_named(
    channels: list[object], told: str, tmp_path: Path, samples: Samples
) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, x=samples.x, y=samples.y, classes=np.array(CLASSES), channels=np.array(channels))
    with pytest.raises(DataError, match=told):
        read_samples(file)


def test_a_teacher_of_other_channels_is_refused() -> None:
    for names in (("ay", "ax", "g\u00fcz"), ("a", "b", "c")):
        teacher = replace(CONFIG, name="teacher", precision="full", channel_names=names)
        with pytest.raises(CheckpointError, match="The teacher teacher has the channels"):
            check_pair(Distillation(), CONFIG, teacher)
    check_pair(Distillation(), CONFIG, replace(CONFIG, precision="full", channel_names=()))


# The stream


def csv(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_csv_recording_is_brought_into_the_models_order(tmp_path: Path) -> None:
    bundle = read_metadata(
        write_bundle(
            tmp_path / "bundle",
            input={"dtype": "float32", "shape": [1, 3, 20], "bytes": 240},
            channels=["ax", "ay", "az"],
        )
    )
    found = read_recording(csv(tmp_path / "a.csv", "az,label,ax,ay", ["3,rest,1,2", "6,rest,4,5"]))
    assert of_model(found, bundle).raw.tolist() == [[1, 2, 3], [4, 5, 6]]
    other = read_recording(csv(tmp_path / "b.csv", "ax,ay,temp", ["1,2,3"]))
    with pytest.raises(DataError, match="have temp, which it does not have and do not have its az"):
        of_model(other, bundle)


def test_columns_of_a_csv_recording_are_mapped_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = read_metadata(
        write_bundle(
            tmp_path / "bundle",
            input={"dtype": "float32", "shape": [1, 2, 20], "bytes": 160},
            channels=["ax", "ay"],
        )
    )
    found = read_recording(csv(tmp_path / "a.csv", "temp,ay,ax,acc_x", ["9,2,1,7", "8,5,4,6"]))
    assert of_model(found, bundle).raw.tolist() == [[1, 2], [4, 5]]
    assert "does not have these columns, which are not sent: temp, acc_x" in caplog.text
    assert of_model(found, bundle, {"ax": "acc_x"}).raw.tolist() == [[7, 2], [6, 5]]
    assert of_model(found, bundle, {"ax": "ay", "ay": "ax"}).raw.tolist() == [[2, 1], [5, 4]]
    for columns, told in (
        ({"az": "temp"}, "names az, which is not a channel of the model stand-in: ax, ay"),
        ({"ax": "gx"}, "names the column gx; the recording has temp, ay, ax, acc_x"),
    ):
        with pytest.raises(DataError, match=told):
            of_model(found, bundle, columns)


def test_recordings_of_a_file_are_told_apart(tmp_path: Path) -> None:
    rows = ["1,a,0", "1,b,1", "7,b,2", "7,b,3", "2,b,4"]
    file = csv(tmp_path / "a.csv", "recording,label,x", rows)
    assert read_recording(file).breaks == (2, 4)
    assert read_recording(file, 4).breaks == (2,)
    x = np.zeros((3, 1, 4), np.float32)
    np.savez(tmp_path / "w.npz", x=x, y=np.zeros(3, np.int64), classes=np.array(["a"]))
    assert read_recording(tmp_path / "w.npz").breaks == (4, 8)


DECISION = struct.Struct("<IHHffQQQ")
"""A decision of a model of floats, as the board sends it: docs/protocol.md."""


class PlayedStream:
    """Windows of two samples, one after every sample, as firmware/stream/stream.c cuts them."""

    def __init__(self) -> None:
        self.windows: list[list[float]] = []
        self.samples: list[float] = []

    def ask_for(self, kind: int, payload: bytes, *told: str) -> bytes:
        if kind == 0x20:
            self.samples = []
            return b""
        first = int.from_bytes(payload[:4], "little")
        assert first == len(self.samples)
        decisions = b""
        for value in np.frombuffer(payload[4:], "<f4").tolist():
            self.samples.append(value)
            if len(self.samples) >= 2:
                self.windows.append(self.samples[-2:])
                decisions += DECISION.pack(len(self.samples), 0, 0, sum(self.samples[-2:]), 1, 1, 1, 1)
        return (len(decisions) // DECISION.size).to_bytes(4, "little") + decisions


def test_no_window_has_samples_of_two_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = PlayedStream()

    @contextmanager
    def application(*arguments: object) -> Iterator[object]:
        class Hello:
            max_payload = 4 + 2 * DECISION.size
            emulated = False

        yield played, Hello

    monkeypatch.setattr(stream, "application_at", application)
    monkeypatch.setattr(stream, "instructions_of", lambda ticks, hello, board: ticks)
    bundle = write_bundle(
        tmp_path / "bundle", input={"dtype": "float32", "shape": [1, 1, 2], "bytes": 8}, channels=["x"]
    )
    raw = np.arange(8, dtype=np.float32)[:, None]
    recording = Recording(raw, (), breaks=(3, 4))
    decisions = [decision.at for _, decision in stream_at("port", None, bundle, recording, Settings(1))]
    assert played.windows == [[0, 1], [1, 2], [4, 5], [5, 6], [6, 7]]
    assert decisions == [2, 3, 6, 7, 8]
