"""Float parts in standard operators: the host is close to ONNX Runtime, and a board has the host's bits."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from elftools.elf.elffile import ELFFile
from onnx import numpy_helper, parser

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import list_targets
from sensor_bnn.errors import ModelError
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.workflows.verify import verify_model

pytestmark = pytest.mark.usefixtures("no_library")


def write(path: Path, body: str, given: str, result: str) -> onnx.ModelProto:
    text = f"""
    <ir_version: 10, opset_import: ["": 20, "{DOMAIN}": 1]>
    floats (float[{given}] x) => (float[{result}] y) {{ {body} }}
    """
    model = parser.parse_model(text)
    rng = np.random.default_rng(0)
    arrays = {
        "gain": rng.standard_normal(37),
        "shift": rng.standard_normal(37),
        "slope": rng.random(37),
        "w": rng.standard_normal((37, 8)),
        "wt": rng.standard_normal((8, 37)),
        "eight": rng.standard_normal(8),
        "conv": rng.standard_normal((64, 3, 4, 4)) / 7,
        "conv1": rng.standard_normal((8, 3, 5)),
        "bias": rng.standard_normal(64),
        "threshold": rng.standard_normal(64) / 4,
        "scale": rng.random(64) / 8,
        "gain64": rng.standard_normal(64),
        "slope64": rng.random(64),
        "head": rng.standard_normal((5, 64)),
        "head_bias": rng.standard_normal(5),
    }
    constants = {name: array.astype(np.float32) for name, array in arrays.items()}
    constants["rows"] = np.array([64, 6])
    constants["axes"] = np.array([0])
    constants["mean_axes"] = np.array([0])
    constants["bits"] = pack_bits(rng.random((64, 64)) < 0.5)
    used = set()
    for node in model.graph.node:
        if node.op_type in OPERATORS:
            node.domain = DOMAIN
        used |= {node.op_type, *node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in constants.items() if name in used
    )
    model.functions.extend(operator.function() for name, operator in OPERATORS.items() if name in used)
    onnx.save(model, path)
    return model


BODIES = {
    "Softmax": "y = Softmax (x)",
    "Softmax over columns": "y = Softmax <axis = 0> (x)",
    "LayerNormalization": "y = LayerNormalization (x, gain, shift)",
    "LayerNormalization without a shift": "y = LayerNormalization <epsilon = 0.001> (x, gain)",
    "Erf": "y = Erf (x)",
    "Gelu": "y = Gelu (x)",
    "Gelu by tanh": 'y = Gelu <approximate = "tanh"> (x)',
    "PRelu": "y = PRelu (x, slope)",
    "Div": "y = Div (x, slope)",
}


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("name", BODIES)
def test_near_onnxruntime(name, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, BODIES[name], "9, 37", "9, 37")
    host = HostModel(compile_model(path, "host", tmp_path / "host").folder)
    session = onnxruntime.InferenceSession(path)
    for spread in (0.01, 1, 8, 300):
        window = (np.random.default_rng(1).standard_normal((9, 37)) * spread).astype(np.float32)
        (want,) = session.run(None, {"x": window})
        atol = 1e-6 * max(1.0, np.abs(want).max())
        np.testing.assert_allclose(host.infer(window), want, rtol=2e-6, atol=atol)


SHAPES = {
    "Gemm": ("y = Gemm <alpha = 0.5, beta = 2.0> (x, w, eight)", "4, 37", "4, 8"),
    "Gemm, turned weights, no sum": ("y = Gemm <transB = 1> (x, wt)", "4, 37", "4, 8"),
    "Gemm of the same matrix twice": (
        "y = Gemm <alpha = 0.5, beta = 2.0, transA = 1> (x, x, x)",
        "4, 4",
        "4, 4",
    ),
    "Conv of an image": (
        "y = Conv <strides = [4, 4], kernel_shape = [4, 4]> (x, conv, bias)",
        "1, 3, 12, 8",
        "1, 64, 3, 2",
    ),
    "Conv of a window, no sum": ("y = Conv <strides = [5]> (x, conv1)", "1, 3, 20", "1, 8, 4"),
    "shapes": (
        "a = Unsqueeze (x, axes) b = Squeeze (a, axes) c = Flatten (b) d = Identity (c) y = Relu (d)",
        "4, 6, 2",
        "4, 12",
    ),
}


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("name", SHAPES)
def test_operators_in_disguise(name, tmp_path):
    body, given, result = SHAPES[name]
    path = tmp_path / "model.onnx"
    write(path, body, given, result)
    host = HostModel(compile_model(path, "host", tmp_path / "host").folder)
    window = np.random.default_rng(1).standard_normal(tuple(map(int, given.split(",")))).astype(np.float32)
    (want,) = onnxruntime.InferenceSession(path).run(None, {"x": window})
    np.testing.assert_allclose(host.infer(window), want, rtol=1e-5, atol=1e-5)


MIXED = """
    image = Conv <strides = [4, 4]> (x, conv, bias)
    flat = Reshape (image, rows)
    tokens = Transpose <perm = [1, 0]> (flat)
    norm = LayerNormalization (tokens, gain64, bias)
    signs = BnnPack (norm, threshold)
    product = BnnLinear <K = 64> (signs, bits, scale, bias)
    stream = Add (product, tokens)
    bent = PRelu (stream, slope64)
    soft = Gelu (bent)
    share = Softmax (soft)
    wave = Erf (share)
    sum = Add (wave, soft)
    again = BnnPack (sum, threshold)
    last = BnnLinear <K = 64> (again, bits, scale, bias)
    mean = ReduceMean <keepdims = 1> (last, mean_axes)
    y = Gemm <transB = 1> (mean, head, head_bias)
