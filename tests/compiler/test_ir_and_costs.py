"""The estimates that `compile` prints, and the dumps of its stages."""

import json
import os
import re
import resource
import subprocess
import sys

import pytest

from sensor_bnn.compiler.costs import costs_of
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import FileError
from sensor_bnn.files import MANIFEST

STAGES = ["0-imported.py", "1-matched.py", "2-program.txt", "3-kernels.py", "4-lowered.py", "5-kernels.ll"]


@pytest.mark.usefixtures("cross_compiler")
def test_every_stage_is_written(mlp_onnx, tmp_path):
    folder = tmp_path / "ir"
    compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out", dump_ir=folder)
    texts = {file.name: file.read_text() for file in folder.iterdir()}
    assert sorted(texts) == [MANIFEST, *STAGES, "6-kernels.s"]
    assert "ai.sensorbnn.BnnLinear" in texts["0-imported.py"] and "R.add" in texts["0-imported.py"]
    assert "sensor_bnn.BnnLinearResidual" in texts["1-matched.py"] and "R.add" not in texts["1-matched.py"]
    assert "/contract: BnnLinear + Add" in texts["2-program.txt"]
    assert "sbnn_pack_float32" in texts["2-program.txt"] and "sbnn_pack_float32" in texts["3-kernels.py"]
    assert "thumbv7em" in texts["5-kernels.ll"] and "vcmp" in texts["6-kernels.s"]
    again = tmp_path / "again"
    compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out", dump_ir=again)
    assert {file.name: file.read_text() for file in again.iterdir()} == texts


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("option", ["-o", "--dump-ir"])
def test_a_folder_of_the_user_survives(option, mlp_onnx, tmp_path):
    """An earlier version deleted the user's model and another file with the folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    model = folder / "model.onnx"
    model.write_bytes(mlp_onnx().read_bytes())
    (folder / "thesis.txt").write_text("chapter 1")
    before = contents(tmp_path)
    out = [] if option == "-o" else ["-o", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-m", "sensor_bnn", "compile", model, option, folder, *out],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"sensor-bnn: {folder} is not empty, and has no {MANIFEST} that says" in done.stderr
    assert {file: data for file, data in contents(tmp_path).items() if folder in file.parents} == {
        file: data for file, data in before.items() if folder in file.parents
    }


@pytest.mark.usefixtures("cross_compiler")
def test_a_users_file_in_our_folders_survives(mlp_onnx, tmp_path):
    model, bundle, dump = mlp_onnx(), tmp_path / "bundle", tmp_path / "ir"
    compile_model(model, "cortex-m7", bundle, dump_ir=dump)
    compile_model(model, "host", bundle, dump_ir=dump)
    assert (bundle / "libmodel.so").is_file()
    for folder, note in ((bundle, bundle / "kernels" / "linear_mine.h"), (dump, dump / "notes.txt")):
        note.parent.mkdir(exist_ok=True)
        note.write_text("the user's")
        before = contents(tmp_path)
        with pytest.raises(FileError, match=f"{folder} would be replaced, and it holds .*{note.name}"):
            compile_model(model, "cortex-m7", bundle, dump_ir=dump)
        assert contents(tmp_path) == before
        note.unlink()


@pytest.mark.usefixtures("cross_compiler")
def test_a_bundle_is_no_place_for_a_dump(mlp_onnx, tmp_path):
    model, out = mlp_onnx(), tmp_path / "out"
    compile_model(model, "cortex-m7", out)
    before = contents(tmp_path)
    with pytest.raises(FileError, match="out is a bundle, not a dump of the compiler's stages"):
        compile_model(model, "cortex-m7", tmp_path / "other", dump_ir=out)
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("limit", [200, 2000, 6000])
def test_a_full_disk_is_one_sentence_and_keeps_the_old_bundle(limit, mlp_onnx, tmp_path):
    """The case full-disk, simulated by a limit on file sizes; LLVM itself would end the process there."""
    model, out = mlp_onnx(), tmp_path / "out"
    compile_model(model, "cortex-m7", out)
    before = contents(tmp_path)
    # Without the comparison, which would meet the limit first, in its scratch folder.
    code = (
        "from sensor_bnn.compiler import guard; guard.check_against_file = lambda *_: None;"
        "from sensor_bnn.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "compile", model, "-o", out, "--no-cache"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        # Python's compiled modules would meet the limit too.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    assert re.fullmatch(
        rf"Compiling .*\nsensor-bnn: {out}/\S+ cannot be written \(File too large\)\. Raise .*\n", done.stderr
    )
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_one_sentence(mlp_onnx, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
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
