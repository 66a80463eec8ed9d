"""Every backend gives the vectors' outputs, bit for bit. A new backend is one more entry in BACKENDS.

An emulated board runs vectors in one image: one program with one step per vector, whose inputs are constants.
Every board runs all vectors of version 1; one of each of three architectures runs a second image with vectors
of version 2.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import pytest
from onnx.numpy_helper import from_array
from onnx.reference import ReferenceEvaluator

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.expose import Result, join_programs
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import Graph, import_onnx
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import ModelError
from sensor_bnn.hardware.boards import list_boards
from sensor_bnn.measure.on_board import run_on_board
from sensor_bnn.onnx import conformance
from sensor_bnn.onnx.conformance import Case, node_model
from sensor_bnn.onnx.operators import OPERATORS
from sensor_bnn.onnx.packing import WORD_BITS
from sensor_bnn.resources import resource

Arrays = Mapping[str, np.ndarray]
One = Callable[[str, Mapping[str, int], Arrays], Arrays]
Backend = Callable[[], Mapping[str, np.ndarray]]
"""Returns every vector's result by its label."""


def reference(operator: str, attributes: Mapping[str, int], inputs: Arrays) -> Arrays:
    entry = OPERATORS[operator]
    return {entry.output: entry.evaluate([inputs[name] for name in entry.inputs], attributes)}


def onnx_reference(operator: str, attributes: Mapping[str, int], inputs: Arrays) -> Arrays:
    (result,) = ReferenceEvaluator(node_model(operator, attributes, inputs)).run(None, dict(inputs))
    return {OPERATORS[operator].output: result}


def stock_onnxruntime(operator: str, attributes: Mapping[str, int], inputs: Arrays) -> Arrays:
    model = node_model(operator, attributes, inputs).SerializeToString()
    (result,) = onnxruntime.InferenceSession(model).run(None, dict(inputs))
    return {OPERATORS[operator].output: result}


@cache
def imported(place: int) -> Graph:
    """Import a vector's operator; its first input is the graph's, the others are constants."""
    case = CASES[place]
    model = node_model(case.operator, case.attributes, case.inputs)
    rest = model.graph.input[1:]
    model.graph.initializer.extend(from_array(case.inputs[value.name], value.name) for value in rest)
    del model.graph.input[1:]
    return match_patterns(import_onnx(model))


def all_vectors(target: str, cases: list[Case]) -> tuple[Program, list[Result]]:
    """Return a program that runs the vectors, and the place of each result."""
    parts = []
    for place, case in enumerate(CASES):
        if not any(case is one for one in cases):
            continue
        first = next(iter(case.inputs.values()))
        parts.append((label(case), plan_program(imported(place), find_target(target)), first))
    return join_programs(parts)


def from_output(results: list[Result], output: bytes) -> dict[str, np.ndarray]:
    return {result.name: result.read(output) for result in results}


def on_host() -> dict[str, np.ndarray]:
    program, results = all_vectors("host", CASES)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "bundle"
        bundle = write_bundle(program, "vectors", "00" * 32, find_target("host"), place, package=False)
        return from_output(results, HostModel(bundle.folder).infer(np.zeros(1, np.float32)).tobytes())


def on_board(target: str, cases: list[Case]) -> dict[str, np.ndarray]:
    """Return every vector's result, from a run that executes every function of the image."""
    board = next(board for board in list_boards() if board.emulator and board.target == target)
    program, results = all_vectors(target, cases)
    ran = run_on_board(program, "vectors", board, bytes(4), watch=True)
    assert ran.idle == ()
    return from_output(results, ran.output)


def one_by_one(one: One) -> Backend:
    def backend() -> dict[str, np.ndarray]:
        results = {}
        for case in CASES:
            got = one(case.operator, case.attributes, case.inputs)
            (results[label(case)],) = got.values()
        return results

    return backend


def label(case: Case) -> str:
    return f"{case.operator}-{case.name}"


