"""``sensor-bnn export`` turns a checkpoint into files, or gives one sentence and no files."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from onnx import helper

from sensor_bnn.cli.export import command
from sensor_bnn.data.samples import Windows, write_samples
from sensor_bnn.errors import BoardError, CheckpointError, DataError, FileError, ModelError
from sensor_bnn.nn.checkpoint import save_checkpoint
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.onnx.compare import compare, run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.from_checkpoint import export_checkpoint
from sensor_bnn.train.evaluate import logits

CLASSES = ("left", "right", "still")


def make_model(seed: int, **changes) -> BinaryTransformer:
    """A model whose running statistics include a few batches."""
    torch.manual_seed(seed)
    config = TransformerConfig(
        **{
            "name": "tiny",
            "classes": CLASSES,
            "channels": 3,
            "length": 48,
            "patch": 4,
            "width": 32,
            "heads": 1,
        }
        | changes
    )
    model = BinaryTransformer(config).train()
    for _ in range(3):
        model(torch.randn(16, config.channels, config.length))
    return model.eval()


def make_windows(n: int, classes=CLASSES, shape=(3, 48)) -> Windows:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, *shape)).astype(np.float32)
    return Windows(x, rng.integers(0, len(classes), n), classes)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """A folder of right and wrong checkpoints and samples."""
    folder = tmp_path_factory.mktemp("inputs")
    model = make_model(0)
    save_checkpoint(folder / "ckpt.pt", model, {}, {})
    write_samples(folder / "samples.npz", make_windows(20))
    (folder / "text.pt").write_text("hello")
    (folder / "cut.pt").write_bytes((folder / "ckpt.pt").read_bytes()[:-1000])
    save_checkpoint(folder / "full.pt", make_model(0, precision="full"), {}, {})
    with torch.no_grad():
        model.head.bias.fill_(float("nan"))
    save_checkpoint(folder / "nan.pt", model, {}, {})
    write_samples(folder / "other-classes.npz", make_windows(4, classes=("up", "down")))
    write_samples(folder / "other-shape.npz", make_windows(4, shape=(2, 48)))
    return folder


@pytest.fixture
def ckpt(inputs, tmp_path) -> Path:
    """A checkpoint with samples beside it, in the test's own folder."""
    for file in inputs.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "ckpt.pt"


@pytest.mark.parametrize("changes", [{}, {"width": 128, "heads": 2, "length": 132}, {"binarizer": "sign"}])
def test_onnxruntime_answers_as_pytorch(changes, tmp_path):
    model = make_model(3, **changes)
    save_onnx(to_onnx(model.fold()), tmp_path / "model.onnx")
    windows = make_windows(50, shape=(3, model.config.length))
    in_onnx = run_model(tmp_path / "model.onnx", windows.x)
    seen = compare(logits(model, windows.x), in_onnx, windows.y, integers=False)
    assert seen.rounding() == ""
    assert seen.samples == 50
    assert seen.agreement == 1 and seen.top1_torch == seen.top1_onnx
    assert seen.largest_logit_difference < 1e-4


def test_comparison_counts():
    torch_logits = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    onnx_logits = np.array([[1, 0], [0, 1], [0, 1], [0, 3]], np.float32)
    seen = compare(torch_logits, onnx_logits, np.array([0, 0, 1, 0]), integers=True)
    assert (seen.samples, seen.top1_torch, seen.top1_onnx) == (4, 0.75, 0.5)
    assert (seen.agreement, seen.largest_logit_difference) == (0.75, 2)
    assert "3 of 4 samples get the same class" in seen.rounding()


@pytest.mark.usefixtures("cross_compiler", "long_compile")
def test_export_writes_model_and_bundles(ckpt, tmp_path):
    result = CliRunner().invoke(command, [str(ckpt), "-o", str(tmp_path / "out"), "--json"])
    assert result.exception is None, result.output
    said = json.loads(result.stdout)
    path = tmp_path / "out" / "model.onnx"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert said["model"] == "tiny" and said["onnx"] == str(path)
    assert said["model_hash"] == digest and said["onnx_bytes"] == path.stat().st_size
    assert list(said["bundles"]) == ["cortex-m7", "host"]
    for name, folder in said["bundles"].items():
        metadata = json.loads((Path(folder) / "metadata.json").read_text())
        assert (metadata["target"], metadata["model_hash"]) == (name, digest)
        assert tuple(metadata["classes"]) == CLASSES
    assert said["comparison"]["samples"] == 20
    assert said["comparison"]["agreement"] == 1
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        ".claim",  # the lock of the folder
        "cortex-m7",
        "host",
        "model.onnx",
        "model.onnx.sha256",
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"weeks of training",
        helper.make_model(helper.make_graph([], "g", [], []), producer_name="pytorch").SerializeToString(),
    ],
)
def test_a_model_that_no_export_wrote_is_kept(content, ckpt, tmp_path):
    path = tmp_path / "out" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(content)
    result = CliRunner().invoke(command, [str(ckpt), "-o", str(path.parent), "--target", "host"])
    assert isinstance(result.exception, FileError)
    assert f"{path} would be replaced" in str(result.exception) and "--force" in str(result.exception)
    assert path.read_bytes() == content and list(path.parent.iterdir()) == [path]
    for force in (True, False):
        export_checkpoint(ckpt, path.parent, force=force)
        assert path.read_bytes() != content


