"""Conformance vectors: inputs, and the outputs that every backend must give, bit for bit.

``python -m sensor_bnn.onnx.conformance`` computes ``export/conformance/<operator>.json`` from the reference
and writes the files again. They change only if the reference or the cases below change.
``export/operators.md`` describes the format, for readers of the files in other languages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.files import write_files
from sensor_bnn.onnx.conformance_int import integer_cases
from sensor_bnn.onnx.operators import (
    DOMAIN,
    DOMAIN_VERSIONS,
    IR_VERSION,
    OPERATORS,
    OPSET,
    Array,
    TensorType,
)
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.vectors import Case, Draw, f32, i16, i32, solve
from sensor_bnn.resources import resource

FORMAT = 1
LENGTHS = (1, 31, 32, 33, 63, 64, 65, 100)
"""Bit lengths on both sides of a word's end."""

BLOCKS = ((8, 33, 65), (9, 36, 255), (27, 33, 96), (27, 65, 254), (33, 40, 257), (17, 33, 321))
"""Rows, outputs and bits of cases for kernels that process many rows at once.

They have whole blocks of rows with and without a rest, odd numbers of words, and counts below and above the
limit of a byte.
"""

_LONG = {"8-bits": 1000, "16-bits": 32801}
"""Bit lengths whose sums exceed the range of a narrow accumulator."""


_FULLEST = {"fill-a-byte": 254, "fill-more-than-a-byte": 300}
"""Bit lengths of rows that differ from a weight in all bits or in none, which gives the largest counts."""


def node_model(operator: str, attributes: Mapping[str, int], inputs: Mapping[str, Array]) -> onnx.ModelProto:
    """Return a model of one node that includes the operator's ONNX function.

    Args:
        operator: the operator's name.
        attributes: the operator's attributes by name.
        inputs: arrays by input name; they give the element types and the shapes.

    Raises:
        ModelError: the inputs or attributes do not fit the operator.
    """
    entry = OPERATORS[operator]
    types = {name: TensorType.of(inputs[name]) for name in entry.inputs}
    result = entry.infer(list(types.values()), attributes)
    node = helper.make_node(
        operator, entry.inputs, [entry.output], "/node", domain=DOMAIN, **_any(attributes)
    )
    graph = helper.make_graph(
        [node], operator, [_info(name, kind) for name, kind in types.items()], [_info(entry.output, result)]
    )
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid(DOMAIN, entry.version(list(types.values()))),
        ],
        functions=[entry.function()],
    )


def cases() -> Iterator[Case]:
    """Make every case, with the outputs of the reference."""
    yield from _pack_cases()
    yield from _linear_cases()
    yield from _linear_packed_cases()
    yield from _mat_mul_cases("BnnMatMul")
    yield from _transpose_cases()
    yield from _attention_map_cases()
    yield from _mat_mul_cases("BnnBoolMatMul")
    yield from integer_cases()


def write(folder: Path) -> list[Path]:
    """Write one JSON file per operator into ``folder`` and return the paths.

    Raises:
        FileError: a file cannot be written.
    """
    by_operator: dict[str, list[Case]] = {name: [] for name in OPERATORS}
    for case in cases():
        by_operator[case.operator].append(case)
    texts = {}
    for name, found in by_operator.items():
        version = max(case.version for case in found)
        head = {"format": FORMAT, "domain": DOMAIN, "version": version, "operator": name}
        lines = ",\n".join(json.dumps(_case_json(case), separators=(",", ":")) for case in found)
        texts[f"{name}.json"] = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    write_files(folder, texts)
    return [folder / name for name in texts]


