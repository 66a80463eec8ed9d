"""Random folded models and small ONNX files for the tests of several parts.

Their values are those of ``sensor_bnn.nn.folded_forward``, in plain +-1 arithmetic with no packing anywhere.

Float constants and inputs are small multiples of 1/8: every float sum is then exact in any order, and so
every bit of every backend must agree.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import fixed_examples
import numpy as np
import onnx
import pytest
from hypothesis import settings
from onnx import TensorProto, helper, numpy_helper

from sensor_bnn.nn.folded import (
    FloatOutLinear,
    FoldedAttention,
    FoldedMlp,
    FoldedModel,
    PackedOutLinear,
)
from sensor_bnn.nn.folded_forward import Trace, embed, from_stream
from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPERATORS, OPSET

# A shell starts a program in the background with SIGINT ignored, and nohup ignores SIGHUP. The programs that
# a test starts inherit that; the tests of signals would then wait for an end that never comes.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

# The processes of pytest-xdist have a terminal of 80 columns, which a program that a test starts has not.
for _size in ("COLUMNS", "LINES"):
    os.environ.pop(_size, None)

pytest_plugins = ["slow", "json_schemas"]

# No test has a deadline: on a busy machine a correct program is slow. Where TESTS_EXAMPLES is "fixed", as in
# .ci/run, hypothesis takes the same examples each time, so that a change is judged by what it changed.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
if os.environ.get("TESTS_EXAMPLES") == "fixed":
    fixed_examples.fix()


@dataclass(frozen=True)
class Shape:
    tokens: int = 8
    width: int = 64
    heads: int = 1
    hidden: int = 96
    channels: int = 3
    patch: int = 4
    layers: int = 2
    classes: int = 5
    rows: int = 0
    """Of an image, in patches; ``tokens`` is then a multiple of it."""

    @property
    def values(self) -> int:
        return self.channels * self.patch ** (2 if self.rows else 1)


def _make(shape: Shape, seed: int = 0) -> FoldedModel:
    rng = np.random.default_rng(seed)
    d, f, dh = shape.width, shape.hidden, shape.width // shape.heads

    def bits(*size: int) -> np.ndarray:
        return rng.random(size) < 0.5

    def floats(*size: int) -> np.ndarray:
        return (rng.integers(-8, 9, size) / 8).astype(np.float32)

    def integers(K: int, *size: int) -> np.ndarray:
        # The standard deviation of a sum of K random signs, so that thresholds are where the sums are.
        spread = int(K**0.5)
        return rng.integers(-spread, spread + 1, size).astype(np.int32)

    def packed_out(N: int, K: int) -> PackedOutLinear:
        return PackedOutLinear(bits(N, K), integers(K, N))

    def float_out(N: int, K: int) -> FloatOutLinear:
        return FloatOutLinear(bits(N, K), floats(N), floats(N))

    def attention() -> FoldedAttention:
        return FoldedAttention(
            threshold=floats(d),
            query=packed_out(d, d),
            key=packed_out(d, d),
            value=packed_out(d, d),
            table=np.sort(rng.integers(0, 65536, (shape.heads, dh + 1)).astype(np.int32), axis=1),
            ratio=((0.5 + rng.random(shape.heads)) / shape.tokens).astype(np.float32),
            output_threshold=integers(shape.tokens, d),
            output=float_out(d, d),
        )

    def mlp() -> FoldedMlp:
        return FoldedMlp(floats(d), packed_out(f, d), float_out(d, f))

    return FoldedModel(
        name=f"random-{seed}",
        channels=shape.channels,
        length=shape.tokens // (shape.rows or 1) * shape.patch,
        patch=shape.patch,
        heads=shape.heads,
        embed_weight=floats(shape.values, d),
        embed_bias=floats(shape.tokens, d),
        blocks=tuple((attention(), mlp()) for _ in range(shape.layers)),
        head_weight=floats(d, shape.classes),
        head_bias=floats(shape.classes),
        classes=tuple(f"class {i}" for i in range(shape.classes)),
        height=shape.rows * shape.patch,
    )


_ONNX_NAMES = {"bits": "pack", "attended": "context/rows", "merged": "output/pack", "hidden": "expand"}


def _forward(model: FoldedModel, window: np.ndarray) -> dict[str, np.ndarray]:
    """Every value under its ONNX name; packed tensors as bools, not packed."""
    stream = embed(model, window[0])
    trace: Trace = {}
    logits = from_stream(model, stream, trace)
    values = {"/embed/position": stream}
    for name, value in trace.items():
        layer, _, part = name.rpartition(".")
        block, _, half = layer.rpartition(".")
        values[f"/{block}/{half}/{_ONNX_NAMES.get(part, part)}"] = value
    return {**values, "logits": logits[None]}


@pytest.fixture(scope="session")
def shape_of() -> type[Shape]:
    """The dataclass of a random model's sizes, all with defaults."""
    return Shape


