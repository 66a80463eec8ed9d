"""``sensor-bnn evaluate`` with each kind of model, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from bundles import HASH, write_bundle, write_host_bundle
from click.testing import CliRunner, Result
from hybrids import random_examples, random_hybrid
from onnx import TensorProto, helper
from peer import Application, Peer, toy_folder

from sensor_bnn.cli import root
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import BundleError, CheckpointError, DataError, ModelError
from sensor_bnn.nn.checkpoint import load_checkpoint, save_checkpoint
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.train.evaluate import logits
from sensor_bnn.workflows.demo import SHIPPED, Demo

Conforms = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)


def evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, ["evaluate", *map(str, arguments)])


def facts(*arguments: str | Path) -> dict[str, Any]:
    done = evaluate(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for the host that computes what the played board does."""
    return write_host_bundle(tmp_path_factory.mktemp("host"))


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "device")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    x = np.random.default_rng(1).normal(size=(5, 6, 100)).astype(np.float32)
    return written(tmp_path / "samples.npz", x, np.argmax(x[:, 0, :3], axis=1), ("a", "b", "c"))


def written(file: Path, x: Any, y: Any, classes: tuple[str, ...]) -> Path:
    np.savez(file, x=x, y=y.astype(np.int64), classes=np.array(classes))
    return file


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("onnx") / "model.onnx"
    save_onnx(to_onnx(load_checkpoint(SHIPPED / "ckpt.pt").model.fold()), file)
    return file


def test_without_arguments_the_shipped_model_is_evaluated(conforms: Conforms) -> None:
    found = facts()
    conforms("evaluate", found)
    assert (found["backend"], found["model"], found["samples"]) == ("pytorch", "watch-small", 256)
    assert found["top1"] == 225 / 256
    assert found["loss"] > 0 and found["model_hash"] is None
    on_a_board = ("board", "counter", "unit", "inference", "top1_device", "bit_exact", "taken_up", "retries")
    assert [found[name] for name in on_a_board] == [None] * len(on_a_board)
    assert found["environment"]["emulator"] is None


def test_a_checkpoint_and_its_onnx_file_answer_alike(exported: Path, conforms: Conforms) -> None:
    data = ("--data", SHIPPED / "samples.npz", "--limit", "60")
    checkpoint, onnx_file = facts(SHIPPED / "ckpt.pt", *data), facts(exported, *data)
    conforms("evaluate", onnx_file)
    assert (onnx_file["backend"], onnx_file["model"]) == ("onnxruntime", "watch-small")
    assert onnx_file["loss"] is None and len(onnx_file["model_hash"]) == 64
    for key in ("samples", "top1", "top5", "confusion", "recall", "classes"):
        assert checkpoint[key] == onnx_file[key], key
    assert checkpoint["samples"] == np.sum(checkpoint["confusion"]) == 60


@pytest.mark.usefixtures("long_run")
def test_what_the_integers_lose_against_the_float_form(tmp_path: Path, conforms: Conforms) -> None:
    """A model that was trained with roundings answers as its integers do, another one as its float form."""
    found = facts("--limit", "100", "--integers")
    conforms("evaluate", found)
    model, samples = load_checkpoint(SHIPPED / "ckpt.pt").model, read_samples(SHIPPED / "samples.npz", 100)
    integers = logits(model, samples.x)
    assert isinstance(model, HybridModel)
    model.set_rounding(False)
    floats = logits(model, samples.x)
    assert not np.array_equal(floats, integers)
    answers = [each.argmax(axis=1) for each in (floats, integers)]
    without, rounded = (float((each == samples.y).mean()) for each in answers)
    assert found["integers"] == {
        "top1_float": pytest.approx(without),
        "top1_integers": pytest.approx(rounded),
        "points_lost": pytest.approx(100 * (without - rounded)),
        "agreement": pytest.approx((answers[0] == answers[1]).mean()),
    }
    assert found["top1"] == pytest.approx(rounded)

    made = random_hybrid(2, stages=("conv",))
    x = random_examples(made.config, 30, 3)
    with torch.no_grad():
        y = made(x).numpy().argmax(axis=1)
    save_checkpoint(tmp_path / "ckpt.pt", made, {}, {})
    data = written(tmp_path / "samples.npz", x.numpy(), y, made.config.classes)
    plain = facts(tmp_path / "ckpt.pt", "--data", data, "--integers")
    save_onnx(to_onnx(made.fold()), tmp_path / "model.onnx")
    stock = facts(tmp_path / "model.onnx", "--data", data)["top1"]
    compared = {key: plain["integers"][key] for key in ("top1_float", "top1_integers", "agreement")}
    assert compared == {
        "top1_float": 1,
        "top1_integers": pytest.approx(stock),
        "agreement": pytest.approx(stock),
    }
    shown = evaluate(tmp_path / "ckpt.pt", "--data", data, "--integers").stdout
    assert f"{stock:.2%}, in ONNX Runtime: {100 * (1 - stock):.2f} points" in shown
    assert "top-1 without roundings" in shown and "integers" not in facts("--limit", "2")


