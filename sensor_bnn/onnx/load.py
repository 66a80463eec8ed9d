"""Reading an ONNX file of any origin; each possible defect gives one clear error message."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # stubs are not installed
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.checksum import check_data
from sensor_bnn.onnx.constants import fold_constants, name_constants
from sensor_bnn.onnx.operators import DOMAIN, DOMAIN_VERSIONS, FLOAT, OPERATORS, TensorType
from sensor_bnn.onnx.qonnx import has_signs, pack_bipolar, prepare
from sensor_bnn.onnx.rewrite import REWRITTEN, rewrite
from sensor_bnn.onnx.types import (
    MAX_BYTES,
    STANDARD,
    constant_type,
    infer_types,
    is_sign,
    node_label,
    one_sentence,
    own_version,
)

OLDEST_OPSET = 7
"""The oldest operator set that ONNX Runtime runs: what it does not run cannot be held against the file."""

_COMPUTED = frozenset(
    map(np.dtype, ("bool", "float32", "int8", "int16", "int32", "uint8", "uint16", "uint32"))
)
"""Element types that kernels compute."""

_INPUTS = (FLOAT, np.dtype(np.int16), np.dtype(np.uint8))
_OUTPUTS = (FLOAT, np.dtype(np.int16))

_AGAIN = "Export the model again."
_LONGEST_NAME = 500
_LISTED_NODES = 8
_ZIP = b"PK\x03\x04"
"""How a zip archive starts. No ONNX file does: it would be field 10 of a model, which ONNX does not have."""


def load_model(path: Path, supported: Collection[str]) -> onnx.ModelProto:
    """Read, check and type a model: :func:`model_of` what :func:`read_file` returns."""
    return model_of(read_file(path), path, supported)


def model_of(data: bytes, path: Path, supported: Collection[str]) -> onnx.ModelProto:
    """Check and type a model.

    Args:
        data: an ONNX file's bytes.
        path: where they are from, for messages.
        supported: standard operators that the reader can take, beside those of our domain.

    Returns:
        The model with one input, float32, int16 or uint8, and one output, float32 or int16; ``value_info``
        holds the static type of every intermediate.

    Raises:
        ModelError: not ONNX or cut off, operators or versions that are not supported (all of
            them in one message), shapes that are not static, nodes that do not fit their inputs.
    """
    model = _parse(data, path)
    _check_versions(path, model)
    name_constants(model)
    _check_order(path, model)
    _check_constants(path, model)
    _check_attributes(path, model)
    # Before the operators are checked: what nothing reads need not be supported.
    if has_signs(model):
        prepare(model)
    fold_constants(model)
    _check_constants(path, model)
    _check_operators(path, model, {*supported, *REWRITTEN})
    _drop_outputs(path, model)
    if has_signs(model):
        pack_bipolar(model, infer_types(model))
    try:
        onnx.checker.check_model(model)
    except UnicodeDecodeError as error:  # the checker's message contains a name that is not UTF-8
        raise _damaged(path) from error
    except Exception as error:  # each part of ONNX has its own class of errors
        raise ModelError(f"{path} is not valid ONNX: {one_sentence(error)}.", _AGAIN) from error
    types = infer_types(model)
    _check_ends(path, model, types)
    _name_nodes(model)
    rewrite(model, types)
    types = infer_types(model)
    _check_computed(path, model, types)
    ends = {value.name for value in (*model.graph.input, *model.graph.output)}
    made = [name for node in model.graph.node for name in node.output if name in types and name not in ends]
    # What the file itself says of its intermediates may be missing, out of date or wrong.
    del model.graph.value_info[:]
    for name in made:
        kind = types[name]
        element = helper.np_dtype_to_tensor_dtype(kind.dtype)
        model.graph.value_info.append(helper.make_tensor_value_info(name, element, kind.shape))
    return model


def read_file(path: Path) -> bytes:
    """Return the bytes of an ONNX file.

    Raises:
        ModelError: there is no such file, or it is none, unreadable, too large or not as its checksum says.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe or a device may never end
            raise _damaged(path)
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is larger than {MAX_BYTES} bytes.", "Make the model smaller.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}.",
            "Name an ONNX file, such as `sensor-bnn export` writes.",
        ) from error
    check_data(path, data)
    return data