def read(folder: Path | None = None) -> list[Case]:
    """Read the vectors in ``folder``, by default those of this package.

    Raises:
        ModelError: a file is missing, damaged or of another format.
    """
    folder = folder or resource("export") / "conformance"
    found = []
    for name in OPERATORS:
        path = folder / f"{name}.json"
        try:
            document = json.loads(path.read_text())
            if document["format"] != FORMAT or document["version"] not in DOMAIN_VERSIONS:
                raise ValueError("another format")
            found += [_case(name, entry) for entry in document["cases"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The conformance vectors {path} are missing, damaged or of another version.",
                "Write them again with `python -m sensor_bnn.onnx.conformance`.",
            ) from error
    return found


def _any(attributes: Mapping[str, int]) -> dict[str, Any]:
    return dict(attributes)


def _info(name: str, kind: TensorType) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape)


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "attributes": dict(case.attributes),
        "inputs": {name: _tensor_json(array) for name, array in case.inputs.items()},
        "outputs": {name: _tensor_json(array) for name, array in case.outputs.items()},
    }


def _tensor_json(array: Array) -> dict[str, Any]:
    """Write float32 as its IEEE 754 bits, which keeps NaN, infinities and the sign of zero."""
    plain = array.view(np.uint32) if array.dtype == np.float32 else array
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": plain.reshape(-1).tolist()}


def _case(operator: str, entry: dict[str, Any]) -> Case:
    inputs, outputs = (
        {name: _array(tensor) for name, tensor in entry[side].items()} for side in ("inputs", "outputs")
    )
    return Case(operator, entry["name"], entry["attributes"], inputs, outputs)


def _array(tensor: dict[str, Any]) -> Array:
    shape = tensor["shape"]
    if tensor["dtype"] == "float32":
        return np.array(tensor["data"], dtype=np.uint32).view(np.float32).reshape(shape)
    return np.array(tensor["data"], dtype=tensor["dtype"]).reshape(shape)


def _opposite(K: int) -> tuple[Array, Array]:
    """Return 17 rows, every second one all ones, and 33 weights, every third all ones; others are zero."""
    x, w = np.arange(17)[:, None] % 2 == 0, np.arange(33)[:, None] % 3 == 0
    return pack_bits(np.repeat(x, K, axis=1)), pack_bits(np.repeat(w, K, axis=1))


def _pack_cases() -> Iterator[Case]:
    name = "BnnPack"
    for K in LENGTHS:
        draw = Draw(name, K)
        yield solve(name, f"float-K{K}", draw.floats(3, K), draw.floats(K))
        yield solve(name, f"int-K{K}", draw.integers(-2, 2, 3, K), draw.integers(-2, 2, K))
    draw = Draw(name, "rank")
    yield solve(name, "rank-1", draw.floats(40), draw.floats(40))
    yield solve(name, "rank-4", draw.floats(2, 1, 3, 40), draw.floats(40))
    inf, nan, tiny = np.inf, np.nan, 1e-45  # tiny: the smallest subnormal
    one_down, one_up = np.nextafter(f32(1), f32(0))[0], np.nextafter(f32(1), f32(2))[0]
    edge = [
        1,
        one_down,
        one_up,
        0.0,
        -0.0,
        0.0,
        -0.0,
        tiny,
        -tiny,
        0,
        inf,
        inf,
        -inf,
        3e38,
        -inf,
        nan,
        0,
        nan,
        nan,
    ]
    against = [1, 1, 1, 0.0, 0.0, -0.0, -0.0, 0, 0, tiny, inf, 3e38, -inf, inf, -3e38, 0, nan, nan, -inf]
    yield solve(name, "float-ties-zeros-infinities-nan", f32(*edge)[None], f32(*against))
    least, most = -(2**31), 2**31 - 1
    yield solve(
        name,
        "int-extremes",
        i32(least, least, most, most, 0, least, most, -1)[None],
        i32(least, most, least, most, least, 0, 0, most),
    )
    for K in (1, 32, 45):
        draw = Draw(name, "int16", K)
        shorts = (draw.integers(-2, 2, *shape, dtype=np.int16) for shape in ((3, K), (K,)))
        yield solve(name, f"int16-K{K}", *shorts)
    least, most = -(2**15), 2**15 - 1
    yield solve(
        name,
        "int16-extremes",
        i16(least, least, most, most, 0, least, most, -1)[None],
        i16(least, most, least, most, least, 0, 0, most),
    )
    yield solve(name, "all-ones", np.ones((2, 45), np.float32), np.zeros(45, np.float32))
    yield solve(name, "all-zeros", -np.ones((2, 45), np.float32), np.zeros(45, np.float32))