"""


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_model_of_bits_and_floats_gives_the_hosts_bits_on_an_emulated_m7(tmp_path):
    path = tmp_path / "model.onnx"
    write(path, MIXED, "1, 3, 12, 8", "1, 5")
    checks = {check.backend: check for check in verify_model(path, load_board("qemu-mps2-an500"), 0)}
    assert {name: check.first_difference for name, check in checks.items()} == dict.fromkeys(checks)
    board = {layer.operator: layer for layer in checks["qemu-mps2-an500"].layers}
    assert {"LayerNormalization", "PRelu", "Gelu", "Softmax", "Erf", "BnnPack"} <= set(board)
    assert {layer.differs_from_host for layer in checks["qemu-mps2-an500"].layers} == {0}


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("target", [target.name for target in list_targets()])
def test_no_target_needs_a_library_of_mathematics(target, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, MIXED, "1, 3, 12, 8", "1, 5")
    # The model is compared with its file where the target is the host.
    checked = None if target == "host" else hashlib.sha256(path.read_bytes()).hexdigest()
    bundle = compile_model(path, target, tmp_path / "out", checked=checked)
    with (bundle.folder / "kernels.o").open("rb") as file:
        symbols = list(ELFFile(file).get_section_by_name(".symtab").iter_symbols())
    needed = {s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name}
    assert {name for name in needed if not name.startswith("__")} <= {"memcpy", "memset"}


@pytest.mark.parametrize(
    ("body", "given", "result", "said"),
    [
        ("y = Conv <strides = [1, 1]> (x, conv)", "1, 3, 12, 8", "1, 64, 9, 5", "is not a patch embedding"),
        ("y = Conv <strides = [4, 4]> (x, x)", "3, 3, 4, 4", "3, 3, 1, 1", "weights that are not constants"),
        (
            "a = Relu (x) y = Softmax (a)",
            "16384, 16384",
            "16384, 16384",
            "more than 32-bit addresses reach; node .* alone uses",
        ),
    ],
)
def test_what_has_no_kernel_is_named(body, given, result, said, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, body, given, result)
    with pytest.raises(ModelError, match=said):
        compile_model(path, "host", tmp_path / "host")
