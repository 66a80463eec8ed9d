"""One flipped bit in each file of a firmware's build: refused, or shown to be harmless."""

from __future__ import annotations

import shutil
from pathlib import Path

from flips import PLACES, flip_in

from sensor_bnn.errors import BundleError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.firmware.sizes import REPORT, read_build
from sensor_bnn.flashing.image import read_image


def test_in_each_file_of_a_build(built: BuildResult, tmp_path: Path) -> None:
    """The folder is refused with the file's name; values of build.json without a change are the exception."""
    folder = Path(shutil.copytree(built.folder, tmp_path / "build"))
    whole, sizes = read_image(folder), read_build(folder)
    for file in sorted(folder.iterdir()):
        harmless = 0
        for _ in flip_in(file):
            try:
                assert (read_image(folder), read_build(folder)) == (whole, sizes)
                harmless += 1
            except BundleError as error:
                assert file.name in error.message
        assert harmless == 0 or file.name == REPORT, file.name
        print(f"{file.name}: {PLACES - harmless} refused, {harmless} without effect")


def test_in_an_image_alone(built: BuildResult, tmp_path: Path) -> None:
    """An image checks what is written to the flash; an ELF file also holds other bytes."""
    for source in (built.firmware_bin, built.firmware_elf):
        file = Path(shutil.copy(source, tmp_path))
        whole = read_image(file)
        harmless = 0
        for _ in flip_in(file):
            try:
                assert read_image(file) == whole
                harmless += 1
            except BundleError:
                pass
        assert harmless == 0 or file.suffix == ".elf"
        print(f"{file.name} alone: {PLACES - harmless} refused, {harmless} without effect")