def _linear_cases() -> Iterator[Case]:
    name = "BnnLinear"
    for K in LENGTHS:
        for N in (1, 7):
            draw = Draw(name, K, N)
            inputs = draw.bits(3, K), draw.bits(N, K), draw.floats(N), draw.floats(N)
            yield solve(name, f"K{K}-N{N}", *inputs, K=K)
    for M, N, K in BLOCKS:
        draw = Draw(name, M, N, K)
        inputs = draw.bits(M, K), draw.bits(N, K), draw.floats(N), draw.floats(N)
        yield solve(name, f"rows{M}-N{N}-K{K}", *inputs, K=K)
    for label, K in _FULLEST.items():
        x, w = _opposite(K)
        yield solve(name, f"rows-{label}", x, w, *draw.floats(2, len(w)), K=K)
    draw = Draw(name, "rank")
    weights = draw.bits(5, 40), draw.floats(5), draw.floats(5)
    yield solve(name, "rank-1", draw.bits(40), *weights, K=40)
    yield solve(name, "rank-4", draw.bits(2, 1, 3, 40), *weights, K=40)
    ones = np.ones((1, 45), np.bool_)
    both = pack_bits(np.concatenate([ones, ~ones]))
    yield solve(name, "all-agree-and-all-differ", both, both, f32(0.5, -2), f32(1, 0), K=45)
    yield solve(
        name, "product-rounds-before-the-sum", pack_bits(ones[:, :3]), pack_bits(ones[:, :3]), f32(0.1),
        f32(-0.3), K=3,
    )  # fmt: skip
    yield solve(name, "scale-zero", both, both, f32(0, -0.0), f32(1.5, -0.0), K=45)
    for label, K in _LONG.items():
        long = pack_bits(np.ones((1, K), np.bool_))
        both = np.concatenate([long, long ^ long])
        yield solve(name, f"sum-beyond-{label}", long, both, f32(1, 1), f32(0, 0), K=K)


def _linear_packed_cases() -> Iterator[Case]:
    name = "BnnLinearPacked"
    for K in LENGTHS:
        for N in (1, 31, 32, 33, 65):
            draw = Draw(name, K, N)
            inputs = draw.bits(2, K), draw.bits(N, K), draw.integers(-3, 3, N)
            yield solve(name, f"K{K}-N{N}", *inputs, K=K)
    for M, N, K in BLOCKS:
        draw = Draw(name, M, N, K)
        inputs = draw.bits(M, K), draw.bits(N, K), draw.integers(-9, 9, N)
        yield solve(name, f"rows{M}-N{N}-K{K}", *inputs, K=K)
    for label, K in _FULLEST.items():
        x, w = _opposite(K)
        ties = np.where(np.arange(len(w)) % 2, np.int32(K), np.int32(1 - K)).astype(np.int32)
        yield solve(name, f"rows-{label}", x, w, ties, K=K)
    draw = Draw(name, "rank")
    weights = draw.bits(5, 40), draw.integers(-3, 3, 5)
    yield solve(name, "rank-1", draw.bits(40), *weights, K=40)
    yield solve(name, "rank-4", draw.bits(2, 1, 3, 40), *weights, K=40)
    x, w = draw.bits(1, 70), draw.bits(33, 70)
    acc = OPERATORS["BnnMatMul"].evaluate((x, w), {"K": 70})[0]
    yield solve(name, "ties-are-one", x, w, acc, K=70)
    yield solve(name, "one-above-is-zero", x, w, acc + np.int32(1), K=70)
    ones = pack_bits(np.ones((4, 33), np.bool_))
    yield solve(name, "extreme-thresholds", ones[:1], ones, i32(33, 34, 2**31 - 1, -(2**31)), K=33)
    zeros = np.zeros_like(ones)
    yield solve(name, "extreme-thresholds-all-differ", zeros[:1], ones, i32(-33, -32, 0, -(2**31)), K=33)
    for label, K in _LONG.items():
        long = pack_bits(np.ones((1, K), np.bool_))
        both = np.concatenate([long, long ^ long])
        yield solve(name, f"sum-beyond-{label}", long, both, i32(K, 1 - K), K=K)