EMULATED = list(dict.fromkeys(board.target for board in list_boards() if board.emulator))
CASES = conformance.read()
VERSION_1 = [case for case in CASES if case.version == 1]
VERSION_2 = [case for case in CASES if case.version == 2]
GRID = re.compile(r"(words|bytes)-\D|(u?int\d+-)?(rows|tokens|K)\d|\d+x\d|(?!every-shift).*-gain\d")
"""The names of the vectors of version 2 that differ from others only in sizes, gains and random values; all
others are about one edge of an operator's definition: ties, floors, saturation, extremes."""


def some_of_version_2() -> list[Case]:
    """Return the vectors of edges, and for each operator and types of inputs one of its grid.

    Of BnnStreamAdd without the edges of BnnStream, which both compute by one function.
    """
    grids = defaultdict(list)
    for case in VERSION_2:
        if GRID.match(case.name):
            kind = (case.operator, *(array.dtype.name for array in case.inputs.values()))
            grids[kind].append(label(case))
    chosen = {grid[len(grid) // 2] for grid in grids.values()}
    chosen |= {label(case) for case in VERSION_2 if not GRID.match(case.name) and not of_stream(case)}
    return [case for case in VERSION_2 if label(case) in chosen]


def of_stream(case: Case) -> bool:
    """Whether the case is one of BnnStream, with a shortcut of zeros."""
    return case.operator == "BnnStreamAdd" and not GRID.match(case.name) and not case.inputs["X"].any()


SECOND_IMAGE = ("cortex-m0plus", "cortex-m55", "rv32imc")
"""The targets whose boards run vectors of version 2: without an FPU and without a divider, with vectors, and
another architecture. tests/compiler/test_integers.py runs layers and models of version 2 on other boards."""
VECTORS = {
    **dict.fromkeys(EMULATED, VERSION_1),
    **{f"{target}-version-2": some_of_version_2() for target in SECOND_IMAGE},
}
"""The vectors of each image; other backends have all."""
BACKENDS: dict[str, Backend] = {
    "reference": one_by_one(reference),
    "onnx-reference": one_by_one(onnx_reference),
    "onnxruntime": one_by_one(stock_onnxruntime),
    "tvm-host": on_host,
    **{name: partial(on_board, name.removesuffix("-version-2"), cases) for name, cases in VECTORS.items()},
}
MARKS = {
    "tvm-host": (pytest.mark.long_compile,),
    **dict.fromkeys(VECTORS, (pytest.mark.cross_compiler, pytest.mark.qemu)),
}


def as_bits(array: np.ndarray) -> np.ndarray:
    return array.view(np.uint32) if array.dtype == np.float32 else array


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    "backend",
    [pytest.param(backend, id=name, marks=MARKS.get(name, ())) for name, backend in BACKENDS.items()],
)
def test_vectors(backend: Backend, request: pytest.FixtureRequest):
    got = backend()
    cases = VECTORS.get(request.node.callspec.id, CASES)
    assert list(got) == [label(case) for case in cases]
    wrong = []
    for case in cases:
        (want,) = case.outputs.values()
        result = got[label(case)]
        same = (result.dtype, result.shape) == (want.dtype, want.shape)
        if not same or not np.array_equal(as_bits(result), as_bits(want)):
            wrong.append(label(case))
    assert wrong == []


def test_every_core_that_is_asked_for_is_emulated():
    asked = ("m0plus", "m3", "m4", "m7", "m55", "a53")
    assert set(EMULATED) >= {f"cortex-{core}" for core in asked}


def test_the_second_image_has_every_operator_type_and_edge_of_version_2():
    def kinds(cases: list[Case]) -> set[tuple[str, ...]]:
        return {(case.operator, *(array.dtype.name for array in case.inputs.values())) for case in cases}

    some = some_of_version_2()
    assert kinds(some) == kinds(VERSION_2)
    names = {label(case) for case in some}
    skipped = [case for case in VERSION_2 if not GRID.match(case.name) and label(case) not in names]
    assert {f"BnnStream-{case.name}" for case in skipped} <= names
    assert {case.operator for case in skipped} == {"BnnStreamAdd"}
    assert names >= {
        "BnnIntAttentionMap-a-sum-that-float32-would-round",
        "BnnIntLinear-odd-sum-beyond-24-bits",
        "BnnQuantize-saturates-symmetrically",
        "BnnStream-ties-of-negative-slope",
        "BnnStreamAdd-shortcut-saturates-below",
        "BnnWindowMoments-ends-of-bytes",
        "BnnWindowNormalize-every-shift-gain8191",
    }


MAIN = """
#include "vectors.h"
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    /* Exactly as many bytes as the header says: the sanitizer sees one more. */
    void *arena = aligned_alloc(16, VECTORS_ARENA_BYTES);
    float *input = calloc(1, VECTORS_INPUT_BYTES);
    void *output = malloc(VECTORS_OUTPUT_BYTES);
    vectors_run(arena, input, output, NULL);
    fwrite(output, 1, VECTORS_OUTPUT_BYTES, stdout);
    free(arena);
    free(input);
    free(output);
    return 0;
}
"""


@pytest.mark.usefixtures("long_compile")
def test_sanitizers_find_nothing_in_the_c_that_the_vectors_run(tmp_path):
    program, results = all_vectors("host", VERSION_1)
    place = tmp_path / "bundle"
    bundle = write_bundle(program, "vectors", "00" * 32, find_target("host"), place, package=False)
    (bundle.folder / "main.c").write_text(MAIN)
    flags = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = ["main.c", *bundle.metadata.sources, "kernels.o"]
    subprocess.run(["gcc", *flags, "-o", "main", *sources], cwd=bundle.folder, check=True)
    done = subprocess.run([bundle.folder / "main"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    for case, got in zip(VERSION_1, from_output(results, done.stdout).values(), strict=True):
        (want,) = case.outputs.values()
        assert got.tobytes() == want.tobytes(), label(case)


def test_writing_again_changes_nothing(tmp_path):
    committed = resource("export") / "conformance"
    written = conformance.write(tmp_path)
    assert {path.name for path in committed.iterdir()} == {path.name for path in written}
    for path in written:
        assert path.read_text() == (committed / path.name).read_text(), path.name


def test_every_operator_has_cases_with_their_own_names():
    names = [(case.operator, case.name) for case in CASES]
    assert len(set(names)) == len(names)
    assert {operator for operator, _ in names} == set(OPERATORS)


# Logical length of an operator's packed output, computed from its inputs.
PACKED_LENGTH = {
    "BnnPack": lambda inputs: inputs["X"].shape[-1],
    "BnnLinearPacked": lambda inputs: inputs["Wp"].shape[0],
    "BnnTranspose": lambda inputs: inputs["Xp"].shape[-2],
    "BnnAttentionMap": lambda inputs: inputs["S"].shape[-1],
    "BnnIntAttentionMap": lambda inputs: inputs["S"].shape[-1],
}

WHOLE_WORDS = "BnnPatches"
"""Its words have no tail: its channels are a multiple of 32."""


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.operator != WHOLE_WORDS],
    ids=lambda case: f"{case.operator}-{case.name}",
)
def test_packed_tensors_of_the_vectors_have_zero_tails(case: Case):
    for array in case.inputs.values():
        if array.dtype == np.uint32:
            assert_zero_tail(array, case.attributes["K"])
    for array in case.outputs.values():
        if array.dtype == np.uint32:
            assert_zero_tail(array, PACKED_LENGTH[case.operator](case.inputs))


def assert_zero_tail(words: np.ndarray, length: int) -> None:
    assert words.shape[-1] == -(-length // WORD_BITS)
    used = length - (words.shape[-1] - 1) * WORD_BITS
    assert not (words[..., -1].astype(np.uint64) >> np.uint64(used)).any()


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"format": 2, "version": 1, "cases": []}'])
def test_damaged_vectors_are_one_sentence(content, tmp_path):
    if content is not None:
        (tmp_path / "BnnPack.json").write_text(content)
    with pytest.raises(ModelError, match=r"BnnPack.json are missing, damaged or of another version"):
        conformance.read(tmp_path)
