"""UF2 files, read back by Adafruit's converter, and a folder in place of a boot ROM's drive."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import write_build
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from peer import Application, Peer
from test_flasher import image_bytes

from sensor_bnn.cli.flash import command
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError, BundleError, DeviceError, FileError, FlashError
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.flashing import uf2
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.flashing.uf2 import to_uf2
from sensor_bnn.hardware.boards import Board, list_boards

BOARD = next(board for board in list_boards() if board.flasher == "uf2")
ORIGIN, SLOT = BOARD.flash.origin, BOARD.slot.origin


def converted(file: Path, family: int) -> bytes:
    """Return what Adafruit's converter reads from the file, from its first address on, gaps as zeros."""
    out = file.with_suffix(".found")
    done = subprocess.run(
        [sys.executable, "-m", "adafruit_uf2.uf2conv", "-f", f"{family:#x}", "-o", out, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ignoring" not in done.stdout.lower() and "skip" not in done.stdout.lower(), done.stdout
    return out.read_bytes()


@pytest.fixture(scope="session")
def bootloader_elf(cross_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_bootloader(BOARD, tmp_path_factory.mktemp("uf2"))


@pytest.fixture
def folder(tmp_path: Path, bootloader_elf: Path) -> Path:
    """A build's folder."""
    return build(tmp_path / "build", bootloader_elf, BOARD)


def build(folder: Path, bootloader_elf: Path, board: Board) -> Path:
    folder.mkdir()
    (folder / "firmware.bin").write_bytes(image_bytes(20_000, board=board.name, address=board.slot.origin))
    for name in ("bootloader.elf", "bootloader.bin"):
        shutil.copy(bootloader_elf.with_name(name), folder / name)
    return write_build(folder, model_hash=bytes(range(32)).hex(), flash_bytes=20_512, weights_bytes=0)


def drive(folder: Path, board_id: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v1.0\nModel: a chip\nBoard-ID: {board_id}\n")
    return folder


@given(size=st.integers(1, 2000), gap=st.integers(0, 4), more=st.integers(0, 600), seed=st.binary(min_size=1))
@settings(max_examples=10, deadline=None)
def test_another_reader_finds_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, size: int, gap: int, more: int, seed: bytes
) -> None:
    file = tmp_path_factory.mktemp("uf2") / "a.uf2"
    first, second = (seed * size)[:size], (seed[::-1] * 600)[:more]
    at = 0x1000_0000 + -(-size // 256) * 256 + 256 * gap
    # The family of an RP2350's Arm cores.
    content = to_uf2([(0x1000_0000, first), (at, second)], 0xE48BFF59)
    assert len(content) % 512 == 0
    file.write_bytes(content)
    found = converted(file, 0xE48BFF59)
    assert found.startswith(first)
    assert not second or found[at - 0x1000_0000 :].startswith(second)


def test_an_address_between_payloads() -> None:
    with pytest.raises(ValueError, match="no multiple of 256"):
        to_uf2([(0x1000_0080, b"1234")], 0)


def test_the_command_writes_bootloader_and_image(tmp_path: Path, folder: Path) -> None:
    objcopy = find_target(BOARD.target).tools + "objcopy"
    elf, raw = folder / "bootloader.elf", tmp_path / "bootloader.bin"
    subprocess.run([objcopy, "-O", "binary", elf, raw], check=True)
    bootloader, image = raw.read_bytes(), (folder / "firmware.bin").read_bytes()
    assert BOARD.uf2 is not None
    place = drive(tmp_path / "drive", BOARD.uf2.board_id)
    done = CliRunner().invoke(command, [str(folder), "--drive", str(place), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["via"], said["flash_bytes"], said["bootloader_bytes"]) == (
        "uf2",
        len(image),
        len(bootloader),
    )
    found = converted(Path(said["file"]), BOARD.uf2.family)
    assert found.startswith(bootloader)
    assert found[SLOT - ORIGIN :].startswith(image)


@pytest.mark.parametrize("via", ["uf2", "mass-storage"])
def test_full_disk_on_a_drive(tmp_path: Path, folder: Path, via: str) -> None:
    assert BOARD.uf2 is not None
    place = drive(tmp_path / "drive", BOARD.uf2.board_id)
    file = place / {"uf2": "FIRMWARE.UF2", "mass-storage": "FIRMWARE.HEX"}[via]
    file.symlink_to("/dev/full")
    arguments = [str(folder), "--via", via, "--drive", str(place)]
    with pytest.raises(FileError, match=rf"{file} cannot be written \(No space left on device\)"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_its_application_is_asked_at_a_port(tmp_path: Path, folder: Path) -> None:
    assert BOARD.uf2 is not None
    place = drive(tmp_path / "drive", BOARD.uf2.board_id)
    with Peer("application", Application(board=BOARD.name)) as peer:
        done = CliRunner().invoke(command, [str(folder), "--drive", str(place), "--port", peer.port])
        assert done.exit_code == 0, done.output
        assert f"{peer.port} runs stand-in" in done.output
    with Peer("application", Application(board=BOARD.name, model_hash=bytes(32))) as peer:
        done = CliRunner().invoke(command, [str(folder), "--drive", str(place), "--port", peer.port])
        assert isinstance(done.exception, DeviceError)


def test_the_drive_is_found(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BOARD.uf2 is not None
    monkeypatch.setattr(uf2, "_MOUNTED", (f"{tmp_path}/media/*",))
    with pytest.raises(FlashError, match=r"No drive of a board .* is mounted"):
        CliRunner().invoke(command, [str(folder)], catch_exceptions=False)
    drive(tmp_path / "media" / "other", "another")
    right = drive(tmp_path / "media" / "right", BOARD.uf2.board_id)
    assert CliRunner().invoke(command, [str(folder)]).exit_code == 0
    assert (right / "FIRMWARE.UF2").is_file()
    drive(tmp_path / "media" / "second", BOARD.uf2.board_id + " of another revision")
    with pytest.raises(FlashError, match="Several drives"):
        CliRunner().invoke(command, [str(folder)], catch_exceptions=False)


def test_what_is_refused(tmp_path: Path, folder: Path) -> None:
    assert BOARD.uf2 is not None

    def refused(kind: type[Exception], words: str, *arguments: object) -> None:
        with pytest.raises(kind, match=words):
            CliRunner().invoke(command, [str(item) for item in arguments], catch_exceptions=False)

    (tmp_path / "empty").mkdir()
    refused(FlashError, "holds no INFO_UF2.TXT", folder, "--drive", tmp_path / "empty")
    wrong = drive(tmp_path / "wrong", "another")
    refused(FlashError, "belongs to a board another", folder, "--drive", wrong)
    place = drive(tmp_path / "drive", BOARD.uf2.board_id)
    refused(BundleError, "no bootloader.elf", folder / "firmware.bin", "--drive", place)
    assert not (place / "FIRMWARE.UF2").exists()
    with pytest.raises(BoardError, match="by the drive that its ROM shows"):
        flash_image("/dev/none", read_image(folder), BOARD)
    other = next(board for board in list_boards() if board.uf2 is None)
    elsewhere = build(tmp_path / "other", folder / "bootloader.elf", other)
    refused(BoardError, "has no drive for UF2", elsewhere, "--via", "uf2", "--drive", place)
