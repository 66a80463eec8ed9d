"""Labelled images, in memory or decoded when needed, and the cutter of training images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.errors import DataError
from sensor_bnn.train.draws import Draws, Part
from sensor_bnn.train.randaugment import erased, randaugment
from sensor_bnn.train.recipe import Augmentation

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Picked = slice | npt.NDArray[np.int64]

STATISTICS_OF = 5000
"""The largest number of training images, evenly spaced, from which the input's normalisation is computed."""


class Pixels(Protocol):
    """Images of one shape. A slice or an index int64 ``[m]`` gives float32 ``[m, C, H, W]``, 0 .. 1."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all images, ``(n, C, H, W)``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Picked) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class ArrayPixels:
    """Images in memory, uint8 ``[n, C, H, W]``."""

    array: Bytes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all images, ``(n, C, H, W)``."""
        return self.array.shape

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Picked) -> npt.NDArray[np.float32]:
        return self.array[index].astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class FilePixels:
    """Image files. The shorter side is scaled to ``size`` pixels and the middle square used, in colour."""

    files: tuple[Path, ...]
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all images, ``(n, 3, size, size)``."""
        return (len(self.files), 3, self.size, self.size)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Picked) -> npt.NDArray[np.float32]:
        chosen = np.arange(len(self))[index]
        images = np.empty((len(chosen), *self.shape[1:]), dtype=np.uint8)
        for row, at in enumerate(chosen):
            images[row] = decode(self.files[at], self.size)
        return images.astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class ChosenPixels:
    """A selection ``chosen``, int64 ``[n]``, of other images."""

    pixels: Pixels
    chosen: Labels

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the selected images, ``(n, C, H, W)``."""
        return (len(self.chosen), *self.pixels.shape[1:])

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: Picked) -> npt.NDArray[np.float32]:
        return self.pixels[self.chosen[index]]


def decode(file: Path, size: int) -> Bytes:
    """Decode the middle square of an image file, scaled to uint8 ``[3, size, size]``.

    The image is turned as its EXIF data says. Transparent pixels are shown on white;
    16 bits are rounded to 8.

    Raises:
        DataError: the file is not an image, is incomplete, or has a form that cannot be converted exactly.
    """
    from PIL import Image

    try:
        with Image.open(file) as image:
            colour = _in_colour(image, file)
        scale = size / min(colour.size)
        wide, high = (max(size, round(side * scale)) for side in colour.size)
        left, top = (wide - size) // 2, (high - size) // 2
        scaled = colour.resize((wide, high), Image.Resampling.BILINEAR)
        square = scaled.crop((left, top, left + size, top + size))
    except DataError:
        raise
    except Exception as error:  # Pillow passes on any exception of the reader of a format
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"{file} is damaged or not an image ({told}).",
            "Extract the data set again, or delete that file.",
        ) from error
    return np.asarray(square, dtype=np.uint8).transpose(2, 0, 1)


_STATED_16_BITS = frozenset({"PNG", "PPM"})
"""Formats whose 16-bit values end at 65535; in others, such as TIFF, the range and its direction vary."""