@pytest.fixture(scope="session")
def random_folded() -> Callable[..., FoldedModel]:
    """``random_folded(Shape(...), seed)``."""
    return _make


@pytest.fixture
def plain_forward() -> Callable[[FoldedModel, np.ndarray], dict[str, np.ndarray]]:
    """``plain_forward(model, window)``: every value by ONNX name."""
    return _forward


@pytest.fixture
def random_window() -> Callable[[FoldedModel, int], np.ndarray]:
    """A window of multiples of 1/8."""

    def make(model: FoldedModel, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return (rng.integers(-16, 17, (1, *model.input_shape)) / 8).astype(np.float32)

    return make


Build = Callable[..., Path]


def _packed_weights(rng: np.random.Generator, N: int, K: int) -> np.ndarray:
    words = -(-K // 32)
    bits = np.zeros((N, words * 32), dtype=np.uint64)
    bits[:, :K] = rng.integers(0, 2, (N, K))
    return (bits.reshape(N, words, 32) << np.arange(32, dtype=np.uint64)).sum(axis=2).astype(np.uint32)


def _mlp(path: Path, tokens: int = 5, width: int = 40, hidden: int = 70, seed: int = 0) -> Path:
    """[1, tokens * width] -> pack -> packed linear -> float linear + residual -> mean -> dense -> [1, 3]."""
    rng = np.random.default_rng(seed)

    def eighths(*shape: int) -> np.ndarray:
        return (rng.integers(-8, 9, shape) / 8).astype(np.float32)

    constants = {
        "shape": np.array([tokens, width], dtype=np.int64),
        "threshold": eighths(width),
        "expand": _packed_weights(rng, hidden, width),
        "limit": rng.integers(-6, 7, hidden).astype(np.int32),
        "contract": _packed_weights(rng, width, hidden),
        "scale": eighths(width),
        "bias": eighths(width),
        "axes": np.array([0], dtype=np.int64),
        "head": eighths(width, 3),
        "head_bias": eighths(3),
    }
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["stream"], "/split"),
        helper.make_node("BnnPack", ["stream", "threshold"], ["bits"], "/pack", domain=DOMAIN),
        helper.make_node(
            "BnnLinearPacked", ["bits", "expand", "limit"], ["h"], "/expand", domain=DOMAIN, K=width
        ),
        helper.make_node(
            "BnnLinear",
            ["h", "contract", "scale", "bias"],
            ["c"],
            "/contract",
            domain=DOMAIN,
            K=hidden,
        ),
        helper.make_node("Add", ["c", "stream"], ["sum"], "/sum"),
        helper.make_node("ReduceMean", ["sum", "axes"], ["mean"], "/mean", keepdims=1),
        helper.make_node("MatMul", ["mean", "head"], ["logits"], "/head"),
        helper.make_node("Add", ["logits", "head_bias"], ["y"], "/bias"),
    ]
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, tokens * width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    used = {node.op_type for node in nodes if node.domain == DOMAIN}
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)],
        functions=[OPERATORS[name].function() for name in sorted(used)],
    )
    onnx.save(model, path)
    return path


@pytest.fixture
def mlp_onnx(tmp_path: Path) -> Build:
    """``mlp_onnx(tokens=, width=, hidden=, seed=)``: the path of a small model."""

    def build(**sizes: int) -> Path:
        return _mlp(tmp_path / "mlp.onnx", **sizes)

    return build


@contextmanager
def without_library() -> Iterator[None]:
    """Compile bundles without the library for other builds, as on a machine without an archiver.

    That is half of the time of a compile. It is for tests of what a model computes, and of boards, whose
    firmware is built from the bundle's other files.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sensor_bnn.compiler.bundle.missing_compiler", lambda target: "install an archiver")
        # A cache of its own: no other test may be given such a bundle.
        patch.setenv("SENSOR_BNN_CACHE", f"{os.environ['SENSOR_BNN_CACHE']}-without-library")
        yield


@pytest.fixture
def no_library() -> Iterator[None]:
    """Let a test compile :func:`without_library`."""
    with without_library():
        yield


@contextmanager
def _claimed_elsewhere(folder: Path) -> Iterator[None]:
    code = (
        "import pathlib, sys\n"
        "from sensor_bnn.claims import claimed_folder\n"
        "with claimed_folder(pathlib.Path(sys.argv[1]), '--nothing'):\n"
        "    print(flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"\n"
        yield
        other.communicate()
    assert other.returncode == 0


@pytest.fixture
def claimed_elsewhere() -> Callable[[Path], AbstractContextManager[None]]:
    """``with claimed_elsewhere(folder)``: another process has claimed the folder meanwhile."""
    return _claimed_elsewhere
