"""Small random graphs of supported operators, compiled for this machine and held to ONNX Runtime.

    python -m tests.fuzz.graphs --seed 0 --count 2000

prints each finding and the sums. A graph is compiled or refused in one sentence; a result that is not ONNX
Runtime's, or any other exception, is a finding.
"""

from __future__ import annotations

import argparse
import traceback
from collections import Counter
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, parser

from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.layers import by_value, host_layers
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.onnx.load import model_of
from sensor_bnn.onnx.operators import DOMAIN, FLOAT, OPERATORS
from sensor_bnn.onnx.original import Original, sample_inputs
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.rewrite import REWRITTEN

OPSETS = range(9, 23)
SIGN_DOMAIN = "qonnx.custom_op.general"
SIGN = f"""
<domain: "{SIGN_DOMAIN}", opset_import: ["": OPSET]>
BipolarQuant (x, scale) => (y)
{{
    zero = Constant <value = float {{0}}> ()
    positive = GreaterOrEqual (x, zero)
    minus = Neg (scale)
    y = Where (positive, scale, minus)
}}
"""


@dataclass
class Value:
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype = FLOAT


@dataclass
class Graph:
    """A graph that grows node by node; every value's type comes from ONNX's own inference."""

    rng: np.random.Generator
    opset: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, choices):
        return choices[int(self.rng.integers(len(choices)))]

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}_{len(self.nodes)}"
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        if self.chance(0.2):
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.constants.append(tensor)
        return name

    def normal(self, *shape: int) -> str:
        name = self.constant(self.rng.standard_normal(shape).astype(np.float32))
        if self.chance(0.9):
            return name
        # Constants that nodes compute.
        inputs = {"Identity": [name], "Mul": [name, name], "Cast": [name], "Neg": [name], "Transpose": [name]}
        kind = self.pick([*inputs] if len(shape) < 2 else ["Identity", "Mul", "Cast", "Neg"])
        output = f"{name}_made"
        attributes = {"to": TensorProto.FLOAT} if kind == "Cast" else {}
        self.nodes.append(helper.make_node(kind, inputs[kind], [output], f"{kind}_{name}", **attributes))
        return output

    def add(
        self,
        kind: str,
        inputs: list[str],
        domain: str = "",
        more: int = 0,
        known: tuple[int, ...] | None = None,
        **attributes,
    ) -> Value:
        number = len(self.nodes)
        outputs = [f"v{number}", *(f"v{number}_{place}" for place in range(more))]
        name = f"{kind}_{number}" if self.chance(0.9) else ""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name, domain=domain, **attributes))
        # Of our own operators ONNX knows no shapes.
        found = infer(self)[f"v{number}"] if known is None else Value(f"v{number}", known)
        self.values.append(found)
        return found


def infer(graph: Graph) -> dict[str, Value]:
    model = assemble(graph, None)
    model.graph.value_info.extend(
        helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for value in graph.values[1:]
    )
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    found = {}
    for value in inferred.graph.value_info:
        tensor = value.type.tensor_type
        sizes = tuple(size.dim_value for size in tensor.shape.dim)
        found[value.name] = Value(value.name, sizes, helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return found


def assemble(graph: Graph, result: Value | None) -> onnx.ModelProto:
    x = graph.values[0]
    element = helper.np_dtype_to_tensor_dtype(x.dtype)
    ends = (
        []
        if result is None
        else [helper.make_tensor_value_info(result.name, TensorProto.FLOAT, result.shape)]
    )
    used = {(node.domain, node.op_type) for node in graph.nodes}
    functions = [OPERATORS[name].function() for domain, name in sorted(used) if domain == DOMAIN]
    if (SIGN_DOMAIN, "BipolarQuant") in used:
        functions.append(parser.parse_function(SIGN.replace("OPSET", str(graph.opset))))
    imports = [helper.make_opsetid("", graph.opset), helper.make_opsetid(DOMAIN, 1)]
    imports.append(helper.make_opsetid(SIGN_DOMAIN, 1))
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "random",
            [helper.make_tensor_value_info("x", element, x.shape)],
            ends,
            graph.constants,
        ),
        ir_version=10,
        opset_imports=imports,
        functions=functions,
    )


