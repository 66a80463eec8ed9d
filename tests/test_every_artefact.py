"""Every file that this program writes: its test with flipped bits, or why it needs none.

A worn disk, a cable or an editor may flip a bit of a file. Then the file is refused, or no value that
is read from it has changed: ``tests/played/flips.py`` flips a bit at 200 places, one at a time.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sensor_bnn

PACKAGE = Path(sensor_bnn.__file__).parent
TESTS = Path(__file__).parent
WRITERS = {"hold_open", "move_file", "replace_file", "replace_folder", "write_file", "write_files"}
"""The functions of ``files.py`` with which a module writes; test_one_writer.py knows no others."""

BUNDLE = "compiler/test_flipped_bundles.py::test_in_each_file_of_a_bundle"
BUILD = "firmware/test_flipped_firmware.py::test_in_each_file_of_a_build"

FLIPPED = {
    "compiler/bundle.py": BUNDLE,
    "compiler/cache.py": "compiler/test_flipped_bundles.py::test_in_an_entry_of_the_cache",
    "compiler/pipeline.py": BUNDLE,
    "data/samples.py": "data/test_npz_samples.py::test_a_flipped_bit_is_refused_or_harmless",
    "firmware/build.py": BUILD,
    "firmware/link.py": BUILD,
    "firmware/signing.py": "firmware/test_flipped_firmware.py::test_in_a_key",
    "cli/flash.py": "firmware/test_flipped_firmware.py::test_in_an_image_alone",
    "measure/evaluate.py": "report/test_evaluate.py::test_a_flipped_bit_in_the_state",
    "nn/checkpoint.py": "nn/test_nn_checkpoint.py::test_a_flipped_bit_is_refused_or_in_no_byte_that_is_read",
    "onnx/export.py": "compiler/test_flipped_bundles.py::test_in_an_exported_model",
    "report/result.py": "report/test_schema.py::test_a_flipped_bit_is_refused_or_changes_no_value",
    "train/packages.py": "train/test_train_data.py::test_a_flipped_bit_in_a_package_is_refused",
    "train/teacher_outputs.py": (
        "train/test_train_distill.py::test_a_flipped_bit_in_kept_outputs_is_never_learned_from"
    ),
    "tuning/tune.py": "compiler/test_tuning.py::test_a_flipped_bit_is_refused_or_changes_no_value",
    "workflows/exported.py": "compiler/test_flipped_bundles.py::test_in_an_exported_model",
}
"""The test that flips bits in what a module writes."""

READ_BY_NO_COMMAND = {
    "claims.py": "a file that is locked, and empty",
    "cli/data.py": "a page for people, and an example in place of a recording",
    "cli/explore.py": "a page for people, and the same for their programs",
    "cli/report.py": "a page for people",
    "cli/train.py": "a page for people",
    "compiler/host_library.py": "a copy that is loaded at once",
    "compiler/ir.py": "a dump for people",
    "compiler/library.py": "into a scratch folder, for GCC",
    "compiler/lowering.py": "into a scratch folder, for the Python that makes code of it at once",
    "compiler/small_code.py": "into a scratch folder, for GCC",
    "firmware/check.py": "into a scratch folder, for the build that follows",
    "flashing/drive.py": "onto the drive of a probe; the bootloader checks the image that arrives",
    "flashing/uf2.py": "onto the drive of a chip; the bootloader checks the image that arrives",
    "hardware/boards.py": "a board.toml that its owner edits",
    "live/record.py": "a recording, which its owner may edit; its reader checks what it can",
    "onnx/conformance.py": "vectors, which a test compares with those that are made again",
    "report/confusion_picture.py": "a picture for people",
    "report/growth.py": "a picture for people",
    "report/proposal.py": "a recipe that its owner edits",
    "train/ablation.py": "a table for people, made from the checkpoints each time",
    "train/loop.py": "curves for people; a run goes on from last.pt",
    "train/survey.py": "a table for people, made from the checkpoints each time",
}
"""Why a flipped bit in what a module writes changes nothing that this program computes."""


def test_every_module_that_writes_is_known() -> None:
    found = set()
    for file in PACKAGE.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        if WRITERS & {call.func.id for call in calls if isinstance(call.func, ast.Name)}:
            found.add(file.relative_to(PACKAGE).as_posix())
    found.discard("files.py")
    assert found == {*FLIPPED, *READ_BY_NO_COMMAND}, "flip bits in the new file, or say why not"
    assert not FLIPPED.keys() & READ_BY_NO_COMMAND.keys()


@pytest.mark.parametrize("module", FLIPPED)
def test_each_has_its_test(module: str) -> None:
    file, _, name = FLIPPED[module].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
