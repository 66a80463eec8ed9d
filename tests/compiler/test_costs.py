"""Estimated instructions are compared with counts on emulated cores, for whole models and single layers."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from hybrid_graphs import Hybrid, Layer, hybrid
from onnx import TensorProto, helper, numpy_helper

from sensor_bnn import export
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.costs import costs_of
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target, list_targets
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import Board, load_board
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.measure.on_board import with_image
from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPSET
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.workflows.demo import SHIPPED

BOARDS = (
    *("qemu-microbit", "qemu-mps2-an385", "qemu-mps2-an386", "qemu-mps2-an500"),
    *("qemu-mps3-an547", "qemu-raspi3b", "qemu-virt-rv32"),
)
CLASSES = tuple(name for name in BOARDS if name != "qemu-mps2-an386")
"""One board for each class of cores."""

WHOLE = 0.08
"""The largest relative error of a model's estimate."""
LAYER = 0.35
"""The largest relative error of a layer that takes at least a fiftieth of the model."""


def counts(bundle: Bundle, board: Board, folder: Path) -> list[int]:
    """Return the counted instructions of each layer for one random input."""
    build = build_firmware(bundle.folder, board, folder)
    given = bundle.metadata.input
    spread = 1 if given.dtype == "float32" else 1000
    x = np.random.default_rng(1).normal(scale=spread, size=given.shape).astype(given.dtype)
    with (
        Emulator(with_image(board, build.firmware_bin), build.bootloader_elf) as emulator,
        SerialPort(emulator.port, board.uart) as line,
    ):
        client = Client(line)
        hello = greet(line, client)
        check_answer(hello, board, bundle.metadata)
        client.write_input(x.tobytes())
        _, ticks = client.profile()
    found = [instructions_of(count, hello, board) for count in ticks]
    return [count for count in found if count is not None]


def check_estimates(model: Path, board: Board, folder: Path) -> None:
    # The model is compared with its file where it is compiled for the first board.
    checked = None if board.name == BOARDS[0] else hashlib.sha256(model.read_bytes()).hexdigest()
    bundle = compile_model(model, board.target, folder / "bundle", checked=checked)
    layers = bundle.metadata.layers
    counted = counts(bundle, board, folder / "build")
    assert len(counted) == len(layers)
    total = sum(counted)
    assert sum(layer.instructions_estimated for layer in layers) == pytest.approx(total, rel=WHOLE)
    for layer, count in zip(layers, counted, strict=True):
        if count >= total / 50:
            assert layer.instructions_estimated == pytest.approx(count, rel=LAYER), layer.name


@pytest.fixture(scope="module", params=("sensor-small", "watch-tiny"))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(SHIPPED.parent / request.param / "ckpt.pt", tmp_path_factory.mktemp("export")).onnx


@pytest.mark.usefixtures("cross_compiler", "qemu", "no_library")
@pytest.mark.parametrize(
    ("trained", "name"),
    [
        *(("sensor-small", name) for name in BOARDS),
        *(("watch-tiny", name) for name in ("qemu-microbit", "qemu-mps2-an500", "qemu-raspi3b")),
    ],
    indirect=["trained"],
)
def test_a_trained_model(trained: Path, name: str, tmp_path: Path) -> None:
    check_estimates(trained, load_board(name), tmp_path)


