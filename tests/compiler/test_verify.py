"""``verify`` compares every layer, and finds the broken one."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sensor_bnn.cli.verify import command
from sensor_bnn.compiler import plan as planning
from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.digests import file_sha256
from sensor_bnn.errors import BoardError, DeviceError
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.load import load_model
from sensor_bnn.workflows import verify
from sensor_bnn.workflows.difference import refuse_with_layer

BACKENDS = ["numpy", "onnx.reference", "onnxruntime", "host"]


def run(*arguments):
    result = CliRunner().invoke(command, [*map(str, arguments), "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_every_layer_of_every_backend_agrees_on_an_emulated_board_too(mlp_onnx, conforms):
    code, said = run(mlp_onnx(tokens=9), "--board", "qemu-mps2-an500")
    assert (code, said["ok"]) == (0, True)
    conforms("verify", said)
    assert [check["backend"] for check in said["backends"]] == [*BACKENDS, "qemu-mps2-an500"]
    nodes = ["/split", "/pack", "/expand", "/contract", "/sum", "/mean", "/head", "/bias"]
    fused = ["/pack", "/expand", "/sum", "/mean", "/bias"]
    for check in said["backends"]:
        layers = [layer["layer"] for layer in check["layers"]]
        assert layers == (nodes if check["backend"] in BACKENDS[:3] else fused)
        assert check["first_difference"] is None
    assert {layer["differs_from_host"] for layer in said["backends"][-1]["layers"]} == {0}
    assert {layer["differs_from_host"] for layer in said["backends"][0]["layers"]} == {None}
    bits = next(layer for layer in said["backends"][3]["layers"] if layer["layer"] == "/pack")
    assert (bits["elements"], bits["differing"]) == (9 * 2 * 32, 0)


@pytest.mark.usefixtures("long_compile")
def test_a_file_of_qonnx_agrees_everywhere():
    code, said = run(Path(__file__).parents[1] / "onnx" / "qonnx" / "brevitas.onnx")
    assert (code, said["ok"]) == (0, True)
    for check in said["backends"]:
        assert [layer["operator"] for layer in check["layers"]] == [
            *("BnnPack", "BnnLinearPacked", "BnnLinearPacked", "BnnLinear")
        ]


@pytest.mark.usefixtures("long_run")
def test_a_broken_layer_is_named_with_its_backend(mlp_onnx, monkeypatch):
    # Every threshold is off by one.
    monkeypatch.setattr(planning, "mismatch_limit", lambda limit, K: mismatch_limit(limit, K) - 1)
    code, said = run(mlp_onnx())
    assert (code, said["ok"]) == (1, False)
    assert {check["backend"]: check["first_difference"] for check in said["backends"]} == {
        "numpy": None,
        "onnx.reference": None,
        "onnxruntime": None,
        "host": "/expand",
    }
    host = {layer["layer"]: layer["ok"] for layer in said["backends"][3]["layers"]}
    assert [name for name, ok in host.items() if not ok] == ["/expand"]  # later layers only pass the error on


@pytest.mark.usefixtures("long_run")
def test_a_broken_float_layer_is_named(mlp_onnx, monkeypatch):
    real = verify.OPERATORS["BnnLinear"].reference
    broken = {**verify.OPERATORS}
    broken["BnnLinear"] = type(broken["BnnLinear"])(
        **{**vars(broken["BnnLinear"]), "reference": lambda *a, K: real(*a, K=K) * np.float32(1.001)}
    )
    monkeypatch.setattr(verify, "OPERATORS", broken)
    code, said = run(mlp_onnx())
    assert code == 1
    found = {check["backend"]: check["first_difference"] for check in said["backends"]}
    assert found == {"numpy": None, "onnx.reference": "/contract", "onnxruntime": "/contract", "host": "/sum"}


@pytest.mark.usefixtures("long_compile")
def test_a_model_that_takes_bytes_is_verified_on_bytes(shape_of, random_folded, tmp_path):
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(random_folded(shape_of(tokens=12, rows=3, layers=1)), narrow=True), path)
    code, said = run(path)
    assert (code, said["ok"]) == (0, True)


@pytest.mark.usefixtures("long_compile")
def test_a_sample_is_verified_instead_of_a_random_input(mlp_onnx, monkeypatch, tmp_path):
    samples = tmp_path / "samples.npz"
    x = np.zeros((2, 200), np.float32)
    x[1] = 7
    np.savez(samples, x=x, y=np.zeros(2, np.int64), classes=np.array(["a", "b"]))
    model = mlp_onnx()
    seen = []
    compiled = verify._compiled

    def recorded(model, window, board):
        seen.append(window)
        return compiled(model, window, board)

    monkeypatch.setattr(verify, "_compiled", recorded)
    code, _ = run(model, "--samples", samples, "--sample", 1)
    assert code == 0
    assert [window.tobytes() for window in seen] == [x[1:].tobytes()]
    result = CliRunner().invoke(command, [str(model), "--samples", str(samples), "--sample", "2"])
    assert "has 2 samples, counted from 0; there is no sample 2" in str(result.exception)
    result = CliRunner().invoke(command, [str(model), "--sample", "1"])
    assert (result.exit_code, "--sample goes with --samples" in result.output) == (2, True)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_layer_in_which_a_board_begins_to_differ(mlp_onnx, monkeypatch, tmp_path):
    """The model's file is found beside the bundle; a kernel of the board's target is wrong."""
    board = load_board("qemu-mps2-an500")
    model = mlp_onnx()
    samples = tmp_path / "samples.npz"
    x = np.random.default_rng(1).standard_normal((3, 200)).astype(np.float32)
    np.savez(samples, x=x, y=np.zeros(3, np.int64), classes=np.array(["a", "b"]))
    facts = {"different": 1, "samples": 3, "first_different": 2, "model_hash": file_sha256(model)}
    with pytest.raises(DeviceError, match=r"first in sample 2 .* no layer differs: what is in this"):
        refuse_with_layer(facts, board, samples, tmp_path)
    plan = verify.plan_program

    def wrong_on_the_board(matched, target):
        with monkeypatch.context() as patch:
            if target.name != "host":
                patch.setattr(planning, "mismatch_limit", lambda limit, K: mismatch_limit(limit, K) - 1)
            return plan(matched, target)

    monkeypatch.setattr(verify, "plan_program", wrong_on_the_board)
    with pytest.raises(DeviceError, match=r"first in sample 2 .*The first layer that differs is /expand\."):
        refuse_with_layer(facts, board, samples, tmp_path)
    model.unlink()
    with pytest.raises(DeviceError, match=r"`sensor-bnn verify .* --samples .*samples\.npz --sample 2`"):
        refuse_with_layer(facts, board, samples, tmp_path)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_what_overflows_is_no_difference(mlp_onnx, tmp_path):
    """The classifier gets infinities of both signs: their sum is another NaN on this machine than on Arm."""
    samples = tmp_path / "samples.npz"
    x = np.random.default_rng(1).choice(np.float32([-3e38, 3e38]), (1, 200))
    x[:, ::40], x[:, 1::40] = 3e38, -3e38
    np.savez(samples, x=x, y=np.zeros(1, np.int64), classes=np.array(["a", "b"]))
    board, model = load_board("qemu-mps2-an500"), mlp_onnx()
    loaded = load_model(model, STANDARD_OPERATORS)
    host, found = (verify._compiled(loaded, x, place)["y"] for place in (None, board))
    assert np.isnan(host).any() and host.tobytes() != found.tobytes()
    assert verify.first_unequal_layer(model, board, samples, 0) is None


@pytest.mark.usefixtures("long_run")
def test_in_words(mlp_onnx, monkeypatch):
    monkeypatch.setattr(planning, "mismatch_limit", lambda limit, K: mismatch_limit(limit, K) - 1)
    result = CliRunner().invoke(command, [str(mlp_onnx())])
    assert result.exit_code == 1
    assert "host: differs first in /expand" in result.stdout
    assert "onnxruntime: agrees" in result.stdout


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_layers_in_portions_are_those_of_one_run(mlp_onnx):
    model = load_model(mlp_onnx(), STANDARD_OPERATORS)
    plan = planning.plan_program(match_patterns(import_onnx(model)), find_target("host"))
    window = np.linspace(-2, 2, 5 * 40, dtype=np.float32)[None]
    last = len(plan.steps) - 1
    whole = verify._run(plan, list(range(last + 1)), window, None)
    for part in ([0], [1, 2], [last]):
        results = verify._run(plan, part, window, None)
        assert [name for name, _ in results] == [whole[step][0] for step in sorted({*part, last})]
        for step, (_, array) in zip(sorted({*part, last}), results, strict=True):
            assert array.tobytes() == whole[step][1].tobytes()


def test_what_does_not_fit_at_once_is_looked_at_in_portions(mlp_onnx):
    model = load_model(mlp_onnx(tokens=400), STANDARD_OPERATORS)
    plan = planning.plan_program(match_patterns(import_onnx(model)), find_target("cortex-m4"))
    portions = verify._portions(plan, load_board("qemu-netduinoplus2"))
    assert len(portions) > 1
    assert [step for portion in portions for step in portion] == list(range(len(plan.steps)))


def test_a_board_without_an_emulator(mlp_onnx):
    result = CliRunner().invoke(command, [str(mlp_onnx()), "--board", "no-such-board"])
    assert isinstance(result.exception, BoardError)


@pytest.mark.parametrize("difference", [(0, 0), (3, 1)])
def test_differences_are_counted(difference):
    want = np.array([0, 1, 2, np.nan], np.float32)
    got = want + np.float32([difference[0], 0, 0, 0])
    assert verify._difference(got, want) == (4, difference[1], float(difference[0]))