def test_a_model_of_floats_has_no_integers() -> None:
    refused = evaluate(
        SHIPPED.parent / "watch-tiny" / "ckpt.pt", "--data", SHIPPED / "samples.npz", "--integers"
    )
    assert isinstance(refused.exception, CheckpointError) and refused.stdout == ""
    assert "watch-tiny computes in floating point" in refused.exception.message


def test_a_bundle_for_the_host(host: Path, samples: Path, conforms: Conforms) -> None:
    found = facts(host, "--data", samples)
    conforms("evaluate", found)
    assert (found["backend"], found["model"], found["model_hash"]) == ("host", "stand-in", HASH)
    assert (found["samples"], found["top1"], found["not_a_number"]) == (5, 1.0, 0)
    shown = evaluate(host, "--data", samples, "--limit", "2").stdout
    assert "stand-in compiled for the host" in shown and "100.00% of 2 samples" in shown


def test_classes_are_matched_by_name(exported: Path, tmp_path: Path) -> None:
    with np.load(SHIPPED / "samples.npz") as arrays:
        x, y, classes = arrays["x"][:40], arrays["y"][:40], tuple(map(str, arrays["classes"]))
    plain = written(tmp_path / "plain.npz", x, y, classes)
    turned = written(tmp_path / "turned.npz", x, len(classes) - 1 - y, classes[::-1])
    other = written(tmp_path / "other.npz", x, y, ("swim", *classes[1:]))
    for model in (SHIPPED / "ckpt.pt", exported):
        before, after = facts(model, "--data", plain), facts(model, "--data", turned)
        assert before["top1"] > 0.5
        assert (after["top1"], after["classes"], after["confusion"]) == (
            *(before["top1"], before["classes"], before["confusion"]),
        )
        refused = evaluate(model, "--data", other).exception
        assert isinstance(refused, DataError)
        assert "swim" in refused.message and f"Its classes are {', '.join(classes)}" in refused.message


@pytest.mark.parametrize("command", ["bench", "evaluate", "evaluate on the host"])
def test_a_bundle_matches_classes_by_name(command: str, samples: Path, tmp_path: Path) -> None:
    """The file lists the classes in another order than the model: every answer is right all the same."""
    with np.load(samples) as arrays:
        x, y = arrays["x"], arrays["y"]
    for names, told in ((("c", "b", "a"), None), (("c", "b", "swim"), "swim")):
        written(samples, x, 2 - y, names)
        if command == "evaluate on the host":
            (tmp_path / "host").mkdir(exist_ok=True)
            bundle = write_host_bundle(tmp_path / "host", classes=["a", "b", "c"])
            done = evaluate(bundle, "--data", samples, "--json")
        else:
            bundle = write_bundle(tmp_path / "named", classes=["a", "b", "c"])
            toy = bundle / "toy" if (bundle / "toy").is_dir() else toy_folder(bundle)
            option = "--data" if command == "evaluate" else "--samples"
            with Peer("application", Application(classes=("a", "b", "c"))) as peer:
                line = [command, str(bundle), option, str(samples), "--port", peer.port, "--board", str(toy)]
                more = ["-o", str(tmp_path / "output")] if command == "evaluate" else []
                done = CliRunner().invoke(root, [*line, *more, "--json"])
        if told is None:
            result = json.loads(done.stdout)
            assert (result["top1_device"] if result.get("board") else result["top1"]) == 1.0
            assert result.get("classes", ["a", "b", "c"]) == ["a", "b", "c"]
        else:
            assert isinstance(done.exception, DataError)
            assert "swim" in done.exception.message and "Its classes are a, b, c." in done.exception.message


@pytest.mark.parametrize("option", ["--port p", "--board b"])
def test_a_file_does_not_run_on_a_board(option: str, exported: Path) -> None:
    for model in (SHIPPED / "ckpt.pt", exported):
        done = evaluate(model, *option.split())
        assert done.exit_code == 2
        assert f"{option.split()[0]} takes a compiled bundle" in done.output