def every_kernel(path: Path) -> Path:
    """A model with all kinds of TIR kernels, including TVM's own."""
    H, M, K = 2, 40, 64
    W = H * K
    rng = np.random.default_rng(0)

    def floats(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    constants = {
        "gain": floats(W),
        "shift": floats(W),
        "other": 1 + np.abs(floats(M, W)),
        "slope": floats(W),
        "threshold": floats(W),
        "split": np.array([H, M, K // 32], np.int64),
        "whole": np.array([M, W], np.int64),
        "table": np.sort(rng.integers(0, 65536, (H, K + 1)).astype(np.int32), axis=1),
        "ratio": np.full(H, 1 / M, np.float32),
        "weight": rng.integers(0, 2**32, (W, W // 32), dtype=np.uint32),
        "scale": floats(W),
        "bias": floats(W),
        "axis": np.array([0], np.int64),
        "head": floats(W, 16),
        "other_head": floats(M, 16),
    }
    nodes = [
        *(("LayerNormalization", "x gain shift", "norm"), ("Softmax", "norm", "soft")),
        *(("Erf", "norm", "erf"), ("Gelu", "norm", "gelu"), ("Gelu", "norm", "tanh")),
        *(("Mul", "soft other", "mul"), ("Sub", "erf mul", "sub"), ("Div", "gelu other", "div")),
        *(("Relu", "sub", "relu"), ("PRelu", "div slope", "prelu"), ("Add", "relu prelu", "add")),
        *(("Add", "add tanh", "sum"), ("BnnPack", "sum threshold", "bits")),
        *(("Reshape", "bits split", "q"), ("BnnMatMul", "q q", "scores")),
        *(("BnnAttentionMap", "scores table ratio", "map"), ("BnnTranspose", "q", "v")),
        *(("BnnBoolMatMul", "map v", "context"), ("Cast", "context", "products")),
        *(("Cast", "scores", "grades"), ("Transpose", "products", "turned")),
        *(("Reshape", "turned whole", "rows"), ("Add", "rows sum", "stream")),
        *(("BnnPack", "stream threshold", "packed"), ("BnnLinear", "packed weight scale bias", "linear")),
        *(("Add", "linear stream", "residual"), ("ReduceMean", "residual axis", "mean")),
        *(("MatMul", "mean head", "logits"), ("ReduceMean", "grades axis", "grade")),
        *(("MatMul", "grade other_head", "more"), ("Add", "logits more", "y")),
    ]
    attributes = {
        "tanh": {"approximate": "tanh"},
        "scores": {"K": K},
        "map": {"K": K},
        "v": {"K": K},
        "context": {"K": M},
        "products": {"to": TensorProto.FLOAT},
        "grades": {"to": TensorProto.FLOAT},
        "turned": {"perm": [1, 0, 2]},
        "linear": {"K": W},
        "mean": {"keepdims": 1},
        "grade": {"keepdims": 0},
    }
    graph = helper.make_graph(
        [
            helper.make_node(
                *(kind, given.split(), [made], f"/{made}"),
                domain=DOMAIN if kind.startswith("Bnn") else "",
                **attributes.get(made, {}),
            )
            for kind, given, made in nodes
        ],
        "every",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [M, W])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [M, 16])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    onnx.save(helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets), path)
    return path


@pytest.mark.usefixtures("cross_compiler", "qemu", "no_library")
@pytest.mark.parametrize("name", CLASSES)
def test_every_kernel_in_tir(name: str, tmp_path: Path) -> None:
    check_estimates(every_kernel(tmp_path / "every.onnx"), load_board(name), tmp_path)


@pytest.mark.usefixtures("cross_compiler", "qemu", "no_library")
@pytest.mark.parametrize("name", CLASSES)
def test_the_integer_stream(name: str, tmp_path: Path) -> None:
    layers = (
        *(Layer("conv", kernel=5), Layer("conv", kernel=5, dilation=2)),
        *(Layer("conv", kernel=3, stride=2), Layer("attn"), Layer("conv", kernel=5, bits=8), Layer("conv")),
    )
    model, _, _ = hybrid(Hybrid(channels=6, columns=50, width=64, layers=layers))
    onnx.save(model, tmp_path / "integers.onnx")
    check_estimates(tmp_path / "integers.onnx", load_board(name), tmp_path)


def test_each_target_says_whose_counts_it_has() -> None:
    """Cores without an FPU have their own costs; a core that no emulated board has says so in its model."""
    for target in list_targets():
        model = costs_of(target).model
        assert ("floating point in software" in model) == (target.float_abi == "soft")
        assert model.startswith("fitted to counts on an emulated ") or "nothing was counted" in model
    assert costs_of(find_target("cortex-m4")) is costs_of(find_target("cortex-m7"))
    assert "nothing was counted" in costs_of(find_target("armv7-linux")).model
