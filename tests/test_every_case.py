"""Public bug reports, rebuilt as small cases: the tests that hold us to the right outcome of each.

The inputs are made in the tests. A name that ends in an underscore is for all tests that begin with it.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

CASES = {
    "csv-messages": ["data/test_cases.py::test_csv_messages_"],
    "full-disk": [
        "cli/test_ends.py::test_full_disk_",
        "cli/test_full_disk.py::test_full_disk_",
        "compiler/test_ir_and_costs.py::test_a_full_disk_is_one_sentence_and_keeps_the_old_bundle",
        "files/test_files.py::test_standard_output_on_a_full_disk_is_a_sentence",
    ],
    "gemm-one-bias": ["onnx/test_onnx_cases.py::test_gemm_one_bias"],
    "labels-and-split": ["data/test_cases.py::test_labels_and_split_"],
    "model-name-late": ["data/test_cases.py::test_model_name_late"],
    "nan-checkpoint": [
        "nn/test_nn_checkpoint.py::test_a_value_that_is_not_finite_is_refused",
        "train/test_train_cli.py::test_a_checkpoint_that_is_not_finite_is_refused",
    ],
    "npz-object-array": ["data/test_cases.py::test_npz_object_array"],
    "onnx-square": ["onnx/test_onnx_cases.py::test_onnx_square"],
    "onnx-tracebacks": ["onnx/test_onnx_cases.py::test_onnx_tracebacks_"],
    "pty-parity-twice": [
        "flashing/test_flasher.py::test_a_pseudo_terminal_has_no_parity_and_opens_every_time"
    ],
    "qonnx-messages": ["onnx/test_onnx_cases.py::test_qonnx_messages_"],
    "recording-number-20-digits": ["data/test_cases.py::test_recording_number_20_digits"],
    "resume-other-data": ["train/test_train_again.py"],
    "softfp": ["compiler/test_packages.py::test_softfp_a_program_with_this_abi_links_and_runs"],
    "softmax-opset-11": ["onnx/test_onnx_cases.py::test_softmax_opset_11"],
    "stream-csv": ["data/test_cases.py::test_stream_csv_"],
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_tests(case: str) -> None:
    for place in CASES[case]:
        file, _, name = place.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        if not name:
            assert case in (ast.get_docstring(tree) or "")
        elif name.endswith("_"):
            assert any(test.startswith(name) for test in tests), place
        else:
            assert name in tests, place
