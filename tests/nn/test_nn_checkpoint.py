"""Checkpoints come back whole, and bad ones are named."""

from __future__ import annotations

import hashlib
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from flips import PLACES, flip_in

import sensor_bnn
from sensor_bnn.errors import CheckpointError, FileError
from sensor_bnn.nn.checkpoint import load_checkpoint, save_checkpoint, write_tensors
from sensor_bnn.nn.config import preset
from sensor_bnn.nn.digest import digest_of
from sensor_bnn.nn.transformer import BinaryTransformer

ZOO = Path(sensor_bnn.__file__).parent / "zoo" / "watch-tiny"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = BinaryTransformer(preset("sensor-tiny", classes=["a", "b"]))
    model.set_normalisation(torch.arange(6.0), torch.arange(1.0, 7.0))
    path = tmp_path / "ckpt.pt"
    save_checkpoint(path, model, {"name": "some"}, {"test_top1": 0.5})
    return path


def rewritten(path: Path, **changes: object) -> Path:
    """Change the content, with the digest that belongs to it."""
    content = torch.load(path, weights_only=True)
    del content["sha256"]
    write_tensors(path, content.pop("format"), {**content, **changes})
    return path


def of_an_earlier_version(path: Path) -> Path:
    content = torch.load(path, weights_only=True)
    del content["sha256"]
    torch.save({**content, "version": 1}, path)
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
    # Python ignores the signal that comes beyond this limit, so the write fails with an error.
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
    with pytest.raises(CheckpointError, match="version 3; this program reads 1 and 2"):
        load_checkpoint(rewritten(saved, version=3))


@pytest.mark.parametrize("value", (float("nan"), float("inf"), float("-inf")))
@pytest.mark.parametrize("name", ("embed.weight", "embed.norm.running_var", "head.bias"))
def test_a_value_that_is_not_finite_is_refused(saved: Path, name: str, value: float) -> None:
    """The case nan-checkpoint."""
    state = torch.load(saved, weights_only=True)["state"]
    state[name].view(-1)[0] = value
    with pytest.raises(CheckpointError, match=rf"ckpt.pt cannot be used: {name} is not finite"):
        load_checkpoint(rewritten(saved, state=state))


def test_large_values_are_finite(saved: Path) -> None:
    """Their sum is not."""
    state = torch.load(saved, weights_only=True)["state"]
    state["head.bias"].fill_(3e38)
    load_checkpoint(rewritten(saved, state=state))


def test_an_old_file_is_read_with_a_note(saved: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = load_checkpoint(saved).model.state_dict()
    assert caplog.messages == []
    found = load_checkpoint(of_an_earlier_version(saved)).model.state_dict()
    assert all(torch.equal(whole[name], found[name]) for name in whole)
    assert caplog.messages == [
        f"{saved} is of an earlier version, without a digest: damage to it cannot be seen."
    ]


def test_an_old_file_is_checked_by_the_digest_beside_it(
    saved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = of_an_earlier_version(saved).read_bytes()
    beside = saved.with_name("ckpt.pt.sha256")
    beside.write_text(f"{hashlib.sha256(content).hexdigest()}  ckpt.pt\n")
    load_checkpoint(saved)
    assert caplog.messages == []
    saved.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(CheckpointError, match=r"its SHA-256 is not that in ckpt.pt.sha256"):
        load_checkpoint(saved)
    beside.write_text("")
    with pytest.raises(CheckpointError, match=r"its SHA-256 is not that in ckpt.pt.sha256"):
        load_checkpoint(saved)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("shipped", (False, True))
def test_a_flipped_bit_is_refused_or_in_no_byte_that_is_read(saved: Path, shipped: bool) -> None:
    """200 places in a file of this version, and in the one that ships, which has its digest beside it."""
    if shipped:
        for name in ("ckpt.pt", "ckpt.pt.sha256"):
            (saved.parent / name).write_bytes((ZOO / name).read_bytes())
    content, whole = saved.read_bytes(), load_checkpoint(saved)
    random, refused = np.random.default_rng(14), 0
    for place in random.integers(0, 8 * len(content), 200):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        saved.write_bytes(flipped)
        try:
            found = load_checkpoint(saved)
        except CheckpointError:
            refused += 1
            continue
        assert (found.recipe, found.metrics) == (whole.recipe, whole.metrics), place
        assert digest_of(found.model.config.to_dict()) == digest_of(whole.model.config.to_dict()), place
        ours, theirs = (dict(checkpoint.model.state_dict()) for checkpoint in (found, whole))
        assert digest_of(ours) == digest_of(theirs), place
    print(f"{refused} of 200 refused")
    assert refused == 200 if shipped else refused > 100


@pytest.mark.usefixtures("long_run")
def test_a_flipped_bit_in_the_digest_beside_it_is_refused_or_in_the_name(
    saved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file's name is for `sha256sum -c`; a digest that is not found is one that is not right."""
    for name in ("ckpt.pt", "ckpt.pt.sha256"):
        (saved.parent / name).write_bytes((ZOO / name).read_bytes())
    harmless = 0
    for _ in flip_in(saved.with_name("ckpt.pt.sha256")):
        try:
            load_checkpoint(saved)
            harmless += 1
        except CheckpointError as error:
            assert "its SHA-256 is not that in ckpt.pt.sha256" in error.message
    assert harmless < PLACES / 4 and caplog.messages == []


def test_tensors_that_do_not_fit(saved: Path) -> None:
    for changes in ({"state": {}}, {"state": 3}, {"recipe": None}):
        with pytest.raises(CheckpointError, match="does not fit"):
            load_checkpoint(rewritten(saved, **changes))
    config = torch.load(saved, weights_only=True)["config"]
    with pytest.raises(CheckpointError):
        load_checkpoint(rewritten(saved, config={**config, "width": 128}))
