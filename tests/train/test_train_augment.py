"""Augmentation of images besides crop and flip, and time warp: each changes what it should, within bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Generator

from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.draws import Draws
from sensor_bnn.train.images import ArrayPixels, ImageCutter, Images
from sensor_bnn.train.learner import Learner
from sensor_bnn.train.mixing import MixingCutter, rectangle
from sensor_bnn.train.randaugment import OPERATIONS, erased, randaugment
from sensor_bnn.train.recipe import Augmentation, parse_recipe
from sensor_bnn.train.sets import split
from sensor_bnn.train.windows import Recordings


def draws(count: int, seed: int = 0) -> Draws:
    return Draws(Generator().manual_seed(seed), count, slice(None))


def photo(count: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, 8, 12, generator=Generator().manual_seed(1))


@pytest.fixture
def images() -> Images:
    random = np.random.default_rng(0)
    pixels = ArrayPixels(random.integers(0, 256, (40, 3, 8, 8)).astype(np.uint8))
    y = np.arange(40) % 4
    return Images(pixels, y, pixels, y, ("a", "b", "c", "d"))


@pytest.mark.parametrize("channels", (1, 3))
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_operations_keep_shape_and_rows_apart(operation, channels: int) -> None:
    x = photo(3, channels)
    for strength in (-1.0, 0.3, 1.0):
        by = torch.full((3,), strength)
        y = operation(x, by)
        assert y.shape == x.shape
        assert y.isfinite().all()
        torch.testing.assert_close(operation(x[1:2], by[:1]), y[1:2])  # an image does not see the others


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_no_strength_is_no_change(operation) -> None:
    x = photo(2)
    if operation.__name__ in ("_autocontrast", "_equalize"):  # these have no strength
        flat = torch.full((1, 3, 4, 4), 0.5)
        assert operation(flat, torch.zeros(1)).unique().numel() == 1
        return
    levels = (255 * x).round() / 255
    torch.testing.assert_close(operation(levels, torch.zeros(2)), levels, atol=1e-5, rtol=0)


def test_what_operations_do() -> None:
    named = {operation.__name__: operation for operation in OPERATIONS}
    x, one = photo(1), torch.ones(1)
    assert named["_autocontrast"](x, one).amin().item() == 0
    assert named["_brightness"](x, -one).mean() < 0.2 * x.mean()
    torch.testing.assert_close(named["_solarize"](x, one), 1 - x)
    assert len((255 * named["_posterize"](x, one)).round().unique()) <= 16
    spot = torch.zeros(1, 1, 9, 9)
    spot[..., 4, 6] = 1
    assert named["_translate_x"](spot, one)[..., 4, :].argmax() < 6
    turned = named["_rotate"](spot, one)[0, 0]
    assert turned.argmax() != spot.argmax() and turned.max() > 0.3
    ramp = (torch.arange(64.0).view(1, 1, 8, 8) / 255) ** 2
    assert named["_equalize"](ramp, one).amax() == 1


def test_randaugment_changes_and_repeats() -> None:
    x = photo(64)
    y = randaugment(x, 2, 0.5, draws(64))
    assert y.shape == x.shape and y.min() >= 0 and y.max() <= 1
    changed = (y != x).flatten(1).any(dim=1).float().mean()
    assert 0.9 < changed <= 1
    assert torch.equal(y, randaugment(x, 2, 0.5, draws(64)))
    assert not torch.equal(y, randaugment(x, 2, 0.5, draws(64, seed=1)))


def test_erasing_fills_rectangles_of_the_named_area() -> None:
    x = torch.ones(500, 3, 32, 32)
    fill = torch.tensor([0.1, 0.2, 0.3])
    y = erased(x, 0.5, fill, draws(500))
    gone = y[:, 0] != 1
    hit = gone.flatten(1).any(dim=1)
    assert 0.4 < hit.float().mean() < 0.6
    area = gone[hit].float().mean(dim=(1, 2))
    assert area.min() > 0.005 and area.max() < 0.37
    for image, mask in zip(y[hit][:20], gone[hit][:20], strict=True):
        rows, columns = mask.any(dim=1), mask.any(dim=0)
        assert torch.equal(mask, rows[:, None] & columns)
        assert torch.equal(image[:, mask].T.unique(dim=0), fill[None])


def test_mixed_images_have_mixed_labels(images: Images) -> None:
    plain, index = ImageCutter(images.train, images.train_y, Augmentation()), torch.arange(20)
    x, y = plain.cut(index, Generator())
    mixed, shares = MixingCutter(plain, 0.8, 0.0, 4).cut(index, Generator().manual_seed(2))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(20))
    order = torch.randperm(20, generator=Generator().manual_seed(2))
    row = int((y != y[order]).nonzero()[0])
    share = shares[row, y[row]]
    assert 0 < share < 1
    torch.testing.assert_close(mixed, share * x + (1 - share) * x[order], atol=1e-5, rtol=0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4))
    answers, loss = Learner(model, 0.1)(mixed, shares)
    assert answers.shape == (20, 4) and loss.isfinite()


def test_mixed_windows_have_mixed_labels(recordings: Recordings) -> None:
    plan = {"model": {}, "data": {"train_subjects": [1, 2], "test_subjects": [3]}}
    plain = split(recordings, parse_recipe(plan, "x")).train
    mixing = split(recordings, parse_recipe({**plan, "augment": {"mixup": 0.8}}, "x")).train
    assert len(mixing) == len(plain)
    index = torch.arange(20)
    x, y = plain.cut(index, Generator())
    mixed, shares = mixing.cut(index, Generator().manual_seed(2))
    order = torch.randperm(20, generator=Generator().manual_seed(2))
    row = int((y != y[order]).nonzero()[0])
    share = shares[row, y[row]]
    assert 0 < share < 1
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(20))
    torch.testing.assert_close(mixed, share * x + (1 - share) * x[order], atol=1e-4, rtol=1e-4)


def test_cut_images_have_labels_by_area(images: Images) -> None:
    plain, index = ImageCutter(images.train, images.train_y, Augmentation()), torch.arange(20)
    x, y = plain.cut(index, Generator())
    for seed in range(5):
        mixed, shares = MixingCutter(plain, 0.0, 1.0, 4).cut(index, Generator().manual_seed(seed))
        order = torch.randperm(20, generator=Generator().manual_seed(seed))
        kept = (mixed == x).all(dim=1).flatten(1).float().mean(dim=1)  # [n]
        for row in range(20):
            if y[row] != y[order[row]]:
                assert shares[row, y[row]].item() == pytest.approx(kept[row].item(), abs=1e-6)
        assert ((mixed == x) | (mixed == x[order])).all()


def test_slices_of_a_mixed_batch_make_up_the_batch(images: Images) -> None:
    augment = Augmentation(crop=2, flip=True, randaugment=1, erase=0.5)
    cutter = MixingCutter(ImageCutter(images.train, images.train_y, augment), 0.4, 1.0, 4)
    index = torch.arange(13)
    for seed in range(4):
        whole, shares = cutter.cut(index, Generator().manual_seed(seed))
        parts = [
            cutter.cut(index, Generator().manual_seed(seed), part) for part in (slice(0, 6), slice(6, 13))
        ]
        torch.testing.assert_close(torch.cat([x for x, _ in parts]), whole)
        assert torch.equal(torch.cat([y for _, y in parts]), shares)


def test_rectangles_stay_inside() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        rows, columns = rectangle(8, 12, random.random(), random)
        assert 0 <= rows.start <= rows.stop <= 8 and 0 <= columns.start <= columns.stop <= 12


def test_time_warp_keeps_order_and_ends(recordings: Recordings) -> None:
    length = recordings.length
    ramp = np.tile(np.arange(recordings.signal.shape[1], dtype=np.float32), (6, 1))
    cutter = WindowCutter(dataclasses.replace(recordings, signal=ramp), Augmentation(warp=8.0))
    index = torch.arange(len(recordings.y))
    x, _ = cutter.cut(index, Generator().manual_seed(0))
    still = cutter.start[index, None, None] + torch.arange(length, dtype=torch.float32)
    torch.testing.assert_close(x[..., [0, -1]], still.expand_as(x)[..., [0, -1]], atol=0.05, rtol=0)
    assert (x.diff(dim=2) > 0.4).all()
    assert 2 < (x - still)[..., length // 2].std() < 12


@example(2.0, 30.0, 5, 0)
@given(
    st.floats(0, 1000), st.floats(0, 1e6), st.integers(0, 1000), st.integers(0, 2**32)
)  # beyond what a recipe may say
def test_time_never_runs_backwards(
    recordings: Recordings, speed: float, warp: float, shift: int, seed: int
) -> None:
    ramp = np.arange(700, dtype=np.float32)[None]
    one = dataclasses.replace(
        recordings,
        signal=ramp,
        **{name: np.array([at]) for name, at in (("start", 300), ("first", 0), ("end", 700), ("y", 0))},
        group=np.array([1]),
        mirror=np.ones(1, dtype=np.float32),
    )
    cutter = WindowCutter(one, Augmentation(speed=speed, warp=warp, shift=shift))
    x, _ = cutter.cut(torch.zeros(8, dtype=torch.int64), Generator().manual_seed(seed))
    assert x.diff(dim=2).min() >= 0
    assert x.min() >= 0 and x.max() <= 699


def test_augmentation_for_the_other_kind_is_named(images: Images, recordings: Recordings) -> None:
    for key, value in (("cutmix", 0.2), ("randaugment", 1), ("erase", 0.5)):
        with pytest.raises(DataError, match=f"augment.{key} applies to images"):
            split(recordings, parse_recipe({"augment": {key: value}}, "x"))
    with pytest.raises(DataError, match=r"augment.warp applies to windows"):
        split(images, parse_recipe({"augment": {"warp": 1.0}}, "x"))
    for key, value in (("erase", 1.5), ("strength", -0.1), ("mixup", -1.0), ("warp", float("inf"))):
        with pytest.raises(CheckpointError, match=f"augment.{key} is"):
            parse_recipe({"augment": {key: value}}, "x")
