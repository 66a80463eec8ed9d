"""Reading an ONNX file that somebody hands us: everything that can be wrong with it, said in one sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # stubs are not installed
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, DOMAIN_VERSION, FLOAT, OPERATORS, TensorType
from sensor_bnn.onnx.types import infer_types, node_label

_STANDARD = ("", "ai.onnx")


def load_model(path: Path, supported: Collection[str]) -> onnx.ModelProto:
    """Read, check and type a model.

    Args:
        path: the ONNX file.
        supported: standard operators that the reader can take, beside those of our domain.

    Returns:
        The model with one float32 input and one float32 output; ``value_info`` holds the static type of every
        intermediate.

    Raises:
        ModelError: no such file, not ONNX or cut off, operators or versions that are not supported (all of
            them in one message), shapes that are not static, nodes that do not fit their inputs.
    """
    model = _parse(path)
    _check_versions(path, model)
    _check_operators(path, model, supported)
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise ModelError(f"{path} keeps weights in other files.", "Save it as one file.")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        text = " ".join(str(error).split())
        raise ModelError(f"{path} is not valid ONNX: {text}.", "Export the model again.") from error
    except UnicodeDecodeError as error:  # the checker's own message, about a name that is no text
        raise _damaged(path) from error
    types = infer_types(model)
    _check_ends(path, model, types)
    ends = {value.name for value in (*model.graph.input, *model.graph.output)}
    made = [name for node in model.graph.node for name in node.output if name in types and name not in ends]
    del model.graph.value_info[:]
    for name in made:
        kind = types[name]
        element = helper.np_dtype_to_tensor_dtype(kind.dtype)
        model.graph.value_info.append(helper.make_tensor_value_info(name, element, kind.shape))
    return model


def _parse(path: Path) -> onnx.ModelProto:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}.",
            "Name an ONNX file, such as `sensor-bnn export` writes.",
        ) from error
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise _damaged(path) from error
    if not model.ir_version or not model.graph.node or not model.graph.output or not model.opset_import:
        raise _damaged(path)
    if not all(isinstance(name, str) and (name.isprintable() or not name) for name in _names(model)):
        raise _damaged(path)
    return model


def _names(model: onnx.ModelProto) -> Iterator[object]:
    """Every name that a message may show; one that is not UTF-8 arrives as bytes."""
    for body in (model.graph, *model.functions):
        for node in body.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output, *function.attribute)
    for named in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        yield named.name
    for value in model.graph.input:
        yield from (size.dim_param for size in value.type.tensor_type.shape.dim)


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path} is not an ONNX file, or only a part of one.",
        "Export it again, or copy it again and compare the sizes.",
    )


def _check_versions(path: Path, model: onnx.ModelProto) -> None:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    ours = versions.get(DOMAIN, DOMAIN_VERSION)
    if ours != DOMAIN_VERSION:
        raise ModelError(
            f"{path} uses version {ours} of domain {DOMAIN}; this program knows version {DOMAIN_VERSION}.",
            "Use the sensor-bnn that exported it, or export the model again.",
        )
    newest = onnx.defs.onnx_opset_version()
    if max((versions.get(name, 0) for name in _STANDARD), default=0) > newest:
        raise ModelError(
            f"{path} uses a newer ONNX operator set than {newest}, the newest that is installed.",
            "Update the onnx package, or export the model again.",
        )


def _check_operators(path: Path, model: onnx.ModelProto, supported: Collection[str]) -> None:
    problems: dict[str, list[str]] = {}
    for index, node in enumerate(model.graph.node):
        if node.domain in _STANDARD:
            known, name = node.op_type in supported, node.op_type
        else:
            known = node.domain == DOMAIN and node.op_type in OPERATORS
            name = f"{node.domain}.{node.op_type}"
        if not known:
            problems.setdefault(name, []).append(node_label(node, index))
    if problems:
        listed = "; ".join(f"{name} (node {', '.join(nodes)})" for name, nodes in problems.items())
        known_names = ", ".join(sorted((*OPERATORS, *supported)))
        raise ModelError(
            f"{path} uses operators that are not supported: {listed}.", f"Supported are {known_names}."
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
        if name not in types or types[name].dtype != FLOAT:
            kind = types.get(name, "not computed by any node")
            raise ModelError(
                f"{path}: {name} is {kind}, not float32.", "Export it with float32 input and output."
            )
