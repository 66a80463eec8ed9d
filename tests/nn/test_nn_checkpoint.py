"""Checkpoints come back whole, and bad ones are named."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from sensor_bnn.errors import CheckpointError, FileError
from sensor_bnn.nn.checkpoint import load_checkpoint, save_checkpoint
from sensor_bnn.nn.config import preset
from sensor_bnn.nn.transformer import BinaryTransformer


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = BinaryTransformer(preset("sensor-tiny", classes=["a", "b"]))
    model.set_normalisation(torch.arange(6.0), torch.arange(1.0, 7.0))
    path = tmp_path / "ckpt.pt"
    save_checkpoint(path, model, {"name": "some"}, {"test_top1": 0.5})
    return path


def rewritten(path: Path, **changes: object) -> Path:
    content = torch.load(path, weights_only=True)
    torch.save({**content, **changes}, path)
    return path


def test_comes_back(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    assert checkpoint.model.config == preset("sensor-tiny", classes=["a", "b"])
    assert checkpoint.recipe == {"name": "some"}
    assert checkpoint.metrics == {"test_top1": 0.5}
    assert not checkpoint.model.training
    assert checkpoint.model.embed.std.tolist() == [1, 2, 3, 4, 5, 6]
    torch.load(saved, weights_only=True)
    assert [path.name for path in saved.parent.iterdir()] == ["ckpt.pt"]


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no sensor-bnn checkpoint"):
        load_checkpoint(tmp_path / "none.pt")
    with pytest.raises(CheckpointError, match="There is no sensor-bnn checkpoint"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("share", (0.0, 0.01, 0.3, 0.9, 0.999))
def test_truncated(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match="truncated"):
        load_checkpoint(saved)


def test_flipped_bytes_in_its_pickle(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    at = content.index(b"config")
    content[at - 4 : at + 4] = b"\xff" * 8
    saved.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    "content", ({"state_dict": {}}, [1, 2], torch.zeros(3), {"format": "sensor-bnn training state"})
)
def test_foreign_files_of_pytorch(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="not a sensor-bnn checkpoint"):
        load_checkpoint(tmp_path / "other.pt")


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(CheckpointError, match="damaged or not a sensor-bnn checkpoint"):
        load_checkpoint(tmp_path / "module.pt")


@pytest.mark.parametrize("limit", (0, 1000, 5000))
def test_a_full_disk_keeps_the_old_checkpoint(saved: Path, limit: int) -> None:
    """A limit on file sizes simulates the full disk."""
    before = saved.read_bytes()
    model = load_checkpoint(saved).model
    assert len(before) > limit
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, usual[1]))
    try:
        with pytest.raises(FileError, match=r"ckpt.pt cannot be written \(File too large\)"):
            save_checkpoint(saved, model, {}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["ckpt.pt"]


def test_a_place_that_cannot_be_written(saved: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        save_checkpoint(saved / "below" / "ckpt.pt", load_checkpoint(saved).model, {}, {})


def test_other_version(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="version 2; this program reads 1"):
        load_checkpoint(rewritten(saved, version=2))


def test_tensors_that_do_not_fit(saved: Path) -> None:
    for changes in ({"state": {}}, {"state": 3}, {"recipe": None}):
        with pytest.raises(CheckpointError, match="does not fit"):
            load_checkpoint(rewritten(saved, **changes))
    config = torch.load(saved, weights_only=True)["config"]
    with pytest.raises(CheckpointError):
        load_checkpoint(rewritten(saved, config={**config, "width": 128}))
