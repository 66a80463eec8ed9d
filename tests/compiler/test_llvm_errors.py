"""A kernel that LLVM cannot compile at its usual level, and one that it cannot compile at all.

LLVM's branch placement for Armv6-M gives up on the moments of windows of 20 x 3 int16 and ends the process.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest

from sensor_bnn.compiler import lowering
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.conformance import node_model
from sensor_bnn.onnx.quantities import INPUT_STEP, OUTPUT_STEP

pytestmark = pytest.mark.usefixtures("long_compile", "cross_compiler")


@pytest.fixture
def moments(tmp_path: Path) -> Path:
    file = tmp_path / "moments.onnx"
    model = node_model("BnnWindowMoments", {}, {"X": np.zeros((20, 3), np.int16)})
    model.graph.node[0].name = "sizes_of_windows"
    onnx.helper.set_model_props(model, {INPUT_STEP: "[1.0, 1.0, 1.0]", OUTPUT_STEP: "1.0"})
    onnx.save(model, file)
    return file


def test_what_llvm_gives_up_on_is_compiled_at_a_lower_level(moments, tmp_path, caplog, capfd):
    caplog.set_level("INFO", "sensor_bnn")
    folder = compile_model(moments, "cortex-m0plus", tmp_path / "bundle", cache=False).folder
    assert "Branch Fix Up pass failed to converge. Its optimization level is now 2." in caplog.text
    assert (folder / "kernels.o").stat().st_size > 1000
    assert "LLVM" not in capfd.readouterr().err
    before = (folder / "kernels.o").read_bytes()
    again = compile_model(moments, "cortex-m0plus", tmp_path / "again", cache=False).folder
    assert (again / "kernels.o").read_bytes() == before


def test_what_llvm_cannot_compile_at_all_is_one_message(moments, tmp_path, monkeypatch):
    monkeypatch.setattr(lowering, "_SMALLER", 3)
    with pytest.raises(ModelError) as caught:
        compile_model(moments, "cortex-m0plus", tmp_path / "bundle", cache=False)
    assert caught.value.message == (
        "LLVM cannot make code for cortex-m0plus of the kernel bnnwindowmoments_window_moments_int16_n20_c3 "
        "(layer sizes_of_windows). LLVM was ended by signal 6 (SIGABRT): LLVM ERROR: Branch Fix Up pass "
        "failed to converge."
    )
    assert caught.value.remedy.startswith("The numbers in its name are the layer's sizes: change one")
    assert not (tmp_path / "bundle").exists()


def test_another_python_makes_the_same_code_where_no_process_is_copied(
    moments, tmp_path, monkeypatch, caplog, capfd
):
    """As on Windows and macOS. LLVM ends it for all kernels, and alone at the usual level."""
    caplog.set_level("INFO", "sensor_bnn")
    here = compile_model(moments, "cortex-m0plus", tmp_path / "here", cache=False).folder
    monkeypatch.setattr(lowering, "_COPIES", False)
    there = compile_model(moments, "cortex-m0plus", tmp_path / "there", cache=False).folder
    assert "sensor_bnn.compiler.llvm_process" in caplog.text
    assert "SIGABRT): LLVM ERROR: Branch Fix Up pass failed to converge). Its optimization" in caplog.text
    for file in here.glob("*"):
        if file.is_file():
            assert file.read_bytes() == (there / file.name).read_bytes(), file.name
    assert "LLVM" not in capfd.readouterr().err