OF_A_BOARD = ["--reference r", "--output o", "-o o", "--state s", "--fresh", "--baud 9600"]
OF_A_CHECKPOINT = ["--write-samples f.npz", "--samples 3", "--seed 1", "--integers"]


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        *(("checkpoint", option) for option in OF_A_BOARD),
        *(("onnx", option) for option in (*OF_A_BOARD, *OF_A_CHECKPOINT)),
        *(("host", option) for option in (*OF_A_BOARD, *OF_A_CHECKPOINT)),
        *(("board", option) for option in OF_A_CHECKPOINT),
    ],
)
def test_an_option_without_meaning_is_refused_by_name(
    kind: str, option: str, host: Path, device: Path, exported: Path, samples: Path
) -> None:
    model = {"checkpoint": SHIPPED / "ckpt.pt", "onnx": exported, "host": host, "board": device}[kind]
    more = ["--port", "absent"] if kind == "board" else []
    done = evaluate(model, "--data", samples, *more, *option.split())
    name = {"-o": "--output"}.get(option.split()[0], option.split()[0])
    assert done.exit_code == 2
    assert f"{name} has no meaning for" in done.output


@pytest.mark.parametrize("kind", ["onnx", "host"])
def test_what_names_no_data_needs_them(kind: str, host: Path, exported: Path) -> None:
    done = evaluate({"onnx": exported, "host": host}[kind])
    assert done.exit_code == 2 and "Give --data with" in done.output