def _mat_mul_cases(name: str) -> Iterator[Case]:
    for K in LENGTHS:
        draw = Draw(name, K)
        yield solve(name, f"K{K}", draw.bits(2, 3, K), draw.bits(2, 5, K), K=K)
    draw = Draw(name, "rank")
    yield solve(name, "one-by-one", draw.bits(1, 1, 64), draw.bits(1, 1, 64), K=64)
    yield solve(name, "rank-2", draw.bits(3, 40), draw.bits(4, 40), K=40)
    yield solve(name, "rank-4", draw.bits(2, 2, 3, 40), draw.bits(2, 2, 4, 40), K=40)
    ones = np.ones((1, 65), np.bool_)
    both = pack_bits(np.concatenate([ones, ~ones]))
    yield solve(name, "all-ones-and-all-zeros", both, both, K=65)
    for label, K in _LONG.items():
        long = pack_bits(np.ones((1, K), np.bool_))
        yield solve(name, f"sum-beyond-{label}", long, np.concatenate([long, long ^ long]), K=K)


def _transpose_cases() -> Iterator[Case]:
    name = "BnnTranspose"
    for K in (1, 31, 32, 33, 64, 65):
        for M in (1, 31, 32, 33, 65):
            yield solve(name, f"M{M}-K{K}", Draw(name, M, K).bits(1, M, K), K=K)
    draw = Draw(name, "rank")
    yield solve(name, "rank-2", draw.bits(9, 40), K=40)
    yield solve(name, "rank-4", draw.bits(2, 2, 9, 40), K=40)
    yield solve(name, "all-ones", draw.bits(1, 45, 45, ones=1), K=45)


def _attention_map_cases() -> Iterator[Case]:
    name = "BnnAttentionMap"
    for K in (1, 31, 32, 33, 64):
        for N in (1, 31, 32, 33, 50):
            draw = Draw(name, K, N)
            table = np.sort(draw.integers(0, 65535, 2, K + 1), axis=1)
            S = 2 * draw.integers(0, K, 2, 3, N) - np.int32(K)
            yield solve(name, f"K{K}-N{N}", S, table, f32(1.1 / N, 0.7 / N), K=K)
    S = 2 * Draw(name, "scores").integers(0, 32, 1, 2, 8) - np.int32(32)
    same = np.full((1, 33), 777, np.int32)
    yield solve(name, "ties-are-one", S, same, f32(0.125), K=32)
    yield solve(name, "just-above-is-zero", S, same, np.nextafter(f32(0.125), f32(1)), K=32)
    yield solve(name, "table-of-zeros", S, np.zeros((1, 33), np.int32), f32(0.5), K=32)
    for label, ratio in (("zero", 0.0), ("negative", -1.0), ("above-one", 1.5), ("nan", np.nan)):
        yield solve(name, f"ratio-{label}", S, np.arange(100, 133, dtype=np.int32)[None], f32(ratio), K=32)
    ends = np.array([[[-32, 32, -32, 32, 0]]], np.int32)
    yield solve(name, "score-extremes", ends, np.arange(0, 66, 2, dtype=np.int32)[None], f32(0.25), K=32)
    full = np.full((1, 2), 65535, np.int32)
    yield solve(name, "largest-entries", np.ones((1, 1, 300), np.int32), full, f32(1 / 300), K=1)
    # 511 * 32768 + 32769 = 2**24 + 1, which rounds to the even 2**24: the limit is 32768 and every bit is 1.
    # With two larger entries it is 2**24 + 2, which float32 holds: only these two reach the limit.
    # With three it is 2**24 + 3, which rounds up to 2**24 + 4.
    S = np.full((1, 3, 512), -1, np.int32)
    S[0, 0, :1] = S[0, 1, :2] = S[0, 2, :3] = 1
    yield solve(name, "sum-rounds-to-even", S, i32(32768, 32769)[None], f32(2**-9), K=1)


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else resource("export") / "conformance"):
        print(f"{path} {path.stat().st_size} bytes")