def broadcastable(graph: Graph, shape: tuple[int, ...], grow: bool = True) -> tuple[int, ...]:
    """A shape that broadcasts with ``shape``; with ``grow``, the result may be larger than ``shape``."""
    sizes = [1 if graph.chance(0.4) else size for size in shape]
    if grow and graph.chance(0.15):
        sizes = [
            int(graph.rng.integers(1, 4)) if size == 1 and old == 1 else size
            for size, old in zip(sizes, shape, strict=True)
        ]
    cut = int(graph.rng.integers(len(sizes) + 1)) if graph.chance(0.5) else 0
    sizes = sizes[cut:]
    if grow and len(shape) < 4 and not cut and graph.chance(0.1):
        sizes = [int(graph.rng.integers(1, 3)), *sizes]
    return tuple(sizes)


def floats(graph: Graph, rank: int | None = None) -> Value | None:
    """A value of float32, the newest ones before others."""
    found = [v for v in graph.values if v.dtype == np.float32 and (rank is None or len(v.shape) == rank)]
    return None if not found else found[-1] if graph.chance(0.7) else graph.pick(found)


def axis_of(graph: Graph, rank: int) -> int:
    # Negative axes are allowed since opset 11.
    return int(graph.rng.integers(-rank, rank)) if graph.opset >= 11 else int(graph.rng.integers(rank))


def elementwise(graph: Graph) -> None:
    kind = graph.pick(["Add", "Sub", "Mul", "Div"])
    left = graph.pick(graph.values)
    if left.dtype not in (np.float32, np.int32):
        return
    others = [v for v in graph.values if v.dtype == left.dtype and v.shape == left.shape]
    if kind != "Div" and graph.chance(0.35):
        right = graph.pick([*others, left]).name
    else:
        shape = broadcastable(graph, left.shape)
        # Nothing near 0: a division by it would make rounding errors large.
        array = graph.rng.uniform(0.5, 2, shape) * graph.rng.choice([-1, 1], shape)
        if left.dtype == np.int32:
            array = graph.rng.integers(1, 5, shape) * graph.rng.choice([-1, 1], shape)
        right = graph.constant(np.asarray(array, left.dtype))
    names = [left.name, right]
    if kind != "Div" and graph.chance(0.4):
        names.reverse()
    graph.add(kind, names)


def product(graph: Graph) -> None:
    if graph.chance(0.1):
        whole_product(graph)
        return
    x = floats(graph)
    if x is None or not x.shape:
        return
    K, N = x.shape[-1], int(graph.rng.integers(1, 6))
    way = graph.pick(["matrix", "matrix", "matrix", "vector", "batch", "left", "self"])
    if way == "vector":
        y = graph.add("MatMul", [x.name, graph.normal(K)])
    elif way == "batch" and len(x.shape) > 2:
        y = graph.add("MatMul", [x.name, graph.normal(*(broadcastable(graph, x.shape[:-2], False)), K, N)])
    elif way == "left":
        rows = x.shape[-2] if len(x.shape) > 1 else K
        y = graph.add("MatMul", [graph.normal(N, rows), x.name])
    elif way == "self" and len(x.shape) > 1:
        order = [*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2]
        turned = graph.add("Transpose", [x.name], perm=order)
        y = graph.add("MatMul", graph.pick([[x.name, turned.name], [turned.name, x.name]]))
    else:
        y = graph.add("MatMul", [x.name, graph.normal(K, N)])
    for kind in ("Mul", "Add"):
        if graph.chance(0.5):
            names = [y.name, graph.normal(*broadcastable(graph, y.shape))]
            y = graph.add(kind, names if graph.chance(0.6) else names[::-1])


def whole_product(graph: Graph) -> None:
    """A product of integers, which has no kernel of ours."""
    found = [v for v in graph.values if v.dtype == np.int32 and v.shape]
    if found:
        x = graph.pick(found)
        N = int(graph.rng.integers(1, 6))
        weights = graph.constant(graph.rng.integers(-5, 6, (x.shape[-1], N), dtype=np.int32))
        y = graph.add("MatMul", [x.name, weights])
        graph.add("Add", [y.name, graph.constant(graph.rng.integers(-5, 6, N, dtype=np.int32))])


def gemm(graph: Graph) -> None:
    x = floats(graph, 2)
    if x is None:
        return
    turned, other = graph.chance(0.3), graph.chance(0.5)
    M, K = x.shape[::-1] if turned else x.shape
    N = int(graph.rng.integers(1, 6))
    names = [x.name, graph.normal(*((N, K) if other else (K, N)))]
    if graph.chance(0.2):
        names[1], N, other = x.name, K if turned else x.shape[0], True
        N = x.shape[0] if not turned else x.shape[1]
        turned, other, N = False, True, x.shape[0]
        M = x.shape[0]
    if graph.chance(0.75):
        shapes = [(), (1,), (N,), (1, 1), (1, N), (M, 1), (M, N)]
        names.append(graph.normal(*graph.pick(shapes)))
    # Gemm's third input is optional since opset 11.
    elif graph.opset < 11:
        names.append(graph.normal(N))
    attributes = {"transA": int(turned), "transB": int(other)}
    if graph.chance(0.3):
        attributes |= {"alpha": float(graph.rng.uniform(-2, 2)), "beta": float(graph.rng.uniform(-2, 2))}
    graph.add("Gemm", names, **attributes)