def test_models_that_cannot_be_evaluated(host: Path, device: Path, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.onnx").write_text("no model")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "metadata.json").write_text('{"model": "x", "target": "host"}')
    cases = (
        (tmp_path / "absent.pt", CheckpointError, "no sensor-bnn checkpoint"),
        (tmp_path / "absent", CheckpointError, "no sensor-bnn checkpoint"),
        (tmp_path / "absent.onnx", ModelError, "absent.onnx"),
        (tmp_path / "no.onnx", ModelError, "no.onnx"),
        (tmp_path / "empty", BundleError, "metadata.json"),
        (broken, BundleError, "metadata.json"),
        (write_bundle(tmp_path / "old", format=1), BundleError, "made by an older version of sensor-bnn"),
        (device, BundleError, "compiled for toy-core, which this machine cannot run. Pass --port or --board"),
    )
    for model, kind, told in cases:
        done = evaluate(model, "--data", samples)
        assert isinstance(done.exception, kind), (model, done.exception)
        assert told in str(done.exception), model
        assert done.stdout == ""
    four = tmp_path / "four.npz"
    written(four, np.zeros((1, 6, 100), np.float32), np.zeros(1), ("a", "b", "c", "d"))
    refused = evaluate(host, "--data", four).exception
    assert isinstance(refused, DataError) and "3 outputs; there are 4 classes" in refused.message


def onnx_file(
    file: Path, inputs: int = 1, batch: int | str = 1, kind: int = TensorProto.FLOAT, **said: str
) -> Path:
    """A model of three outputs: the mean of each of three channels."""
    names = [f"x{place}" for place in range(inputs)]
    first = ["f"] if kind == TensorProto.FLOAT else ["c"]
    nodes = [helper.make_node("Cast", ["x0"], ["c"], to=TensorProto.FLOAT)] if first == ["c"] else []
    nodes.append(helper.make_node("ReduceMean", ["c" if nodes else "x0", "axes"], ["y"], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info(name, kind, [batch, 3, 4]) for name in names],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, said)
    onnx.save(model, file)
    return file


def test_any_onnx_file_of_one_sample_is_evaluated(tmp_path: Path) -> None:
    x = np.eye(3, dtype=np.float32)[:, :, None].repeat(4, axis=2)
    data = written(tmp_path / "s.npz", x, np.array([0, 1, 0]), ("a", "b", "c"))
    for batch in (1, "N"):
        found = facts(onnx_file(tmp_path / "means.onnx", batch=batch), "--data", data)
        assert (found["model"], found["top1"], found["classes"]) == (
            *("means", pytest.approx(2 / 3), ["a", "b", "c"]),
        )
    named = onnx_file(tmp_path / "named.onnx", name="toy", classes='["b", "a", "c"]')
    found = facts(named, "--data", data)
    assert (found["model"], found["top1"], found["classes"]) == ("toy", 0.0, ["b", "a", "c"])
    cases = (
        ({"inputs": 2}, ModelError, "2 inputs and 1 outputs"),
        ({"batch": 4}, ModelError, "one sample at a time"),
        ({"kind": TensorProto.DOUBLE}, ModelError, "tensor\\(double\\)"),
        ({"classes": "a,b,c"}, ModelError, "not a JSON list of names"),
        ({"classes": '["a", "b"]'}, DataError, "does not have these classes of the data: c"),
        ({"classes": '["a", "b", "c", "d"]'}, DataError, r"outputs \[3\]; there are 4 classes"),
    )
    for changes, kind, told in cases:
        model = onnx_file(tmp_path / "other.onnx", **changes)  # type: ignore[arg-type]
        with pytest.raises(kind, match=told):
            raise evaluate(model, "--data", data).exception or AssertionError(changes)


def test_a_port_of_the_environment_is_for_what_runs_on_a_board(
    host: Path, device: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENSOR_BNN_PORT", "/dev/no-such-port")
    assert facts(SHIPPED / "ckpt.pt", "--data", SHIPPED / "samples.npz", "--limit", "2")["samples"] == 2
    assert facts(host, "--data", samples)["backend"] == "host"
    assert facts("--limit", "2")["backend"] == "pytorch"
    refused = evaluate(device, "--data", samples)
    assert "/dev/no-such-port" in str(refused.exception)


def test_the_old_name_says_what_to_type() -> None:
    done = CliRunner().invoke(root, ["eval", "my run/ckpt.pt", "--json"])
    assert done.exit_code == 2
    assert "Type: sensor-bnn evaluate 'my run/ckpt.pt' --json" in done.output
    names = CliRunner().invoke(root, ["--help"]).output.split("Commands:")[1].split()
    assert "evaluate" in names and "eval" not in names


@pytest.mark.usefixtures("long_run")
def test_a_confusion_matrix_of_every_kind(host: Path, samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "confusion.png"
    facts(host, "--data", samples, "--confusion", file)
    assert file.read_bytes().startswith(b"\x89PNG")
    refused = evaluate(host, "--data", samples, "--confusion", tmp_path / "confusion.txt").exception
    assert isinstance(refused, DataError)


def on_the_played_board(
    command: str, application: Application, device: Path, host: Path, samples: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    option = "--data" if command == "evaluate" else "--samples"
    with Peer("application", application) as peer:
        line = [sys.executable, "-m", "sensor_bnn", command, str(device), option, str(samples), *more]
        line += ["--port", peer.port, "--board", str(toy_folder(device)), "--reference", str(host), "--json"]
        return subprocess.run(
            line, capture_output=True, text=True, timeout=300, cwd=device, env={**os.environ}, check=False
        )


@pytest.mark.parametrize("command", ["bench", "evaluate", "profile"])
@pytest.mark.parametrize("wrong", [None, 3])
@pytest.mark.usefixtures("long_run")
def test_one_wrong_bit_ends_with_1_after_the_whole_result(
    command: str, wrong: int | None, host: Path, device: Path, samples: Path, conforms: Conforms
) -> None:
    """The third sample's output is right but for its lowest bit: the answers are the same, all correct."""
    more = ["--runs", "1"] if command == "profile" else []
    done = on_the_played_board(command, Application(wrong_bit_at=wrong), device, host, samples, *more)
    result = json.loads(done.stdout)
    conforms(command, result)
    assert (result["top1_device"], result["top1_host"], result["samples"]) == (1.0, 1.0, 5)
    if wrong is None:
        assert (done.returncode, result["bit_exact"], result["different"]) == (0, True, 0), done.stderr
        return
    assert done.returncode == 1
    assert (result["bit_exact"], result["different"], result["first_different"]) == (False, 1, 2)
    last = done.stderr.splitlines()[-1]
    assert "differ from the host's in 1 of 5 samples, first in sample 2 (counted from 0)" in last
    assert f"sensor-bnn verify MODEL.onnx --board toy --samples {samples} --sample 2" in " ".join(
        last.split()
    )


def test_a_demo_with_a_wrong_bit_ends_with_1(
    host: Path, device: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's last step is the benchmark, here of the played board; its other steps need no board."""
    from sensor_bnn.api import Board
    from sensor_bnn.errors import DeviceError
    from sensor_bnn.flashing.flash import FlashResult

    def run_demo(*_: object, **__: object) -> Demo:
        with Peer("application", Application(wrong_bit_at=1)) as peer:
            bench = Board(toy_folder(device)).at(peer.port, device, reference=host).bench(samples)
        flash = FlashResult(**dict.fromkeys(FlashResult.__dataclass_fields__, 1))  # type: ignore[arg-type]
        return Demo(bench, flash, "toy-core", 1.0, 1.0, 0.0)

    monkeypatch.setattr("sensor_bnn.workflows.demo.run_demo", run_demo)
    done = CliRunner().invoke(root, ["demo", "--json"])
    assert isinstance(done.exception, DeviceError) and "first in sample 0" in str(done.exception)
    assert json.loads(done.stdout)["first_different"] == 0


def test_on_a_board_nothing_heavy_is_imported(host: Path, device: Path, samples: Path) -> None:
    script = (
        "import sys, sensor_bnn.cli as cli\n"
        "cli.root(sys.argv[1:], standalone_mode=False)\n"
        "print({'torch', 'tvm', 'onnx', 'onnxruntime', 'matplotlib'} & set(sys.modules), file=sys.stderr)\n"
    )
    with Peer("application") as peer:
        line = [sys.executable, "-c", script, "evaluate", str(device), "--data", str(samples)]
        line += ["--port", peer.port, "--board", str(toy_folder(device)), "--reference", str(host)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, cwd=device, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "set()"
    assert "equal to the last bit" in done.stdout
