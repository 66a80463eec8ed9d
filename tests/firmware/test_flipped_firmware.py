"""One flipped bit in each file of a firmware's build, and in the key: refused, or shown to be harmless."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flips import PLACES, flip_in

from sensor_bnn.compiler.metadata import BUILD_REPORT
from sensor_bnn.errors import BundleError, KeyFileError
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.firmware.signing import make_key, read_key
from sensor_bnn.firmware.sizes import read_build
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board


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
        assert harmless == 0 or file.name == BUILD_REPORT, file.name
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


def test_in_a_signed_image(standin: Path, board: Board, tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    signer = read_key(tmp_path / "key.pem", counter=7)
    file = build_firmware(standin, board, tmp_path / "build", signer=signer).firmware_bin
    alone = Path(shutil.copy(file, tmp_path))
    for _ in flip_in(alone):
        with pytest.raises(BundleError):
            read_image(alone)


def test_in_a_key(tmp_path: Path) -> None:
    """Without the public key beside it, most changed private keys are keys like any other."""
    file = tmp_path / "key.pem"
    public = make_key(file)
    harmless = 0
    for _ in flip_in(file):
        try:
            assert read_key(file).public_key == public
            harmless += 1
        except KeyFileError:
            pass
    assert harmless < PLACES / 4  # in the text around the keys
    print(f"{file.name}: {PLACES - harmless} refused, {harmless} without effect")