def activation(graph: Graph) -> None:
    x = floats(graph)
    if x is None:
        return
    kinds = ["Relu", "Erf", "PRelu", "Identity", "Dropout", *(["Gelu"] if graph.opset >= 20 else [])]
    kind = graph.pick(kinds)
    if kind == "PRelu":
        graph.add(kind, [x.name, graph.normal(*broadcastable(graph, x.shape, grow=False))])
    elif kind == "Gelu" and graph.chance(0.5):
        graph.add(kind, [x.name], approximate="tanh")
    elif kind == "Dropout" and graph.opset < 12:
        graph.add(kind, [x.name], more=int(graph.chance(0.3)), ratio=0.3)
    elif kind == "Dropout" and graph.chance(0.5):
        ratio = graph.constant(np.array(0.3, np.float32))
        graph.add(kind, [x.name, ratio, graph.constant(np.array(False))])
    else:
        graph.add(kind, [x.name])


def softmax(graph: Graph) -> None:
    x = floats(graph)
    if x is None or not x.shape:
        return
    rank = len(x.shape)
    # Before opset 13 the axis is 1 by default, which a vector does not have.
    if graph.chance(0.3) and (rank > 1 or graph.opset >= 13):
        graph.add("Softmax", [x.name])
    else:
        graph.add("Softmax", [x.name], axis=axis_of(graph, rank))


def mean(graph: Graph) -> None:
    x = floats(graph)
    if x is None:
        return
    rank = len(x.shape)
    axes = [int(axis) for axis in graph.rng.permutation(rank)[: int(graph.rng.integers(rank + 1))]]
    if graph.opset >= 11:
        axes = [axis - rank if graph.chance(0.3) else axis for axis in axes]
    attributes = {"keepdims": int(graph.chance(0.5))} if graph.chance(0.8) else {}
    if graph.opset < 18:
        graph.add("ReduceMean", [x.name], **attributes, **({"axes": axes} if axes else {}))
        return
    names = [x.name]
    if axes or graph.chance(0.3):
        names.append(graph.constant(np.array(axes, np.int64)))
    if graph.chance(0.4):
        attributes["noop_with_empty_axes"] = int(graph.chance(0.7))
    graph.add("ReduceMean", names, **attributes)


def reshape(graph: Graph) -> None:
    x = graph.pick(graph.values)
    size = prod(x.shape)
    parts, left = [], size
    for _ in range(int(graph.rng.integers(0, 4))):
        divisors = [d for d in range(1, left + 1) if left % d == 0]
        parts.append(graph.pick(divisors))
        left //= parts[-1]
    sizes = [*parts, left] if left > 1 or not parts or graph.chance(0.3) else parts
    for place, size in enumerate(sizes):
        if place < len(x.shape) and x.shape[place] == size and graph.chance(0.3):
            sizes[place] = 0
    if graph.chance(0.4):
        sizes[int(graph.rng.integers(len(sizes)))] = -1
    graph.add("Reshape", [x.name, graph.constant(np.array(sizes, np.int64))])


def shape_only(graph: Graph) -> None:
    x = graph.pick(graph.values)
    rank = len(x.shape)
    kind = graph.pick(["Transpose", "Transpose", "Flatten", "Squeeze", "Unsqueeze"])
    ones = [axis for axis, size in enumerate(x.shape) if size == 1]
    if kind == "Transpose" and rank:
        order = [int(axis) for axis in graph.rng.permutation(rank)]
        graph.add(kind, [x.name], **({} if graph.chance(0.2) else {"perm": order}))
    elif kind == "Flatten" and rank:
        graph.add(kind, [x.name], **({} if graph.chance(0.3) else {"axis": axis_of(graph, rank)}))
    elif kind == "Squeeze" and ones:
        listed(graph, kind, x, [] if graph.chance(0.3) else [graph.pick(ones)])
    elif kind == "Unsqueeze" and rank < 4:
        axis = int(graph.rng.integers(rank + 1))
        listed(graph, kind, x, [axis - rank - 1 if graph.opset >= 11 and graph.chance(0.3) else axis])


