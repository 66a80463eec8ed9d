"""Ways to damage an ONNX file: its bytes, and its meaning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Random = np.random.Generator

_INTEGERS = (
    -(2**63),
    -(2**31),
    -1,
    0,
    1,
    2,
    3,
    31,
    33,
    2**16,
    2**24,
    2**31 - 1,
    2**31,
    2**40,
    2**62,
    2**63 - 1,
)
# 1e-45 is the smallest subnormal number of float32, and 3e38 is near the largest.
_FLOATS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3e38)


def flip_byte(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[rng.integers(len(changed))] = rng.integers(256)
    return bytes(changed)


def truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.integers(len(data) + 1)]


def cut(data: bytes, rng: Random) -> bytes:
    start = rng.integers(len(data) + 1)
    return data[:start] + data[start + rng.integers(1, 40) :]


def insert(data: bytes, rng: Random) -> bytes:
    start = rng.integers(len(data) + 1)
    return data[:start] + rng.bytes(rng.integers(1, 40)) + data[start:]


def repeat(data: bytes, rng: Random) -> bytes:
    start = rng.integers(len(data) + 1)
    return data[:start] + data[start : start + rng.integers(1, 400)] * 2 + data[start:]


def _pick(items, rng: Random):
    return items[rng.integers(len(items))]


def _name(model: onnx.ModelProto, rng: Random) -> str:
    names = [tensor.name for tensor in model.graph.initializer]
    names += [name for node in model.graph.node for name in (*node.input, *node.output)]
    names += [value.name for value in (*model.graph.input, *model.graph.output)] + ["", "gone"]
    return _pick(names, rng)


def drop_node(model: onnx.ModelProto, rng: Random) -> None:
    del model.graph.node[rng.integers(len(model.graph.node))]


def double_node(model: onnx.ModelProto, rng: Random) -> None:
    model.graph.node.insert(rng.integers(len(model.graph.node)), _pick(model.graph.node, rng))


def swap_nodes(model: onnx.ModelProto, rng: Random) -> None:
    nodes = list(model.graph.node)
    first, second = rng.integers(len(nodes), size=2)
    nodes[first], nodes[second] = nodes[second], nodes[first]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def rewire_input(model: onnx.ModelProto, rng: Random) -> None:
    """Rewire an input to any value, even a later one, which makes cycles."""
    node = _pick(model.graph.node, rng)
    if node.input:
        node.input[rng.integers(len(node.input))] = _name(model, rng)


def rewire_output(model: onnx.ModelProto, rng: Random) -> None:
    node = _pick(model.graph.node, rng)
    if node.output:
        node.output[rng.integers(len(node.output))] = _name(model, rng)


def add_input(model: onnx.ModelProto, rng: Random) -> None:
    _pick(model.graph.node, rng).input.append(_name(model, rng))


def drop_input(model: onnx.ModelProto, rng: Random) -> None:
    node = _pick(model.graph.node, rng)
    if node.input:
        del node.input[rng.integers(len(node.input))]


def change_operator(model: onnx.ModelProto, rng: Random) -> None:
    other = _pick(model.graph.node, rng)
    node = _pick(model.graph.node, rng)
    node.op_type, node.domain = other.op_type, other.domain


def standard_operator(model: onnx.ModelProto, rng: Random) -> None:
    """Replace by any standard operator, including those with subgraphs."""
    node = _pick(model.graph.node, rng)
    names = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})
    node.op_type, node.domain = _pick(names, rng), ""


def change_attribute(model: onnx.ModelProto, rng: Random) -> None:
    node = _pick(model.graph.node, rng)
    known = [attribute.name for other in model.graph.node for attribute in other.attribute]
    name = _pick([*known, "K", "axis", "axes", "keepdims", "perm", "to", "epsilon", "alpha"], rng)
    value = _pick(
        [
            int(_pick(_INTEGERS, rng)),
            [int(value) for value in rng.choice(_INTEGERS, rng.integers(0, 5))],
            [int(value) for value in rng.integers(-3, 5, rng.integers(0, 5))],
            float(_pick(_FLOATS, rng)),
            "text",
            numpy_helper.from_array(np.zeros(rng.integers(0, 3), np.float32)),
        ],
        rng,
    )
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend(kept)
    if isinstance(value, list) and not value:
        node.attribute.append(helper.make_attribute(name, value, attr_type=onnx.AttributeProto.INTS))
    else:
        node.attribute.append(helper.make_attribute(name, value))


def drop_attribute(model: onnx.ModelProto, rng: Random) -> None:
    node = _pick(model.graph.node, rng)
    if node.attribute:
        del node.attribute[rng.integers(len(node.attribute))]


def change_constant(model: onnx.ModelProto, rng: Random) -> None:
    """Give a constant another value, shape or type, with matching data."""
    if not model.graph.initializer:
        return
    tensor = _pick(model.graph.initializer, rng)
    try:
        array = numpy_helper.to_array(tensor).copy()
    except Exception:  # it may be damaged already
        return
    match rng.integers(5):
        case 0 if array.size:
            extremes = _FLOATS if array.dtype.kind == "f" else _INTEGERS
            with np.errstate(over="ignore", invalid="ignore"):
                value = np.array(_pick(extremes, rng)).astype(array.dtype)
            array.reshape(-1)[rng.integers(array.size)] = value
        case 1:
            array = np.resize(array, tuple(rng.integers(0, 6, rng.integers(0, 4))))
        case 2:
            with np.errstate(over="ignore", invalid="ignore"):
                array = array.astype(
                    _pick([np.float64, np.int64, np.int8, np.float16, np.bool_, np.uint32], rng)
                )
        case 3:
            array = array.reshape(-1)
        case _:
            array = np.resize(array, tuple(int(size) + 1 for size in array.shape))
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))


def lie_about_constant(model: onnx.ModelProto, rng: Random) -> None:
    """Declare sizes or a type that the data do not have."""
    if not model.graph.initializer:
        return
    tensor = _pick(model.graph.initializer, rng)
    match rng.integers(3):
        case 0 if tensor.dims:
            tensor.dims[rng.integers(len(tensor.dims))] = int(_pick(_INTEGERS, rng))
        case 1:
            tensor.data_type = int(rng.integers(0, 30))
        case _:
            tensor.dims.append(int(_pick(_INTEGERS, rng)))


def change_end(model: onnx.ModelProto, rng: Random) -> None:
    """Change shape, type or name of an input or output."""
    ends = [*model.graph.input, *model.graph.output]
    if not ends:
        return
    value = _pick(ends, rng)
    tensor = value.type.tensor_type
    match rng.integers(4):
        case 0 if tensor.shape.dim:
            tensor.shape.dim[rng.integers(len(tensor.shape.dim))].dim_value = int(_pick(_INTEGERS, rng))
        case 1 if tensor.shape.dim:
            tensor.shape.dim[rng.integers(len(tensor.shape.dim))].dim_param = "batch"
        case 2:
            tensor.elem_type = int(rng.integers(0, 30))
        case _:
            value.name = _name(model, rng)


def drop_end(model: onnx.ModelProto, rng: Random) -> None:
    ends = model.graph.input if rng.integers(2) else model.graph.output
    if ends:
        del ends[rng.integers(len(ends))]


def change_version(model: onnx.ModelProto, rng: Random) -> None:
    if rng.integers(4) == 0:
        model.ir_version = int(_pick(_INTEGERS, rng))
    elif model.opset_import:
        entry = _pick(model.opset_import, rng)
        entry.version = int(rng.integers(-1, 30)) if rng.integers(2) else int(_pick(_INTEGERS, rng))


def rename(model: onnx.ModelProto, rng: Random) -> None:
    """Rename to names that C, tables or file systems may not handle."""
    names = (
        "",
        "*/",
        "/*",
        '"',
        "\\",
        "a\nb",
        "../../x",
        "%s",
        "ä" * 50,
        "n" * 5000,
        "main",
        "\x1b[2J",
        # A trigraph, which C reads as a backslash.
        "??/",
    )
    match rng.integers(3):
        case 0:
            _pick(model.graph.node, rng).name = _pick(names, rng)
        case 1:
            model.graph.name = _pick(names, rng)
        case _:
            del model.metadata_props[:]
            model.metadata_props.add(key="name", value=_pick(names, rng))


def same_names(model: onnx.ModelProto, rng: Random) -> None:
    for node in model.graph.node:
        node.name = "same"


def change_function(model: onnx.ModelProto, rng: Random) -> None:
    """Make a local function call itself, have a wrong name, or replace a standard operator."""
    if not model.functions:
        return
    function = _pick(model.functions, rng)
    match rng.integers(3):
        case 0:
            other = _pick(model.functions, rng)
            call = helper.make_node(other.name, list(other.input), list(function.output), domain=other.domain)
            function.node.append(call)
        case 1:
            function.name = _pick(["Add", "MatMul", "BnnPack", "BnnLinear", ""], rng)
        case _:
            function.domain = ""


def sparse_constant(model: onnx.ModelProto, rng: Random) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), _name(model, rng))
    indices = numpy_helper.from_array(np.array([int(_pick(_INTEGERS, rng))], np.int64))
    model.graph.sparse_initializer.add(values=values, indices=indices, dims=[4])


def external_constant(model: onnx.ModelProto, rng: Random) -> None:
    """Put weights in an external file, which must not be opened."""
    if model.graph.initializer:
        tensor = _pick(model.graph.initializer, rng)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/hostname")


BYTES: dict[str, Callable[[bytes, Random], bytes]] = {
    mutate.__name__: mutate for mutate in (flip_byte, truncate, cut, insert, repeat)
}
MODEL: dict[str, Callable[[onnx.ModelProto, Random], None]] = {
    mutate.__name__: mutate
    for mutate in (
        drop_node,
        double_node,
        swap_nodes,
        rewire_input,
        rewire_output,
        add_input,
        drop_input,
        change_operator,
        standard_operator,
        change_attribute,
        drop_attribute,
        change_constant,
        lie_about_constant,
        change_end,
        drop_end,
        change_version,
        rename,
        same_names,
        change_function,
        sparse_constant,
        external_constant,
    )
}


def damage(data: bytes, steps: list[tuple[str, int]]) -> bytes:
    """Apply named mutations, each with a seed; a file that no longer parses is damaged in its bytes only."""
    for name, seed in steps:
        rng = np.random.default_rng(seed)
        if name in BYTES:
            data = BYTES[name](data, rng)
            continue
        try:
            model = onnx.load_model_from_string(data)
        except Exception:
            continue
        if not model.graph.node:
            continue
        try:
            MODEL[name](model, rng)
            data = model.SerializeToString()
        except (TypeError, ValueError):  # names that are no longer valid text
            continue
    return data