def _parse(data: bytes, path: Path) -> onnx.ModelProto:
    if data.startswith(_ZIP):
        raise ModelError(
            f"{path} is a zip archive, such as a PyTorch checkpoint, not an ONNX file.",
            "If it is a checkpoint of `sensor-bnn train`, export it first with `sensor-bnn export`.",
        )
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise _damaged(path) from error
    if not model.ir_version or not model.graph.node or not model.graph.output or not model.opset_import:
        raise _damaged(path)
    for name in _names(model):
        if not isinstance(name, str) or not name.isprintable():
            raise _damaged(path)
        if len(name) > _LONGEST_NAME:
            raise ModelError(f"{path} has a name of {len(name)} characters: {name[:40]} ...", "Shorten it.")
    return model


def _names(model: onnx.ModelProto) -> Iterator[object]:
    """Yield every name that a message may show; protobuf gives a name that is not UTF-8 as bytes."""
    for body in (model.graph, *model.functions):
        for node in body.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output, *function.attribute)
    for named in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        yield named.name
    yield model.graph.name
    for prop in model.metadata_props:
        yield prop.key
        if prop.key == "name":
            yield prop.value
    for value in model.graph.input:
        yield from (size.dim_param for size in value.type.tensor_type.shape.dim)


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path} is not an ONNX file, or only a part of one.",
        "Export it again, or copy it again and compare the sizes.",
    )


def _check_versions(path: Path, model: onnx.ModelProto) -> None:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    ours = own_version(model)
    if ours not in DOMAIN_VERSIONS:
        known = " and ".join(map(str, DOMAIN_VERSIONS))
        raise ModelError(
            f"{path} uses version {ours} of domain {DOMAIN}; this program supports versions {known}.",
            "Use the sensor-bnn that exported it, or export the model again.",
        )
    newest = onnx.defs.onnx_opset_version()
    oldest = min((versions[name] for name in STANDARD if name in versions), default=OLDEST_OPSET)
    if oldest < OLDEST_OPSET:
        raise ModelError(
            f"{path} uses ONNX operator set {oldest}; this program reads {OLDEST_OPSET} to {newest}.",
            "Convert it with onnx.version_converter, or export the model again.",
        )
    if max((versions.get(name, 0) for name in STANDARD), default=0) > newest:
        raise ModelError(
            f"{path} uses a newer ONNX operator set than {newest}, the newest that is installed.",
            "Update the onnx package, or export the model again.",
        )


def _check_operators(path: Path, model: onnx.ModelProto, supported: Collection[str]) -> None:
    problems: dict[str, list[str]] = {}
    for index, node in enumerate(model.graph.node):
        if node.domain in STANDARD:
            known, name = node.op_type in supported, node.op_type
        else:
            known = (node.domain == DOMAIN and node.op_type in OPERATORS) or is_sign(node)
            name = f"{node.domain}.{node.op_type}"
        if not known:
            problems.setdefault(name, []).append(node_label(node, index))
    if problems:
        listed = "; ".join(f"{name} (node {_some(nodes)})" for name, nodes in problems.items())
        known_names = ", ".join(sorted((*OPERATORS, *supported)))
        raise ModelError(
            f"{path} uses operators that are not supported: {listed}.", f"Supported are {known_names}."
        )


def _drop_outputs(path: Path, model: onnx.ModelProto) -> None:
    """Remove second and later results that nothing reads; a node of which one is read is refused."""
    read = {name for node in model.graph.node for name in node.input}
    read |= {value.name for value in model.graph.output}
    used: list[str] = []
    for index, node in enumerate(model.graph.node):
        more = [name for name in node.output[1:] if name in read]
        if more:
            used.append(f"node {node_label(node, index)} ({node.op_type}): {', '.join(more)}")
        # The outputs of a BatchNormalization of an old set tell that it trains.
        elif node.op_type != "BatchNormalization":
            del node.output[1:]
    if used:
        raise ModelError(
            f"{path} uses more than the first result of some nodes: {'; '.join(used)}.",
            "Export the model so that it does without.",
        )


def _check_computed(path: Path, model: onnx.ModelProto, types: dict[str, TensorType]) -> None:
    """Check that every computed value has an element type for which there are kernels."""
    wrong: dict[str, list[str]] = {}
    for index, node in enumerate(model.graph.node):
        for name in node.output:
            if name in types and types[name].dtype not in _COMPUTED:
                wrong.setdefault(str(types[name].dtype), []).append(node_label(node, index))
    if wrong:
        listed = "; ".join(f"{dtype} (node {_some(nodes)})" for dtype, nodes in wrong.items())
        known = ", ".join(sorted(str(dtype) for dtype in _COMPUTED))
        raise ModelError(
            f"{path} computes values of types that are not supported: {listed}.", f"Supported are {known}."
        )


