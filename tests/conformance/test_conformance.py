"""Every backend gives the vectors' outputs, bit for bit. A new backend is one more entry in BACKENDS."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import pytest
from onnx.numpy_helper import from_array
from onnx.reference import ReferenceEvaluator

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import import_onnx
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.program import plan_program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx import conformance
from sensor_bnn.onnx.conformance import Case, node_model
from sensor_bnn.onnx.operators import OPERATORS
from sensor_bnn.onnx.packing import WORD_BITS
from sensor_bnn.resources import resource

Arrays = Mapping[str, np.ndarray]
Backend = Callable[[str, Mapping[str, int], Arrays], Arrays]


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


def tvm_host(operator: str, attributes: Mapping[str, int], inputs: Arrays) -> Arrays:
    """The compiler's kernels, compiled for this machine; the first input is the bundle's input."""
    model = node_model(operator, attributes, inputs)
    first, *rest = model.graph.input
    model.graph.initializer.extend(from_array(inputs[value.name], value.name) for value in rest)
    del model.graph.input[1:]
    program = plan_program(match_patterns(import_onnx(model)), find_target("host"))
    with TemporaryDirectory() as folder:
        bundle = write_bundle(program, operator, "00" * 32, find_target("host"), Path(folder) / "bundle")
        return {OPERATORS[operator].output: HostModel(bundle.folder).infer(inputs[first.name])}


BACKENDS: dict[str, Backend] = {
    "reference": reference,
    "onnx-reference": onnx_reference,
    "onnxruntime": stock_onnxruntime,
    "tvm-host": tvm_host,
}
CASES = conformance.read()


def as_bits(array: np.ndarray) -> np.ndarray:
    return array.view(np.uint32) if array.dtype == np.float32 else array


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operator}-{case.name}")
@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_vector(backend: Backend, case: Case):
    got = backend(case.operator, case.attributes, case.inputs)
    assert set(got) == set(case.outputs)
    for name, want in case.outputs.items():
        assert (got[name].dtype, got[name].shape) == (want.dtype, want.shape)
        np.testing.assert_array_equal(as_bits(got[name]), as_bits(want))


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


# The logical length of an operator's packed output, from its inputs.
PACKED_LENGTH = {
    "BnnPack": lambda inputs: inputs["X"].shape[-1],
    "BnnLinearPacked": lambda inputs: inputs["Wp"].shape[0],
    "BnnTranspose": lambda inputs: inputs["Xp"].shape[-2],
    "BnnAttentionMap": lambda inputs: inputs["S"].shape[-1],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operator}-{case.name}")
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
