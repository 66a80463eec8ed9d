"""What `compile` says before anything runs, and what it writes of its stages."""

import json
import subprocess
import sys

import pytest

from sensor_bnn.compiler.costs import costs_of
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import ModelError

STAGES = ["0-imported.py", "1-matched.py", "2-program.txt", "3-kernels.py", "4-lowered.py", "5-kernels.ll"]


@pytest.mark.usefixtures("cross_compiler")
def test_every_stage_is_written(mlp_onnx, tmp_path):
    folder = tmp_path / "ir"
    compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out", dump_ir=folder)
    texts = {file.name: file.read_text() for file in folder.iterdir()}
    assert sorted(texts) == [*STAGES, "6-kernels.s"]
    assert "ai.sensorbnn.BnnLinear" in texts["0-imported.py"] and "R.add" in texts["0-imported.py"]
    assert "sensor_bnn.BnnLinearResidual" in texts["1-matched.py"] and "R.add" not in texts["1-matched.py"]
    assert "/contract: BnnLinear + Add" in texts["2-program.txt"]
    assert "sbnn_pack_float32" in texts["2-program.txt"] and "sbnn_pack_float32" in texts["3-kernels.py"]
    assert "thumbv7em" in texts["5-kernels.ll"] and "vcmp" in texts["6-kernels.s"]
    again = tmp_path / "again"
    compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out", dump_ir=again)
    assert {file.name: file.read_text() for file in again.iterdir()} == texts


def test_a_folder_that_cannot_be_written_is_one_sentence(mlp_onnx, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out", dump_ir=tmp_path / "file" / "ir")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("cross_compiler")
def test_the_table_adds_up(mlp_onnx, tmp_path):
    arguments = ["compile", str(mlp_onnx(width=64, hidden=128)), "-o", "out", "--dump-ir", "ir"]
    done = subprocess.run(
        [sys.executable, "-m", "sensor_bnn", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    facts = json.loads((tmp_path / "out" / "metadata.json").read_text())
    layers = facts["layers"]
    model = costs_of(find_target("cortex-m7")).model
    assert facts["cost_model"] == model and f"instructions: {model}\n" in done.stdout
    for layer in layers:
        row = next(line for line in done.stdout.splitlines() if line.strip().startswith(f"{layer['name']} "))
        assert row.split()[-1] == f"{layer['instructions_estimated']:,}"
        assert row.split()[-2] == f"{layer['ram_bytes']:,}"
        assert 0 <= layer["ram_bytes"] <= facts["arena_bytes"]
    assert f"{sum(layer['instructions_estimated'] for layer in layers):,}" in done.stdout
    assert [layer["name"] for layer in layers if layer["float"]] == ["/mean", "/head"]
    assert "stayed float: /mean, /head\n" in done.stdout
    assert max(layer["ram_bytes"] for layer in layers) <= facts["arena_lower_bound_bytes"]
    assert (tmp_path / "ir").is_dir()
