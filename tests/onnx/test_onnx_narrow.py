"""Constants of 16 and 8 bits, and images as bytes: an option of the export, with equal results everywhere."""

import json
from dataclasses import fields, is_dataclass

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.errors import DataError
from sensor_bnn.nn.families import build, preset
from sensor_bnn.onnx.compare import run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.narrow import PIXEL, eighth, half, narrowed
from sensor_bnn.onnx.quantities import to_model_input

pytestmark = pytest.mark.usefixtures("no_library")

FLOATS = st.floats(-4, 4, width=32)


@given(arrays.arrays(np.float32, st.integers(1, 20), elements=FLOATS))
def test_half_is_the_nearest_float16_and_never_subnormal(array):
    rounded = half(array)
    assert rounded.dtype == np.float32
    assert np.array_equal(rounded.astype(np.float16).astype(np.float32), rounded)
    assert np.all((rounded == 0) | (np.abs(rounded) >= 2.0**-14))
    assert np.all(np.abs(rounded - array) <= np.maximum(np.abs(array) * 2.0**-11, 2.0**-14))


def test_what_float16_cannot_hold_stays():
    array = np.array([1e5, 1.2345678], np.float32)
    assert half(array) is array


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=FLOATS),
    st.sampled_from([1, PIXEL]),
)
@example(np.full((1, 1), 1e-45, np.float32), 1)
@example(np.full((40000, 1), 1e-43, np.float32), PIXEL)
def test_eight_bits_are_near_and_their_sums_exact(weight, largest):
    whole, scale = eighth(weight, largest)
    assert np.array_equal(whole, whole.astype(np.int8).astype(np.float32))
    assert np.all(scale > 0)
    # Up to 2^24 float32 holds every integer.
    assert np.all(np.abs(whole).sum(axis=0) * largest <= 2**24)
    size = np.abs(weight).max(axis=0)
    assert np.all(np.abs(whole * scale - weight) <= size / 127 * 0.51 + size * 2.0**-10 + 1e-30)


def test_a_long_row_of_pixels_still_sums_exactly():
    weight = np.full((3000, 1), 0.5, np.float32)
    whole, scale = eighth(weight, PIXEL)
    assert 16 < whole[0, 0] < 127 and whole.sum() * PIXEL <= 2**24
    assert whole[0, 0] * scale[0] == pytest.approx(0.5, rel=0.03)


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("rows", [0, 3], ids=["windows", "images"])
def test_every_backend_computes_with_the_same_values(rows, shape_of, random_folded, random_window, tmp_path):
    folded = random_folded(shape_of(tokens=12, rows=rows, layers=2))
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(folded, narrow=True), path)
    assert onnx.load(path).graph.input[0].type.tensor_type.elem_type == (
        onnx.TensorProto.UINT8 if rows else onnx.TensorProto.FLOAT
    )
    bundle = compile_model(path, "host", tmp_path / "host")
    model = HostModel(bundle.folder)
    full = tmp_path / "full.onnx"
    save_onnx(to_onnx(folded), full)
    wide = compile_model(full, "host", tmp_path / "full")
    assert bundle.metadata.weights_bytes < wide.metadata.weights_bytes
    session = onnxruntime.InferenceSession(path)
    rng = np.random.default_rng(0)
    for seed in range(3):
        shape = (1, *folded.input_shape)
        window = rng.integers(0, 256, shape).astype(np.uint8) if rows else random_window(folded, seed)
        (want,) = session.run(None, {"window": window})
        np.testing.assert_allclose(model.infer(window), want, rtol=1e-5, atol=1e-5)


def test_pixels_become_bytes_and_nothing_else_does():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    x = pixels.astype(np.float32) / np.float32(255)
    assert np.array_equal(to_model_input(x, np.dtype(np.uint8)), pixels)
    assert to_model_input(x, np.dtype(np.float32)) is x
    for wrong in (x + np.float32(0.001), x * 2, -x, np.full_like(x, np.nan)):
        with pytest.raises(DataError, match="byte / 255"):
            to_model_input(wrong, np.dtype(np.uint8))


def test_run_model_gives_a_model_of_bytes_its_bytes(shape_of, random_folded, tmp_path):
    folded = random_folded(shape_of(tokens=12, rows=3, layers=1))
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(folded, narrow=True), path)
    pixels = np.random.default_rng(1).integers(0, 256, (2, *folded.input_shape)).astype(np.uint8)
    (want,) = onnxruntime.InferenceSession(path).run(None, {"window": pixels[:1]})
    got = run_model(path, pixels.astype(np.float32) / np.float32(255))
    assert np.array_equal(got[:1], want)


@pytest.mark.usefixtures("long_compile")
def test_the_command_says_what_narrowing_does_to_the_answers(tmp_path):
    from click.testing import CliRunner

    from sensor_bnn.cli.export import command
    from sensor_bnn.workflows.demo import SHIPPED

    checkpoint = str(SHIPPED.parent / "watch-tiny" / "ckpt.pt")
    arguments = [checkpoint, "--narrow", "--target", "host", "-o", str(tmp_path), "--json"]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["comparison"]
    assert found["agreement"] > 0.9  # a rounded threshold flips some bits of a binary model
    assert abs(found["top1_onnx"] - found["top1_torch"]) < 0.02
    assert found["largest_logit_difference"] > 1e-3


def test_every_part_of_a_model_is_narrowed():
    """All float constants but those of embedding and head, which get 8 bits, and the ratio of each head."""
    found = set()
    for changes in ({"residual": "layer"}, {"norm": "layer", "pre_norm": "layer", "activation": "rprelu"}):
        model = build(preset("sensor-tiny", classes=["a", "b"], **changes))
        rng = np.random.default_rng(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.from_numpy(rng.normal(size=parameter.shape).astype(np.float32)))
        folded = model.eval().fold()
        found |= {name for name, array in constants(folded) if not np.array_equal(array, half(array))}
        left = [name for name, array in constants(narrowed(folded)) if not np.array_equal(array, half(array))]
        assert {name.rpartition(".")[2] for name in left} <= {"embed_weight", "head_weight", "ratio"}
    kinds = {name.rpartition(".")[2] for name in found}
    assert {"gain", "bias", "before", "slope", "after", "scale"} <= kinds
    assert any(".query.linear.scale" in name for name in found)


def constants(part, name=""):
    """Yield the float arrays of a folded model and their paths."""
    if isinstance(part, np.ndarray):
        if part.dtype == np.float32:
            yield name, part
    elif isinstance(part, tuple):
        for place, inner in enumerate(part):
            yield from constants(inner, f"{name}.{place}")
    elif is_dataclass(part):
        for field in fields(part):
            yield from constants(getattr(part, field.name), f"{name}.{field.name}")
