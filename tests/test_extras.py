"""A small installation: what needs no torch and no TVM works, and the rest says which line to type."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from peer import Peer, toy_folder

from sensor_bnn.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[1]

SMALL = """
import sys
for name in ("torch", "PIL", "lightning", "lightning_fabric", "tensorboardX"):
    sys.modules[name] = None
for name in ("onnx", "onnxruntime", "tvm", "tvm_ffi"):
    sys.modules[name] = None
sys.argv[0] = "sensor-bnn"
from sensor_bnn.__main__ import main
main()
"""
CHECKPOINT = ROOT / "sensor_bnn" / "zoo" / "sensor-small" / "ckpt.pt"


def small(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where no package of an extra can be imported."""
    words = [sys.executable, "-c", SMALL, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("arguments", [("boards",), ("flash", "--help"), ("targets",), ("doctor", "--help")])
def test_what_a_technician_types_works(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = small(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("long_run")
def test_a_board_is_read_at_a_port(tmp_path: Path) -> None:
    with Peer() as peer:
        arguments = (
            "--board",
            toy_folder(tmp_path),
            "--port",
            peer.port,
            "--read",
            "slot.bin",
            "--bytes",
            64,
        )
        done = small("flash", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "slot.bin").read_bytes()) == 64


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [
        (("train", "watch-small", "--dry-run"), "torch", "train"),
        (("models",), "torch", "train"),
        (("compile", "model.onnx", "-o", "out"), "tvm", "compile"),
        (("export", CHECKPOINT, "--target", "host", "-o", "out"), "torch", "all"),
        (("demo",), "torch", "all"),
    ],
)
def test_the_rest_says_which_line_to_type(
    arguments: tuple[object, ...], module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With an export in the cache `demo` would not need PyTorch.
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.onnx").write_bytes(b"")
    done = small(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"sensor-bnn: `{arguments[0]}` requires {module}, which is not installed. Type: {sys.executable}"
        f' -m pip install "sensor-bnn[{extra}]"'
    )


def test_the_extras_are_those_of_the_package() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert set(EXTRAS) < set(extras)
    assert extras["all"] == [f"sensor-bnn[{','.join(EXTRAS)}]"]
