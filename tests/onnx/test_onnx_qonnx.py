"""QONNX files: an export of Brevitas, and every form of a product of signs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import STANDARD_OPERATORS
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.load import load_model

pytestmark = pytest.mark.usefixtures("no_library")

FILES = Path(__file__).parent / "qonnx"
DOMAIN = "qonnx.custom_op.general"


def kinds(path: Path) -> list[str]:
    return [node.op_type for node in load_model(path, STANDARD_OPERATORS).graph.node]


@pytest.mark.usefixtures("long_compile")
def test_what_brevitas_exports_computes_what_qonnx_computes(tmp_path):
    path = FILES / "brevitas.onnx"
    written = {prop.key: prop.value for prop in onnx.load(path).metadata_props}
    assert written["written_with_brevitas"] and written["written_with_qonnx"]
    assert kinds(path) == ["BnnPack", "BnnLinearPacked", "BnnLinearPacked", "BnnLinear"]
    model = HostModel(compile_model(path, "host", tmp_path / "host").folder)
    stored = np.load(FILES / "brevitas.npz")
    assert len(stored["windows"]) == 8 and stored["outputs"].std() > 0.1
    for window, want in zip(stored["windows"], stored["outputs"], strict=True):
        np.testing.assert_array_equal(model.infer(window), want)


SIGNS = f"""
<domain: "{DOMAIN}", opset_import: ["": 17]>
BipolarQuant (x, scale) => (y)
{{
    zero = Constant <value = float {{0}}> ()
    positive = GreaterOrEqual (x, zero)
    minus = Neg (scale)
    y = Where (positive, scale, minus)
}}
"""
"""BipolarQuant in standard operators, so that onnx.reference can run the same file as the compiler."""


def write(path: Path, body: str, K: int = 37, N: int = 35) -> onnx.ModelProto:
    """A model of ``x [4, K]``, scales ``one`` and ``two``, weights ``w [K, N]`` and ``v [N, N]``, vectors."""
    rng = np.random.default_rng(0)
    text = f"""
    <ir_version: 8, opset_import: ["": 17, "{DOMAIN}": 1]>
    signs (float[4, {K}] x) => (float[4, {N}] y) {{ {body} }}
    """
    model = parser.parse_model(text)
    for node in model.graph.node:
        node.domain = DOMAIN if node.op_type == "BipolarQuant" else ""
    constants = {
        "one": np.float32([1]),
        "two": np.float32(0.25),
        "w": rng.standard_normal((K, N)),
        "wt": rng.standard_normal((N, K)),
        "v": rng.standard_normal((N, N)),
        "each": rng.choice([-2, -1, -0.5, 0, 0.5, 1, 2], N),
        "other": rng.integers(-8, 9, N) / 8,
        "variance": rng.choice([0.25, 1, 4], N),
    }
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(array.astype(np.float32), name)
        for name, array in constants.items()
        if name in used
    )
    onnx.save(model, path)
    return model


START = "a = BipolarQuant (x, one) b = BipolarQuant (w, two) "
END = " s = BipolarQuant (z, one) t = BipolarQuant (v, two) y = MatMul (s, t)"
BODIES = {
    "product": (START + "y = MatMul (a, b)", ["BnnPack", "BnnLinear"]),
    "scaled signs": ("a = BipolarQuant (x, two) b = BipolarQuant (w, two) y = MatMul (a, b)", None),
    "transposed weights": (
        "a = BipolarQuant (x, one) b = BipolarQuant (wt, two)"
        " c = Transpose <perm = [1, 0]> (b) y = MatMul (a, c)",
        ["BnnPack", "BnnLinear"],
    ),
    "Gemm": (
        "a = BipolarQuant (x, one) b = BipolarQuant (wt, two)"
        " y = Gemm <alpha = 0.5, beta = 2.0, transB = 1> (a, b, other)",
        ["BnnPack", "BnnLinear"],
    ),
    "scaled and shifted": (
        START + "p = MatMul (a, b) q = Mul (each, p) r = Sub (other, q) y = Add (r, each)",
        ["BnnPack", "BnnLinear"],
    ),
    "signs of signs": (START + "z = MatMul (a, b)" + END, ["BnnPack", "BnnLinearPacked", "BnnLinear"]),
    "thresholds of both slopes and none": (
        START + "p = MatMul (a, b) q = Mul (p, each) z = Add (q, other)" + END,
        ["BnnPack", "BnnLinearPacked", "BnnLinear"],
    ),
    "BatchNormalization": (
        START
        + "p = MatMul (a, b) z = BatchNormalization <epsilon = 0.0> (p, each, other, other, variance)"
        + END,
        ["BnnPack", "BnnLinearPacked", "BnnLinear"],
    ),
    "signs and floats of one product": (
        START + "z = MatMul (a, b)" + END.replace("y =", "o =") + " y = Add (z, o)",
        ["BnnPack", "BnnLinear", "BnnPack", "BnnLinear", "Add"],
    ),
    "two products of the same signs": (
        START + "p = MatMul (a, b) c = Neg (b) q = MatMul (a, b) y = Add (p, q)",
        ["BnnPack", "BnnLinear", "BnnLinear", "Add"],
    ),
}


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("name", BODIES)
def test_every_form_computes_what_the_reference_computes(name, tmp_path):
    body, wanted = BODIES[name]
    path = tmp_path / "model.onnx"
    model = write(path, body)
    if wanted is not None:
        assert kinds(path) == wanted
    model.functions.append(parser.parse_function(SIGNS))
    reference = ReferenceEvaluator(model)
    host = HostModel(compile_model(path, "host", tmp_path / "host").folder)
    rng = np.random.default_rng(1)
    for _ in range(5):
        window = (rng.integers(-4, 5, (4, 37)) / 4).astype(np.float32)  # zeros, whose sign is +1, among them
        (want,) = reference.run(None, {"x": window})
        np.testing.assert_allclose(host.infer(window), want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a = BipolarQuant (x, one) y = MatMul (a, w)", "BipolarQuant"),
        (START + "s = BipolarQuant (x, each) y = MatMul (s, b)", "not valid|BipolarQuant"),
        ("s = BipolarQuant (x, one) y = MatMul (x, w)", None),
        ("z = MatMul (x, w) y = BipolarQuant (z, one)", "BipolarQuant"),
    ],
)
def test_signs_that_have_no_packed_form_are_named(body, said, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, body)
    if said is None:  # a value that no node reads is not part of the model
        assert kinds(path) == ["MatMul"]
        return
    with pytest.raises(ModelError, match=said):
        load_model(path, STANDARD_OPERATORS)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("Gemm", "beta", [1, 2, 3]),
        ("Gemm", "alpha", "text"),
        ("Transpose", "perm", 0.5),
        ("BatchNormalization", "epsilon", [1, 2]),
        ("BatchNormalization", "epsilon", -1e9),
        ("Gemm", "alpha", float("nan")),
        ("Gemm", "beta", 3e38),
    ],
)
def test_attributes_of_another_type_and_scales_that_are_no_numbers_are_one_sentence(
    kind, name, value, tmp_path
):
    """The fuzzer found the first four."""
    model = onnx.load(FILES / "brevitas.onnx")
    node = next(node for node in model.graph.node if node.op_type == kind)
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, onnx.helper.make_attribute(name, value)])
    if value == 3e38:
        bias = next(t for t in model.graph.initializer if t.name == node.input[2])
        bias.CopyFrom(numpy_helper.from_array(np.full(64, 3e38, np.float32), bias.name))
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=f"{name}|infinite or not a number") as caught:
        load_model(tmp_path / "model.onnx", STANDARD_OPERATORS)
    assert "\n" not in str(caught.value) and "/layers/layers" in str(caught.value)


@pytest.mark.parametrize("place", [0, 1], ids=["weights", "scale"])
@pytest.mark.parametrize("dtype", [bool, np.int32, np.complex64])
def test_signs_of_constants_that_are_no_floats_are_one_sentence(place, dtype, tmp_path):
    """The fuzzer found the scale of booleans."""
    model = onnx.load(FILES / "brevitas.onnx")
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    node = next(n for n in model.graph.node if n.op_type == "BipolarQuant" and n.input[0] in constants)
    changed = constants[node.input[place]]
    changed.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(changed).astype(dtype), changed.name))
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path / "model.onnx", STANDARD_OPERATORS)
    assert "\n" not in str(caught.value) and "BipolarQuant" in str(caught.value)