def _some(nodes: list[str]) -> str:
    rest = len(nodes) - _LISTED_NODES
    return ", ".join(nodes[:_LISTED_NODES]) + (f" and {rest} more" if rest > 0 else "")


def _name_nodes(model: onnx.ModelProto) -> None:
    """Give a unique name to every node that has none or the name of another node."""
    seen: set[str] = set()
    for index, node in enumerate(model.graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.name or node.op_type}.{index}"
        seen.add(node.name)


def _check_order(path: Path, model: onnx.ModelProto) -> None:
    """Check that each value is made once, before the nodes that read it; report a cycle as such."""
    graph = model.graph
    made: dict[str, str] = {value.name: "the input" for value in graph.input}
    made |= {tensor.name: "a constant" for tensor in graph.initializer}
    later = {name: node for node in graph.node for name in node.output if name}
    for index, node in enumerate(graph.node):
        label = node_label(node, index)
        for name in node.input:
            if not name or name in made:
                continue
            if name in later:
                cycle = _reaches(later[name], node, later)
                reason = (
                    "depends on itself: the graph is cyclic" if cycle else f"reads {name} before it is made"
                )
            else:
                reason = f"reads {name}, which nothing before it makes"
            raise ModelError(f"{path}: node {label} {reason}.", _AGAIN)
        for name in node.output:
            if name and name in made:
                raise ModelError(f"{path}: node {label} makes {name}, which is {made[name]} already.", _AGAIN)
            made[name] = f"made by node {label}"


def _reaches(start: onnx.NodeProto, goal: onnx.NodeProto, makers: dict[str, onnx.NodeProto]) -> bool:
    """Whether ``start`` depends on an output of ``goal``."""
    waiting, seen = [start], set()
    targets = set(goal.output)
    while waiting:
        node = waiting.pop()
        for name in node.input:
            if name in targets:
                return True
            if name in makers and name not in seen:
                seen.add(name)
                waiting.append(makers[name])
    return False


def _check_constants(path: Path, model: onnx.ModelProto) -> None:
    """Check that all constants are in the file, have the size of their shape, and are finite."""
    graph = model.graph
    if graph.sparse_initializer:
        raise ModelError(f"{path} has sparse constants.", "Save them as dense tensors.")
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ModelError(f"{path} keeps weights in other files.", "Save it as one file.")
        constant_type(tensor)
        try:
            array = onnx.numpy_helper.to_array(tensor)
        except Exception as error:  # numpy, ONNX and protobuf each raise their own classes
            raise ModelError(
                f"{path}: constant {tensor.name} is damaged: {one_sentence(error)}.", _AGAIN
            ) from error
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            readers = [
                node_label(node, place) for place, node in enumerate(graph.node) if tensor.name in node.input
            ]
            raise ModelError(
                f"{path}: constant {tensor.name}"
                + (f" of node {_some(readers)}" if readers else "")
                + " is infinite or not a number in some elements.",
                "Training may have diverged: train or export the model again.",
            )


def _check_attributes(path: Path, model: onnx.ModelProto) -> None:
    """Check that the numbers in a node's attributes are finite."""
    for index, node in enumerate(model.graph.node):
        whole = f"node {node_label(node, index)} ({node.op_type})"
        for attribute in node.attribute:
            if not np.isfinite([attribute.f, *attribute.floats]).all():
                raise ModelError(
                    f"{path}: {attribute.name} of {whole} is infinite or not a number.",
                    _AGAIN,
                )


def _check_ends(path: Path, model: onnx.ModelProto, types: dict[str, TensorType]) -> None:
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in constants]
    outputs = [value.name for value in model.graph.output]
    for what, names in (("inputs", inputs), ("outputs", outputs)):
        if len(names) != 1:
            raise ModelError(
                f"{path} has {len(names)} {what} ({', '.join(names) or 'none'}), not one.",
                "Export the model with one input window and one output.",
            )
    for name in (*inputs, *outputs):
        kind = types.get(name)
        allowed = _INPUTS if name in inputs else _OUTPUTS
        if kind is None or kind.dtype not in allowed:
            known = "float32, int16 or uint8" if name in inputs else "float32 or int16"
            raise ModelError(
                f"{path}: {name} is {kind or 'not computed by any node'}, not {known}.",
                "Export it with an input of float32, int16 or uint8, and an output of float32 or int16.",
            )
