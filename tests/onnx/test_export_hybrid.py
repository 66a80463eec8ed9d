"""A hybrid model as ONNX: the same integers in numpy, ONNX Runtime and onnx.reference; names and steps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from hybrids import CLASSES, random_examples, random_hybrid
from onnx.reference import ReferenceEvaluator

from sensor_bnn.cli.export import command as export_command
from sensor_bnn.data.samples import Windows, read_samples, write_samples
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import save_checkpoint
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.folded_hybrid_forward import Trace, forward
from sensor_bnn.nn.ranges import measuring
from sensor_bnn.onnx.compare import run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.from_checkpoint import export_checkpoint
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS
from sensor_bnn.onnx.quantities import to_logits, to_model_input
from sensor_bnn.workflows.demo import SHIPPED

Values = dict[str, npt.NDArray[Any]]

NODE = re.compile(r"(stem|layers\.\d+)\.?(.*)")
"""A value of the naive reference: its layer and its part, ``layers.0.query``; the node is /layers.0/query."""

SHAPES: dict[str, dict[str, Any]] = {
    "windows": {"stages": ("conv conv:2 pool attn", "mlp"), "widths": (32, 64), "thresholds": 2},
    "bytes": {"stages": ("conv@8 mlp@8 mlp",), "stem_pool": 2, "pooling": ("max", "mean")},
    "int8": {"precision": "int8", "stages": ("conv:2 pool",), "activation": "layer"},
    "ReLU": {"stages": ("conv conv@8",), "activation": "relu"},
    "image": {
        "stages": ("conv attn", "conv"),
        "widths": (32, 64),
        "height": 7,
        "length": 9,
        "channels": 3,
        "kernel": 3,
    },
    "windows by themselves": {"stages": ("conv pool attn",), "normalise": "window", "thresholds": 2},
    "windows in their own power of two": {"stages": ("conv",), "normalise": "window", "gain": "window"},
    "windows without their mean": {"stages": ("conv mlp",), "normalise": "mean"},
    "an image without its mean": {"height": 7, "length": 9, "channels": 3, "normalise": "mean"},
    "windows as they are": {"stages": ("conv",), "normalise": "none"},
    "an image by itself": {"height": 7, "length": 9, "channels": 3, "normalise": "window", "stem_pool": 2},
    "one token": {"stages": ("attn",), "length": 2, "stem_stride": 2, "pooling": ("positive",)},
}


def run_in_numpy(model: onnx.ModelProto, window: npt.NDArray[Any]) -> Values:
    """Every value of the graph, by the references of the operators."""
    values: Values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    values["window"] = window
    for node in model.graph.node:
        inputs = [values[name] for name in node.input]
        attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
        if node.domain == DOMAIN:
            values[node.output[0]] = OPERATORS[node.op_type].evaluate(inputs, attributes)
        elif node.op_type == "Reshape":
            values[node.output[0]] = inputs[0].reshape(inputs[1])
        elif node.op_type == "Transpose":
            values[node.output[0]] = inputs[0].transpose(attributes["perm"])
        else:
            assert node.op_type == "Concat"
            values[node.output[0]] = np.concatenate(inputs, axis=attributes["axis"])
    return values


def inputs_of(folded: FoldedHybrid, x: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    dtype = np.dtype(np.uint8 if folded.input_step is None else np.int16)
    return to_model_input(x, dtype, folded.input_step, folded.input_gain)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_runtimes_give_the_same_integers(shape: str) -> None:
    made = random_hybrid(0, **SHAPES[shape])
    folded = made.fold()
    model = to_onnx(folded)
    onnx.checker.check_model(model, full_check=True)
    inputs = inputs_of(folded, random_examples(made.config, 6, 5).numpy())
    trace: Trace = {}
    expected = forward(folded, inputs, trace)
    stock = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    other = ReferenceEvaluator(model)
    for at, window in enumerate(inputs):
        values = run_in_numpy(model, window[None])
        compared = 0
        for name, stream in trace.items():
            node = NODE.sub(r"/\1/\2", name).rstrip("/").removesuffix("/epilogue") + "/epilogue"
            if name != "stem" and node in values:
                assert np.array_equal(values[node], stream[at].reshape(-1, stream.shape[-1])), name
                compared += 1
        assert compared
        for logits in (
            values["logits"],
            stock.run(None, {"window": window[None]})[0],
            other.run(None, {"window": window[None]})[0],  # type: ignore[call-overload]
        ):
            assert logits.dtype == np.int16
            assert np.array_equal(logits[0], expected[at])


def test_on_real_windows(tmp_path: Path) -> None:
    """All shipped windows of the smartwatch set, converted by the steps that the file says."""
    samples = read_samples(SHIPPED / "samples.npz")
    x = samples.x[:]
    made = random_hybrid(0, channels=6, length=100, stages=("conv pool attn",), stem_stride=4)
    made.set_normalisation(torch.from_numpy(x.mean(axis=(0, 2))), torch.from_numpy(x.std(axis=(0, 2))))
    made.train()
    with torch.no_grad():
        for _ in range(30):
            made(torch.from_numpy(x[:64]))
    made.eval()
    made.ranges.clear()
    made.ranges.set_input(torch.from_numpy(np.abs(x).max(axis=(0, 2))), torch.zeros(6, dtype=torch.bool))
    with torch.no_grad(), measuring(made, made.ranges):
        floats = made(torch.from_numpy(x)).numpy()
    folded = made.fold()
    save_onnx(to_onnx(folded), tmp_path / "model.onnx")
    found = run_model(tmp_path / "model.onnx", x)
    assert np.array_equal(found, to_logits(forward(folded, inputs_of(folded, x)), folded.output_step))
    # Random weights: a rounding that turns one sign turns many after it, so this bound is wide.
    assert np.median(np.abs(found - floats)) < 0.1 * np.std(floats)
    assert (found.argmax(axis=1) == floats.argmax(axis=1)).mean() > 0.9


def test_names_types_and_metadata() -> None:
    folded = random_hybrid(0, stages=("conv mlp attn",)).fold()
    model = to_onnx(folded)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said["classes"]) == list(CLASSES) and said["name"] == "toy"
    assert json.loads(said["input_step"]) == list(folded.input_step or ())
    assert json.loads(said["output_step"]) == folded.output_step
    assert {entry.domain: entry.version for entry in model.opset_import}[DOMAIN] == 2
    kinds = {
        tensor.name: onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        for tensor in model.graph.initializer
    }
    assert {kind.name for kind in kinds.values()} == {"uint32", "int8", "int16", "int32", "int64"}
    assert kinds["layers.0.product.weight"] == np.uint32 and kinds["layers.0.threshold"] == np.int16
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert {
        *("/stem/quantize", "/stem/patches", "/stem/product", "/stem/epilogue"),
        *("/layers.0/pack", "/layers.0/patches", "/layers.0/product", "/layers.0/epilogue"),
        *("/layers.1/expand/product", "/layers.1/contract/product", "/layers.1/epilogue"),
        *("/layers.2/query/epilogue", "/layers.2/map", "/layers.2/output", "/layers.2/epilogue"),
        *("/head/positive", "/head/features", "/head/linear", "/head/epilogue"),
    } <= set(names)
    assert to_onnx(folded).SerializeToString(deterministic=True) == model.SerializeToString(
        deterministic=True
    )


def test_an_image_is_bytes_and_has_no_input_step() -> None:
    model = to_onnx(random_hybrid(0, **SHAPES["image"]).fold())
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert "input_step" not in {entry.key for entry in model.metadata_props}


def test_a_channel_has_eight_bytes() -> None:
    """Scale, bias, slope and threshold, 2 bytes each, and its weights."""
    model = to_onnx(random_hybrid(0, stages=("conv",), widths=(64,)).fold())
    of_layer = [
        onnx.numpy_helper.to_array(tensor).nbytes
        for tensor in model.graph.initializer
        if tensor.name.startswith("layers.0.") and not tensor.name.endswith("weight")
    ]
    assert sum(of_layer) == 8 * 64


def test_exported_from_a_checkpoint_and_compared(tmp_path: Path) -> None:
    made = random_hybrid(2, stages=("conv",))
    x = random_examples(made.config, 12, 3).numpy()
    save_checkpoint(tmp_path / "ckpt.pt", made, {}, {})
    write_samples(tmp_path / "samples.npz", Windows(x, np.arange(12) % 3, CLASSES))
    done = export_checkpoint(tmp_path / "ckpt.pt", tmp_path / "out")
    assert done.comparison is not None and done.comparison.samples == 12
    assert done.comparison.agreement >= 11 / 12
    again = export_checkpoint(tmp_path / "ckpt.pt", tmp_path / "narrow", narrow=True)
    assert again.model_hash == done.model_hash


@pytest.mark.usefixtures("long_compile")
def test_a_difference_of_integers_is_explained(
    tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    """And one of floats is not, as it is of rounding alone."""
    made = random_hybrid(2, stages=("conv",))
    x = random_examples(made.config, 12, 3).numpy()
    save_checkpoint(tmp_path / "ckpt.pt", made, {}, {})
    write_samples(tmp_path / "samples.npz", Windows(x, np.arange(12) % 3, CLASSES))
    words = ["--target", "host", "-o", str(tmp_path / "out")]
    told = CliRunner().invoke(export_command, [str(tmp_path / "ckpt.pt"), *words])
    assert told.exit_code == 0, (told.output, told.exception)
    facts = json.loads(
        CliRunner().invoke(export_command, [str(tmp_path / "ckpt.pt"), *words, "--json"]).stdout
    )
    conforms("export", facts)
    same = facts["comparison"]["agreement"] * 12
    said = f"which round; {same:.0f} of 12 samples get the same class)"
    assert facts["comparison"]["integers"] and said in told.stdout
    narrow = CliRunner().invoke(export_command, [str(tmp_path / "ckpt.pt"), *words, "--narrow", "--json"])
    assert json.loads(narrow.stdout)["model_hash"] == facts["model_hash"]
    assert "--narrow changes nothing: the model computes in integers" in narrow.stderr
    of_floats = str(SHIPPED.parent / "watch-tiny" / "ckpt.pt")
    done = CliRunner().invoke(export_command, [of_floats, "--target", "host", "-o", str(tmp_path / "float")])
    assert "largest logit difference" in done.stdout and "round" not in done.stdout


def test_what_is_refused_leaves_no_file(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "ckpt.pt", random_hybrid(0, restore="live"), {}, {})
    with pytest.raises(CheckpointError, match='there are no integers yet for restore = "live"'):
        export_checkpoint(tmp_path / "ckpt.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sample_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    made = random_hybrid(0)
    save_onnx(to_onnx(made.fold()), tmp_path / "model.onnx")
    x = random_examples(made.config, 2, 3).numpy()
    x[1, 0, 7] = np.nan
    with pytest.raises(DataError, match=r"x\[1, 0, 7\] of the samples is nan"):
        run_model(tmp_path / "model.onnx", x)