def test_samples_are_compared_by_the_names_of_their_classes(ckpt, tmp_path):
    """Their file may list the classes in another order: the same answers are right."""
    plain, turned = tmp_path / "plain.npz", tmp_path / "turned.npz"
    windows = make_windows(20)
    write_samples(plain, windows)
    write_samples(turned, Windows(windows.x, 2 - windows.y, CLASSES[::-1]))
    one, other = (export_checkpoint(ckpt, tmp_path, file).comparison for file in (plain, turned))
    assert one == other and one is not None and one.samples == 20


@pytest.mark.usefixtures("cross_compiler", "long_compile")
def test_export_in_words_to_the_default_folder_without_samples(ckpt, tmp_path, monkeypatch):
    (tmp_path / "samples.npz").unlink()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, [str(ckpt), "--target", "host"])
    assert result.exception is None, result.output
    assert "Not compared with PyTorch" in result.stdout
    assert sorted(entry.name for entry in Path("build/tiny").iterdir()) == [
        ".claim",
        "host",
        "model.onnx",
        "model.onnx.sha256",
    ]


def test_help_shows_an_example_and_imports_no_stage():
    code = (
        "import sys; from sensor_bnn.cli.export import command; "
        "command(['--help'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'tvm', 'onnx', 'onnxruntime')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "sensor-bnn export sensor_bnn/zoo/" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["missing.pt"], CheckpointError, "There is no"),
        (["text.pt"], CheckpointError, "truncated"),
        (["cut.pt"], CheckpointError, "truncated"),
        (["full.pt"], CheckpointError, "full precision"),
        (["nan.pt"], CheckpointError, "not finite"),
        (["ckpt.pt", "--target", "cortex-m77"], BoardError, "no target"),
        (["ckpt.pt", "--samples", "missing.npz"], DataError, "There is no file"),
        (["ckpt.pt", "--samples", "text.pt"], DataError, "damaged"),
        (
            ["ckpt.pt", "--samples", "other-classes.npz"],
            DataError,
            "not have these classes of the data: up",
        ),
        (["ckpt.pt", "--samples", "other-shape.npz"], DataError, r"\[2, 48\]"),
        (["ckpt.pt", "-o", "text.pt/out"], FileError, "cannot be written"),
    ],
)
def test_mistakes_leave_one_sentence_and_nothing_else(arguments, kind, said, ckpt, tmp_path, monkeypatch):
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, kind), result.exception
    assert result.exception.remedy.endswith(".")
    assert "\n" not in str(result.exception)
    assert re.search(said, str(result.exception))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("long_run")
def test_exit_status_and_no_traceback(tmp_path):
    def run(*arguments):
        line = [sys.executable, "-m", "sensor_bnn", "export", *arguments]
        return subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)

    wrong = run("missing.pt")
    assert wrong.returncode == 1 and wrong.stdout == ""
    assert "missing.pt" in wrong.stderr and "Traceback" not in wrong.stderr
    assert run("--no-such-option").returncode == 2


def test_a_file_that_onnxruntime_does_not_load(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="ONNX Runtime does not load"):
        run_model(tmp_path / "model.onnx", np.zeros((1, 3, 48), np.float32))


def test_windows_of_another_shape(tmp_path):
    save_onnx(to_onnx(make_model(0).fold()), tmp_path / "model.onnx")
    with pytest.raises(DataError, match=r"are \[3, 47\], the model .* takes \[3, 48\]"):
        run_model(tmp_path / "model.onnx", np.zeros((1, 3, 47), np.float32))


def test_progress_names_each_step(ckpt, tmp_path):
    steps: list[str] = []
    export_checkpoint(ckpt, tmp_path / "out", progress=steps.append)
    assert [step.split()[0] for step in steps] == ["reading", "writing", "running"]
