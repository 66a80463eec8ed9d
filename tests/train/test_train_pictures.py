"""Image files in every form that Pillow opens: right colours and the right way up, or refused by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sensor_bnn.errors import DataError
from sensor_bnn.train.image_sets import image_folder
from sensor_bnn.train.images import decode

SIDE = 8
GREY = np.arange(0, 256, 4, dtype=np.uint8).reshape(SIDE, SIDE)
COLOUR = np.stack([GREY, GREY.T, 255 - GREY], axis=2)


def saved(folder: Path, image: Image.Image, form: str = "PNG", **options: Any) -> Path:
    file = folder / f"a.{form.lower()}"
    image.save(file, form, **options)
    return file


def decoded(file: Path) -> np.ndarray:
    """What training sees, with the colours last: uint8 [SIDE, SIDE, 3]."""
    return decode(file, SIDE).transpose(1, 2, 0)


def in_grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[:, :, None], 3, axis=2)


@pytest.mark.parametrize("form", ["PNG", "PPM", "BMP", "TIFF", "WEBP"])
def test_eight_bits(tmp_path: Path, form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    file = saved(tmp_path, Image.fromarray(COLOUR), form, **options)
    np.testing.assert_array_equal(decoded(file), COLOUR)
    if form != "WEBP":
        file = saved(tmp_path, Image.fromarray(GREY), form)
        np.testing.assert_array_equal(decoded(file), in_grey(GREY))


@pytest.mark.parametrize("form", ["PNG", "PPM"])
def test_sixteen_bits_are_rounded_to_eight(tmp_path: Path, form: str) -> None:
    values = np.linspace(0, 65535, SIDE * SIDE).round().astype(np.uint16).reshape(SIDE, SIDE)
    # 257 * 255 = 65,535.
    expected = np.rint(values / 257).astype(np.uint8)
    assert expected.min() == 0 and expected.max() == 255 and len(np.unique(expected)) == SIDE * SIDE
    np.testing.assert_array_equal(decoded(saved(tmp_path, Image.fromarray(values), form)), in_grey(expected))


def test_one_bit(tmp_path: Path) -> None:
    bits = GREY % 8 == 0
    found = decoded(saved(tmp_path, Image.fromarray(bits)))
    np.testing.assert_array_equal(found, in_grey(np.where(bits, 255, 0)))


def test_palette(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(SIDE, SIDE), "P")
    image.putpalette(COLOUR.reshape(-1).tolist())
    np.testing.assert_array_equal(decoded(saved(tmp_path, image)), COLOUR)
    clear = decoded(saved(tmp_path, image, transparency=5))
    expected = COLOUR.copy()
    expected[0, 5] = 255
    np.testing.assert_array_equal(clear, expected)
    half = decoded(saved(tmp_path, image, transparency=bytes([255] * 9 + [0])))
    expected = COLOUR.copy()
    expected[1, 1] = 255
    np.testing.assert_array_equal(half, expected)


def test_transparent_pixels_are_shown_on_white(tmp_path: Path) -> None:
    """Not in the colour that is stored under them, which no viewer shows."""
    alpha = np.where(GREY < 128, 0, 255).astype(np.uint8)
    alpha[7, 7] = 128
    share = alpha[:, :, None] / 255
    for values, mode in ((COLOUR, "RGBA"), (in_grey(GREY), "LA")):
        expected = values * share + 255 * (1 - share)
        stored = np.dstack([values if mode == "RGBA" else values[:, :, 0], alpha])
        found = decoded(saved(tmp_path, Image.fromarray(stored, mode)))
        assert np.abs(found - expected).max() <= 1
        np.testing.assert_array_equal(found[0], np.full((SIDE, 3), 255))
    key = saved(tmp_path, Image.fromarray(COLOUR), transparency=tuple(COLOUR[2, 3].tolist()))
    expected = COLOUR.copy()
    expected[2, 3] = 255
    np.testing.assert_array_equal(decoded(key), expected)


def test_cmyk(tmp_path: Path) -> None:
    """No ink is white, and each ink takes its colour away; JPEG stores the four inverted."""
    inks = np.zeros((SIDE, SIDE, 4), dtype=np.uint8)
    inks[:, 4:, 0] = 255
    for form in ("TIFF", "JPEG"):
        found = decoded(saved(tmp_path, Image.fromarray(inks, "CMYK"), form)).astype(int)
        assert np.abs(found[:, :4] - 255).max() <= 2, form
        assert np.abs(found[:, 4:] - [0, 255, 255]).max() <= 2, form


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_the_right_way_up(tmp_path: Path, form: str, orientation: int) -> None:
    """EXIF's eight: what is stored is undone, also for sides of different lengths."""
    quarters = np.zeros((16, 32, 3), dtype=np.uint8)
    quarters[:8, :16], quarters[:8, 16:], quarters[8:, :16] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    upright = Image.fromarray(quarters)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    # EXIF's number of the orientation.
    exif[0x0112] = orientation
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    options |= {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    file = saved(tmp_path, stored, form, exif=exif, **options)
    # The middle square of 16 x 32 has a quarter in each corner.
    found = decode(file, 16).transpose(1, 2, 0).astype(int)
    corners = found[[2, 2, 13, 13], [2, 13, 2, 13]]
    assert np.abs(corners - [(250, 0, 0), (0, 250, 0), (0, 0, 250), (0, 0, 0)]).max() < 12


@pytest.mark.parametrize(
    ("image", "form", "told"),
    [
        (Image.new("F", (8, 8)), "TIFF", "is a TIFF of Pillow's mode F; its range of values is not known"),
        (Image.new("I", (8, 8)), "TIFF", "is a TIFF of Pillow's mode I;"),
        (Image.new("I;16", (8, 8)), "TIFF", "is a TIFF of Pillow's mode I;16"),
        (Image.new("LAB", (8, 8)), "TIFF", "is a TIFF of Pillow's mode LAB"),
    ],
)
def test_a_form_without_a_stated_range_is_refused_by_name(
    tmp_path: Path, image: Image.Image, form: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        decode(saved(tmp_path, image, form), SIDE)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_several_images_in_a_file_are_refused(tmp_path: Path, form: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    file = saved(tmp_path, frames[0], form, save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="has 3 images; it must have one"):
        decode(file, SIDE)


def test_a_cameras_previews_are_no_other_images(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime")]
    found = decoded(saved(tmp_path, frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert np.abs(found.astype(int) - [255, 0, 0]).max() <= 2


def test_a_picture_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, Image.fromarray(GREY))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(DataError, match="decompression bomb"):
        decode(file, SIDE)


def test_no_image_of_a_class_is_left_out(tmp_path: Path) -> None:
    """Whatever Pillow knows by its suffix is read; text beside the images is not."""
    for part in ("train", "val"):
        for number, form in enumerate(("PNG", "BMP", "WEBP", "TIFF", "GIF")):
            folder = tmp_path / part / "n01"
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.{form.lower()}")
        (folder / "read.me").write_text("text")
    assert image_folder(tmp_path, 8).train.shape == (5, 3, 8, 8)


@pytest.mark.usefixtures("long_run")
@given(st.data())
@settings(deadline=None, max_examples=300)
def test_damage_is_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"]))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    Image.fromarray(COLOUR).save(stored, form, **({"exif": exif} if form in {"PNG", "JPEG", "WEBP"} else {}))
    content = bytearray(stored.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(content)))
        content[first : first + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    file = tmp_path_factory.getbasetemp() / "mutated"
    file.write_bytes(content)
    try:
        assert decode(file, SIDE).shape == (3, SIDE, SIDE)
    except DataError as refused:
        assert "\n" not in str(refused)