def listed(graph: Graph, kind: str, x: Value, axes: list[int]) -> None:
    if graph.opset < 13:
        graph.add(kind, [x.name], **({"axes": axes} if axes else {}))
    else:
        graph.add(kind, [x.name, *([graph.constant(np.array(axes, np.int64))] if axes else [])])


def concatenation(graph: Graph) -> None:
    x = graph.pick(graph.values)
    if not x.shape or x.dtype not in (np.float32, np.int32):
        return
    axis = axis_of(graph, len(x.shape))

    def part() -> str:
        same = [v for v in graph.values if v.dtype == x.dtype and v.shape == x.shape]
        if graph.chance(0.5):
            return graph.pick(same).name
        sizes = list(x.shape)
        sizes[axis] = int(graph.rng.integers(1, 4))
        return graph.constant(graph.rng.integers(-5, 6, sizes).astype(x.dtype))

    names = [x.name, *(part() for _ in range(int(graph.rng.integers(0, 3))))]
    graph.rng.shuffle(names)
    graph.add("Concat", names, axis=axis)


def norm(graph: Graph) -> None:
    x = floats(graph)
    if x is None or not x.shape:
        return
    rank = len(x.shape)
    if graph.opset < 17 or graph.chance(0.4):
        if rank < 2:
            return
        C = x.shape[1]
        gain, shift, average = (graph.normal(C) for _ in range(3))
        variance = graph.constant(graph.rng.uniform(0.1, 2, C).astype(np.float32))
        graph.add("BatchNormalization", [x.name, gain, shift, average, variance], epsilon=1e-3)
        return
    axis = axis_of(graph, rank)
    inner = x.shape[axis % rank :]

    def part() -> str:
        return graph.normal(*(inner if graph.chance(0.6) else broadcastable(graph, x.shape, grow=False)))

    names = [x.name, part(), *([part()] if graph.chance(0.7) else [])]
    graph.add("LayerNormalization", names, **({} if axis == -1 and graph.chance(0.5) else {"axis": axis}))


def cast(graph: Graph) -> None:
    x = graph.pick(graph.values)
    kinds = [TensorProto.INT32, TensorProto.INT8, TensorProto.BOOL, TensorProto.FLOAT, TensorProto.UINT8]
    to = graph.pick(kinds)
    if x.dtype == np.float32 and to in (TensorProto.INT8, TensorProto.UINT8):
        to = TensorProto.INT32  # What is out of range is not defined.
    y = graph.add("Cast", [x.name], to=to)
    if y.dtype != np.float32 and graph.chance(0.6):
        graph.add("Cast", [y.name], to=TensorProto.FLOAT)


def patches(graph: Graph) -> None:
    x = graph.pick(graph.values)
    if x.dtype != np.float32 or len(x.shape) not in (3, 4) or x.shape[0] != 1:
        return
    kernel = [graph.pick([d for d in range(1, size + 1) if size % d == 0]) for size in x.shape[2:]]
    N = int(graph.rng.integers(1, 6))
    names = [x.name, graph.normal(N, x.shape[1], *kernel), *([graph.normal(N)] if graph.chance(0.5) else [])]
    graph.add("Conv", names, strides=kernel, **({"kernel_shape": kernel} if graph.chance(0.5) else {}))


def signs(graph: Graph) -> None:
    """A product of signs as QONNX has it, with what exporters leave between it and the next."""
    x = floats(graph)
    if x is None or not x.shape or graph.opset < 13:
        return
    K, N = x.shape[-1], int(graph.rng.integers(1, 40))
    one = graph.constant(np.float32([graph.rng.uniform(0.1, 2)]))
    left = graph.add("BipolarQuant", [x.name, one], SIGN_DOMAIN, known=x.shape)
    scale = graph.pick([(), (1,), (1, N), (1, 1)])
    scales = graph.constant(np.asarray(graph.rng.uniform(0.1, 2, scale), np.float32))
    right = graph.add("BipolarQuant", [graph.normal(K, N), scales], SIGN_DOMAIN, known=(K, N))
    del graph.values[-2:]  # Other readers than a product have no packed form.
    y = graph.add("MatMul", [left.name, right.name])
    for kind in ("Mul", "Add"):
        if graph.chance(0.5):
            y = graph.add(kind, [y.name, graph.normal(*broadcastable(graph, y.shape))])
    if len(y.shape) > 1 and graph.chance(0.3):
        parts = [graph.normal(y.shape[1]) for _ in range(3)]
        variance = graph.constant(graph.rng.uniform(0.1, 2, y.shape[1]).astype(np.float32))
        graph.add("BatchNormalization", [y.name, *parts, variance])


