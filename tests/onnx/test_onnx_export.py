"""An exported model computes what the folded model means, in stock runtimes, bit for bit."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from sensor_bnn.errors import FileError, ModelError
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.load import load_model
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.types import infer_types

STANDARD = {"Add", "MatMul", "ReduceMean", "Reshape", "Transpose"}

SHAPES = {
    "T8": {},
    "T33-two-heads": {"tokens": 33, "heads": 2, "layers": 1},
    "T50-dh96": {"tokens": 50, "width": 96, "layers": 1},
    "T32-hidden-odd": {"tokens": 32, "hidden": 100},
    "T1": {"tokens": 1, "width": 32, "layers": 1, "classes": 1},
    "T65-three-heads": {"tokens": 65, "width": 96, "heads": 3, "channels": 1, "patch": 1},
    "image-2x6": {"tokens": 12, "rows": 2, "layers": 1},
    "image-grey-6x6": {"tokens": 36, "rows": 6, "channels": 1, "patch": 2, "layers": 1},
}


def all_values(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every intermediate as an output."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(opened.graph.value_info)
    return opened


@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES)
def test_every_value_is_the_plain_forward(sizes, shape_of, random_folded, plain_forward, random_window):
    folded = random_folded(shape_of(**sizes), seed=len(sizes))
    model = all_values(to_onnx(folded))
    names = [value.name for value in model.graph.output]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    evaluator = ReferenceEvaluator(model)
    types = infer_types(model)
    for seed in range(3):
        window = random_window(folded, seed)
        want = plain_forward(folded, window)
        for run in (session.run, evaluator.run):
            got = dict(zip(names, run(None, {"window": window}), strict=True))
            for name, array in want.items():
                expected = pack_bits(array) if array.dtype == bool else array
                # The mean over tokens is no multiple of 1/8: from there on sums depend on their order.
                if name == "logits":
                    np.testing.assert_allclose(got[name], expected, rtol=1e-6, atol=1e-5)
                else:
                    np.testing.assert_array_equal(got[name], expected, err_msg=name)
            for name, array in got.items():
                assert (array.dtype, array.shape) == (types[name].dtype, types[name].shape), name


def test_the_random_model_uses_both_sides_of_every_threshold(
    shape_of, random_folded, plain_forward, random_window
):
    folded = random_folded(shape_of(tokens=33))
    values = plain_forward(folded, random_window(folded, 0))
    for name, array in values.items():
        if array.dtype == bool:
            assert 0.05 < array.mean() < 0.95, name


def test_same_model_same_bytes(shape_of, random_folded, tmp_path):
    for name in ("a", "b"):
        save_onnx(to_onnx(random_folded(shape_of())), tmp_path / name / "model.onnx")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*/model.onnx")}
    assert len(digests) == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["model.onnx"]


def test_file_says_what_it_is(shape_of, random_folded):
    folded = random_folded(shape_of())
    model = to_onnx(folded)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["name"] == model.graph.name == folded.name
    assert json.loads(metadata["classes"]) == list(folded.classes)
    assert metadata["producer_version"] == model.producer_version != ""
    assert model.ir_version == 10
    assert {(entry.domain, entry.version) for entry in model.opset_import} == {("", 20), (DOMAIN, 1)}
    assert {function.name for function in model.functions} == {
        name for name, operator in OPERATORS.items() if operator.since == 1
    }
    names = [node.name for node in model.graph.node]
    assert "/blocks.1/attention/query" in names and "/blocks.0/mlp/contract" in names
    assert len(set(names)) == len(names)


def test_weights_are_one_bit_each(shape_of, random_folded):
    model = to_onnx(random_folded(shape_of(width=64, hidden=128, layers=1)))
    (weight,) = [t for t in model.graph.initializer if t.name == "blocks.0.mlp.expand.weight"]
    assert weight.data_type == onnx.TensorProto.UINT32
    assert len(weight.raw_data) == 128 * 64 // 8


def test_a_saved_model_loads_with_every_type(shape_of, random_folded, tmp_path):
    model = to_onnx(random_folded(shape_of()))
    save_onnx(model, tmp_path / "model.onnx")
    loaded = load_model(tmp_path / "model.onnx", STANDARD)
    assert loaded == model


def test_stripping_functions_and_shapes_loses_no_types(shape_of, random_folded, tmp_path):
    model = to_onnx(random_folded(shape_of()))
    stripped = onnx.ModelProto()
    stripped.CopyFrom(model)
    del stripped.functions[:]
    del stripped.graph.value_info[:]
    (tmp_path / "model.onnx").write_bytes(stripped.SerializeToString())
    assert load_model(tmp_path / "model.onnx", STANDARD).graph == model.graph


def _broken(folded, what):
    attention, mlp = folded.blocks[0]
    if what == "nan":
        bias = folded.head_bias.copy()
        bias[0] = np.nan
        return replace(folded, head_bias=bias)
    if what == "heads":
        return replace(folded, heads=4)
    if what == "length":
        return replace(folded, length=folded.length + 1)
    if what == "height":
        return replace(folded, height=folded.patch + 1)
    if what == "table":
        return replace(folded, blocks=((replace(attention, table=attention.table + 65536), mlp),))
    assert what == "shape"
    return replace(folded, blocks=((attention, replace(mlp, threshold=mlp.threshold[1:])),))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nan", "head_bias is not finite"),
        ("heads", "head width 16 is no multiple of 32"),
        ("length", "length 33 is no multiple of 4"),
        ("height", "height 5 is no multiple of 4"),
        ("table", r"blocks.0.attention.table has an entry outside 0 to 65535"),
        ("shape", r"blocks.0.mlp.threshold is float32\[63\], not float32\[64\]"),
    ],
)
def test_a_model_that_cannot_be_exported_says_why(what, said, shape_of, random_folded):
    with pytest.raises(ModelError, match=said):
        to_onnx(_broken(random_folded(shape_of(layers=1)), what))


def test_an_invalid_model_is_not_written(shape_of, random_folded, tmp_path):
    model = to_onnx(random_folded(shape_of(layers=1)))
    model.graph.node[3].input[0] = "nowhere"
    with pytest.raises(ModelError, match="not valid ONNX"):
        save_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_one_sentence(shape_of, random_folded, tmp_path):
    model = to_onnx(random_folded(shape_of(layers=1)))
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        save_onnx(model, tmp_path / "model.onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        save_onnx(model, tmp_path / "file" / "model.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "model.onnx"]