def _in_colour(image: Picture, file: Path) -> Picture:
    """Return an image as RGB, upright; DataError where a pixel's colour would be a guess."""
    from PIL import Image, ImageOps

    frames = getattr(image, "n_frames", 1)
    # A camera's MPO file is a JPEG with previews after the picture.
    if frames > 1 and image.format != "MPO":
        raise DataError(f"{file} has {frames} images; it must have one.", "Save one of them as a PNG.")
    image.load()
    turned = ImageOps.exif_transpose(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        if image.format not in _STATED_16_BITS or "transparency" in image.info:
            raise _form_refused(file, image)
        values = np.asarray(turned).astype(np.float64) / 257  # 65535 becomes 255
        return Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")
    if image.mode in {"F", "LAB", "La"}:
        raise _form_refused(file, image)
    if turned.has_transparency_data:
        pixels = turned.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")
    return turned.convert("RGB")


def _form_refused(file: Path, image: Picture) -> DataError:
    clear = " with a transparent value" * ("transparency" in image.info)
    return DataError(
        f"{file} is a {image.format} of Pillow's mode {image.mode}{clear}; its range of values is not known.",
        "Save it as a PNG in RGB or grey with 8 or 16 bits.",
    )


@dataclass(frozen=True)
class Images:
    """An image set with its published split.

    Attributes:
        train, test: the images of each part, all of one shape.
        train_y, test_y: their labels, int64 ``[n]``, indices into ``classes``.
        classes: the names of the classes.
    """

    train: Pixels
    train_y: Labels
    test: Pixels
    test_y: Labels
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for part, pixels, y in (("train", self.train, self.train_y), ("test", self.test, self.test_y)):
            if not len(pixels) or y.shape != (len(pixels),):
                raise DataError(
                    f"The {part} part has {len(pixels)} images and {len(y)} labels.",
                    "Extract the data set again.",
                )
            if y.min() < 0 or y.max() >= len(self.classes):
                raise DataError(
                    f"The {part} part has a label outside 0 .. {len(self.classes) - 1}.",
                    "Extract the data set again.",
                )


def hold_out(images: Images, count: int) -> Images:
    """Return the set with ``count`` of its training images as the test part, without its own test part.

    The images are evenly spaced, because the files of a set are often sorted by class.

    Raises:
        DataError: no training image would be left.
    """
    total = len(images.train)
    if count >= total:
        raise DataError(
            f"{count} images are to be held out of {total} training images.", "Lower data.held_out."
        )
    held = np.arange(count, dtype=np.int64) * total // count
    rest = np.setdiff1d(np.arange(total, dtype=np.int64), held)
    return Images(
        ChosenPixels(images.train, rest),
        images.train_y[rest],
        ChosenPixels(images.train, held),
        images.train_y[held],
        images.classes,
    )


class ImageCutter:
    """Cuts batches of training images.

    Args:
        pixels: the training images.
        y: their labels, int64 ``[n]``.
        augment: the changes; only ``crop``, ``flip``, ``randaugment`` and ``erase`` are used here, the others
            do not apply to single images.
    """

    def __init__(self, pixels: Pixels, y: Labels, augment: Augmentation) -> None:
        self.pixels = pixels
        self.y = torch.from_numpy(y)
        self.augment = augment
        self.mean = torch.from_numpy(self.normalisation()[0]) if augment.erase else torch.zeros(0)

    def __len__(self) -> int:
        return len(self.y)

    def cut(self, index: Tensor, generator: Generator, part: Part = slice(None)) -> tuple[Tensor, Tensor]:
        """Return ``(x [n, C, H, W], y [n])`` of the rows ``part`` of a batch, randomly augmented.

        Args:
            index: the examples of the whole batch, int64.
            generator: the source of randomness, in the same state in every process.
            part: the rows of the batch to return.
        """
        draws = Draws(generator, len(index), part)
        index = index[part]
        x = torch.from_numpy(self.pixels[index.numpy()])
        if self.augment.crop:
            x = _moved(x, self.augment.crop, draws)
        if self.augment.flip:
            x = torch.where(draws.uniform(1, 1, 1) < 0.5, x.flip(3), x)
        if self.augment.randaugment:
            x = randaugment(x, self.augment.randaugment, self.augment.strength, draws)
        if self.augment.erase:
            x = erased(x, self.augment.erase, self.mean, draws)
        return x, self.y[index]

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel, float32 ``[C]`` each, of at most ``STATISTICS_OF`` images."""
        count = min(len(self), STATISTICS_OF)
        x: npt.NDArray[Any] = self.pixels[np.linspace(0, len(self) - 1, count).round().astype(np.int64)]
        mean, std = (getattr(x, name)(axis=(0, 2, 3), dtype=np.float64) for name in ("mean", "std"))
        std[x.max(axis=(0, 2, 3)) == x.min(axis=(0, 2, 3))] = 0  # exactly, whatever the mean rounds to
        return mean.astype(np.float32), std.astype(np.float32)


def _moved(x: Tensor, most: int, draws: Draws) -> Tensor:
    """Move each image by up to ``most`` pixels in each direction; its edge pixels fill the gap."""
    count, _, high, wide = x.shape
    offset = draws.offsets(most)
    rows = (torch.arange(high) + offset[0]).clamp(0, high - 1)  # [n, H]
    columns = (torch.arange(wide) + offset[1]).clamp(0, wide - 1)  # [n, W]
    each = torch.arange(count)[:, None, None]
    return x.transpose(1, 0)[:, each, rows[:, :, None], columns[:, None, :]].transpose(1, 0).contiguous()