def bits(graph: Graph) -> None:
    """Our operators, which the file defines in set 20."""
    x = floats(graph)
    if x is None or not x.shape or graph.opset != 20:
        return
    K, N = x.shape[-1], int(graph.rng.integers(1, 40))
    packed = graph.add("BnnPack", [x.name, graph.normal(K)], DOMAIN, known=())
    graph.values.pop()
    weight = graph.constant(pack_bits(graph.rng.random((N, K)) < 0.5))
    shape = (*x.shape[:-1], N)
    names = [packed.name, weight, graph.normal(N), graph.normal(N)]
    y = graph.add("BnnLinear", names, DOMAIN, known=shape, K=K)
    if graph.chance(0.6):
        streams = [v for v in graph.values if v.dtype == np.float32 and v.shape == y.shape]
        right = (
            graph.pick(streams).name if graph.chance(0.5) else graph.normal(*broadcastable(graph, y.shape))
        )
        graph.add("Add", [y.name, right] if graph.chance(0.5) else [right, y.name])


STEPS = [elementwise, elementwise, product, product, gemm, activation, softmax, mean, reshape, shape_only]
STEPS += [shape_only, norm, cast, patches, signs, bits, concatenation]
LARGEST = 4096


def random_graph(seed: int) -> onnx.ModelProto:
    """Return a model of one to about ten nodes, valid as ONNX's checker says."""
    rng = np.random.default_rng(seed)
    while True:
        graph = Graph(rng, int(rng.choice(OPSETS)))
        shape = tuple(int(size) for size in rng.integers(1, 6, int(rng.integers(1, 5))))
        if graph.chance(0.4):
            shape = (1, *shape[:3])
        graph.values.append(Value("x", shape, np.dtype(np.uint8 if graph.chance(0.05) else np.float32)))
        for _ in range(int(rng.integers(1, 7))):
            graph.pick(STEPS)(graph)
            if len(graph.values[-1].shape) > 5 or prod(graph.values[-1].shape) > LARGEST:
                break
        result = graph.values[-1]
        if result.dtype != np.float32:
            result = graph.add("Cast", [result.name], to=TensorProto.FLOAT)
        if not any("x" in node.input for node in graph.nodes):
            continue
        return assemble(graph, result)


def outcome(model: onnx.ModelProto) -> tuple[str, str]:
    """Compile and compare one graph.

    Returns:
        ``equal``, ``refused`` (and why), ``not run`` (ONNX Runtime does not take it), or ``finding``.
    """
    data = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return "not run", str(error)
    path = Path("random.onnx")
    try:
        loaded = model_of(data, path, STANDARD_OPERATORS)
        program = plan_program(match_patterns(import_onnx(loaded)), find_target("host"))
        (given,) = (buffer.type for buffer in program.buffers if buffer.place.name == "INPUT")
        result = model.graph.output[0].name
        original = None
        with host_layers(program) as run:
            for window in sample_inputs(given):
                (want,) = session.run(None, {"x": window})
                values = by_value(loaded, run(window))
                original = original or Original(data, path, loaded, values)
                said = original.first_difference(values, window)
                if said is not None:
                    return "finding", said
                # Signs and integers turn a rounding into a step: there the layers above are what is compared.
                steps = {"BipolarQuant", "BnnPack", "Cast"} & {node.op_type for node in model.graph.node}
                largest = np.abs(want[np.isfinite(want)]).max(initial=1)
                if not steps and not np.allclose(values[result], want, 1e-4, 1e-4 * largest, equal_nan=True):
                    return "finding", f"the output is {values[result]!r}, not {want!r}"
    except SensorBnnError as error:
        return "refused", str(error)
    except Exception:
        return "finding", traceback.format_exc()
    return "equal", ""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--count", type=int, default=2000)
    chosen = arguments.parse_args()
    sums: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        model = random_graph(seed)
        kind, said = outcome(model)
        sums[kind] += 1
        if kind == "equal":
            used.update({node.op_type for node in model.graph.node})
        if kind != "equal":
            print(f"seed {seed}: {kind}: {said}", flush=True)
    print(dict(sums))
    print(dict(used))
    print("not in any equal graph:", sorted((REWRITTEN | STANDARD_OPERATORS) - used.keys()))


if __name__ == "__main__":
    main()
