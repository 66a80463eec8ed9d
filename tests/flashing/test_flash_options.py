"""Further options of `flash`: verify, read, erase, resume, several boards; as command and as function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from factory import Factory
from intelhex import IntelHex
from serial.tools import list_ports
from test_factory_bootloader import BOARD, BOOTLOADER, application
from test_flasher import image_bytes, seal

from sensor_bnn.cli.flash import command
from sensor_bnn.errors import (
    BoardError,
    BundleError,
    FileError,
    FlashError,
    PortError,
    SensorBnnError,
    ToolError,
)
from sensor_bnn.flashing import discover
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.probe import flash_by_probe
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.wire.port import SerialPort

PAGE, SLOT = BOARD.flash.page, BOARD.slot.origin


def content(size: int = 30_000, name: str = BOARD.name) -> bytearray:
    data = bytearray(image_bytes(size, board=name, address=SLOT))
    # The played ROM starts only what begins with a stack in RAM and an odd address, which is Thumb code.
    data[512:520] = BOARD.ram.end.to_bytes(4, "little") + (SLOT + 0x401).to_bytes(4, "little")
    seal(data)
    return data


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "firmware.bin").write_bytes(content())
    return read_image(tmp_path)


@pytest.fixture
def chip() -> Iterator[Factory]:
    with Factory(BOARD, checksum=True, start=application) as chip:
        yield chip


@pytest.fixture
def board_folder(tmp_path: Path) -> Path:
    folder = tmp_path / BOARD.name
    folder.mkdir()
    (folder / "board.toml").write_text(
        f"""name = "{BOARD.name}"
title = "{BOARD.title}"
target = "{BOARD.target}"
run_on_hardware = false
[memory]
flash = {{ driver = "none", origin = {BOARD.flash.origin}, size = {BOARD.flash.size}, page = {PAGE} }}
ram = {{ origin = {BOARD.ram.origin}, size = {BOARD.ram.size}, stack = {BOARD.ram.stack} }}
[bootloader]
size = {BOARD.bootloader.size}
chip_id = {BOARD.bootloader.chip_id}
[uart]
driver = "none"
base = 0
clock_hz = 1
irq = 0
baud = 115200
parity = "none"
[counter]
driver = "systick"
clock_hz = 25_000_000
[usb]
ids = ["0483:374b"]
"""
    )
    return folder


def run(folder: Path, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*map(str, arguments), "--board", str(folder), "--json"])
    if isinstance(done.exception, SensorBnnError):
        raise done.exception
    assert done.exit_code == code, done.output
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def in_slot(chip: Factory, count: int) -> bytes:
    return bytes(chip.flash[BOARD.bootloader.size :][:count])


def program(chip: Factory, data: bytes) -> None:
    start = BOARD.bootloader.size
    chip.flash[start:] = b"\xff" * (len(chip.flash) - start)
    chip.flash[start : start + len(data)] = data


def test_only_changed_pages_are_written(image: Image, chip: Factory) -> None:
    old = bytearray(image.data)
    old[5 * PAGE + 7] ^= 1
    old[9 * PAGE] ^= 0x80
    program(chip, bytes(old))
    result = flash_image(chip.port, image, BOARD)
    assert (result.pages, result.pages_written, result.verified_by) == (15, 2, "checksum")
    assert result.written_bytes == 2 * PAGE
    assert in_slot(chip, len(image.data)) == image.data
    assert chip.log.count(0x31) == 2 * PAGE // 256 and 0x11 not in chip.log
    assert chip.violations == []


def test_what_stays_blank_is_not_sent(tmp_path: Path, chip: Factory) -> None:
    data = content()
    data[4096:16384] = b"\xff" * 12288
    seal(data)
    (tmp_path / "firmware.bin").write_bytes(data)
    result = flash_image(chip.port, read_image(tmp_path), BOARD)
    assert result.written_bytes == len(data) + -len(data) % 32 - 12288, "whole words of a chip's flash"
    assert in_slot(chip, len(data)) == data


def test_rewriting_all_and_reading_back(image: Image, chip: Factory) -> None:
    program(chip, image.data)
    result = flash_image(chip.port, image, BOARD, rewrite_all=True, read_back=True)
    assert (result.pages_written, result.verified_by) == (15, "read-back")


def test_dry_run_and_verify(image: Image, tmp_path: Path, board_folder: Path) -> None:
    for at, changed in ((None, 0), (3 * PAGE, 1)):
        data = bytearray(image.data)
        if at is not None:
            data[at] ^= 1
        with Factory(BOARD, checksum=True, start=application) as chip:
            program(chip, bytes(data))
            report = run(board_folder, tmp_path, "--port", chip.port, "--dry-run")
        assert (report["action"], report["pages"], report["pages_changed"]) == ("dry-run", 15, changed)
        assert not {0x31, 0x44} & set(chip.log)
        with Factory(BOARD, checksum=True, start=application) as chip:
            program(chip, bytes(data))
            if at is None:
                report = run(board_folder, tmp_path, "--port", chip.port, "--verify-only")
                assert (report["verified_by"], report["started"]) == ("checksum", True)
            else:
                with pytest.raises(FlashError, match=f"failed at {SLOT + at:#010x}.*nothing was written"):
                    run(board_folder, tmp_path, "--port", chip.port, "--verify-only")
        assert chip.started_at is not None, "what ran before runs again"
        assert not {0x31, 0x44} & set(chip.log)


def test_read_and_erase(image: Image, tmp_path: Path, board_folder: Path) -> None:
    file = tmp_path / "read.bin"
    with Factory(BOARD, checksum=True, start=application) as chip:
        program(chip, image.data)
        report = run(board_folder, "--port", chip.port, "--read", file)
    assert file.read_bytes() == image.data and report["bytes"] == len(image.data)
    with Factory(BOARD) as chip:
        program(chip, image.data)
        run(board_folder, "--port", chip.port, "--read", file, "--bytes", "700")
    assert file.read_bytes() == image.data[:700]
    too_many = ("--read", file, "--bytes", str(BOARD.slot.size + 1))
    with pytest.raises(BoardError, match=f"slot of {BOARD.name} has {BOARD.slot.size}. Give --bytes"):
        run(board_folder, "--port", "absent", *too_many)
    assert file.read_bytes() == image.data[:700]
    with Factory(BOARD) as chip:
        report = run(board_folder, "--port", chip.port, "--erase")
    assert set(in_slot(chip, BOARD.slot.size)) == {0xFF} and report["bytes"] == BOARD.slot.size
    assert set(chip.flash[: BOARD.bootloader.size]) == {0}
    with Factory(BOARD) as chip, pytest.raises(BundleError, match="holds no image"):
        run(board_folder, "--port", chip.port, "--read", file)


def test_full_disk_where_a_slot_is_read_to(image: Image, board_folder: Path, chip: Factory) -> None:
    program(chip, image.data)
    with pytest.raises(FileError, match=r"/dev/full cannot be written \(No space left on device\)"):
        run(board_folder, "--port", chip.port, "--read", "/dev/full")


def test_several_boards_side_by_side(image: Image, tmp_path: Path, board_folder: Path) -> None:
    with (
        Factory(BOARD, checksum=True, start=application) as one,
        Factory(BOARD, start=application) as two,
        Factory(replace(BOARD, bootloader=replace(BOARD.bootloader, chip_id=0x413))) as other,
    ):
        ports = [part for chip in (one, two, other) for part in ("--port", chip.port)]
        found = run(board_folder, tmp_path, "--all", *ports, code=1)["boards"]
    assert [board["port"] for board in found] == [one.port, two.port, other.port]
    assert [board.get("verified_by") for board in found] == ["checksum", "read-back", None]
    assert "The chip answers the id 0x413" in found[2]["error"]
    for chip in (one, two):
        assert in_slot(chip, len(image.data)) == image.data


def test_intel_hex(image: Image, tmp_path: Path, board_folder: Path, chip: Factory) -> None:
    hexadecimal = IntelHex()
    hexadecimal.puts(SLOT, image.data)
    hexadecimal.write_hex_file(tmp_path / "firmware.hex")
    assert read_image(tmp_path / "firmware.hex").data == image.data
    assert run(board_folder, tmp_path / "firmware.hex", "--port", chip.port)["model_hash"] == image.model_hash
    for damaged in (":00000001FF\n", ":10000000zz\n", (tmp_path / "firmware.hex").read_text()[:-400]):
        (tmp_path / "damaged.hex").write_text(damaged)
        with pytest.raises(BundleError):
            read_image(tmp_path / "damaged.hex")


@pytest.mark.parametrize("stage", ["compare", "erase", "write", "verify"])
def test_a_cable_pulled_and_put_back(image: Image, tmp_path: Path, stage: str) -> None:
    """The port disappears and returns under the same name; the work continues where it stopped."""
    link = tmp_path / "port"
    boards = [Factory(BOARD, checksum=True, start=application)]
    link.symlink_to(boards[0].port)

    def progress(at: str, done: int, total: int) -> None:
        if (at, len(boards)) == (stage, 1) and done >= total // 2:
            (old,) = boards
            link.unlink()
            old.__exit__(None, None, None)
            boards.append(Factory(BOARD, checksum=True, start=application))
            boards[1].flash[:] = old.flash
            boards[1].__enter__()
            link.symlink_to(boards[1].port)

    boards[0].__enter__()
    try:
        result = flash_image(str(link), image, BOARD, progress=progress, patience=20.0)
    finally:
        boards[-1].__exit__(None, None, None)
    assert len(boards) == 2 and result.resumed == 1
    assert in_slot(boards[1], len(image.data)) == image.data
    assert boards[1].violations == []
    if stage == "write":
        assert 0 < result.pages_written < 10, "what was written before is not written again"


def test_a_cable_that_stays_out(image: Image, tmp_path: Path) -> None:
    chip = Factory(BOARD, checksum=True, start=application)
    # A name of its own: the number of a closed pseudo-terminal is given to the next test of another process.
    link = tmp_path / "port"
    link.symlink_to(chip.port)

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "write" and done == total:
            link.unlink(missing_ok=True)
            chip.__exit__(None, None, None)

    chip.__enter__()
    with pytest.raises(PortError):
        flash_image(str(link), image, BOARD, progress=progress, patience=0.3)


def test_no_modem_lines(image: Image, tmp_path: Path, board_folder: Path, chip: Factory) -> None:
    with pytest.raises(PortError, match=r"cannot pull DTR.*\n?.*Leave --reset out"):
        run(board_folder, tmp_path, "--port", chip.port, "--reset", "dtr")
    for wrong in ("cts", "dtr,dtr", "dtr,rts,dtr"):
        assert CliRunner().invoke(command, [str(tmp_path), "--reset", wrong]).exit_code == 2


def test_the_lines_are_pulled_in_order(chip: Factory) -> None:
    steps: list[tuple[str, bool]] = []

    class Lines:
        def __setattr__(self, name: str, value: bool) -> None:
            steps.append((name, value))

    with SerialPort(chip.port, BOARD.uart) as port:
        kept, port._serial = port._serial, Lines()
        port.pull("dtr", "rts")
        port._serial = kept
    assert steps == [("rts", False), ("dtr", True), ("dtr", False)]


OTHER = 0x1234, 0x5678
"""The USB ids of an adapter that is no board's own."""


class Found:
    def __init__(self, device: str, vid: int | None = None, pid: int | None = None) -> None:
        self.device, self.vid, self.pid = device, vid, pid
        self.description, self.name = "n/a", Path(device).name


@pytest.mark.usefixtures("long_run")
def test_ports_are_found_by_usb_id_and_then_by_asking(
    monkeypatch: pytest.MonkeyPatch, board_folder: Path, tmp_path: Path
) -> None:
    board = load_board(board_folder)
    with Factory(BOARD) as one, Factory(BOARD) as two:
        some = [Found(one.port, *OTHER), Found(two.port, *OTHER)]
        monkeypatch.setattr(list_ports, "comports", lambda: some)
        with pytest.raises(PortError, match=f"{one.port}, {two.port}"):
            discover.choose_port(board)
        assert discover.choose_port(board, lambda ports: ports[1]) == two.port
        assert discover.all_ports(board) == [one.port, two.port]
        some.append(Found("/dev/none", 0x0483, 0x374B))
        assert discover.choose_port(board) == "/dev/none"
        some[2] = Found(str(tmp_path), *OTHER)
        assert discover.all_ports(board) == [one.port, two.port]
    some[:] = [Found(str(tmp_path), *OTHER), Found("/dev/none", *OTHER)]
    with pytest.raises(PortError, match="At no USB serial port"):
        discover.all_ports(board)
    some.clear()
    with pytest.raises(PortError, match="shows no serial port"):
        discover.choose_port(board)


def test_the_drive_of_a_probe(image: Image, tmp_path: Path, board_folder: Path) -> None:
    drive = tmp_path / "drive"
    arguments = (tmp_path, "--via", "mass-storage", "--drive", drive)
    with pytest.raises(FileError, match=r"FIRMWARE.HEX cannot be written .*Mount the probe.s drive"):
        run(board_folder, *arguments)
    drive.mkdir()
    result = run(board_folder, *arguments)
    written = IntelHex(str(drive / "FIRMWARE.HEX"))
    assert written.gets(SLOT, len(image.data)) == image.data
    assert (result["via"], result["bootloader_bytes"]) == ("mass-storage", 0)
    (drive / "FAIL.TXT").write_text("The target could not be erased.\n")
    with pytest.raises(FlashError, match="could not be erased"):
        run(board_folder, *arguments)
    from sensor_bnn.flashing.drive import flash_by_drive

    (drive / "FAIL.TXT").unlink()
    flash_by_drive(replace(image, bootloader=BOOTLOADER), BOARD, drive)
    assert IntelHex(str(drive / "FIRMWARE.HEX")).gets(BOARD.flash.origin, len(BOOTLOADER)) == BOOTLOADER


def test_a_probe_through_pyocd(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        raise AssertionError

    with pytest.raises(PortError, match="finds no debug probe 0667"):
        flash_by_probe(image, BOARD, "0667", None, progress)
    for name in ("pyocd.core.exceptions", "pyocd.core.helpers", "pyocd.flash.file_programmer"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(ToolError, match=r"not installed.*sensor-bnn\[probe\]"):
        flash_by_probe(image, BOARD, None, None, progress)


def test_options_that_do_not_go_together() -> None:
    for wrong in (
        [],
        ["build", "--dry-run", "--erase"],
        ["--erase"],
        ["build", "--port", "a", "--port", "b"],
        ["build", "--via", "mass-storage"],
        ["build", "--via", "pyocd", "--all"],
        ["--read", "x", "--board", "b", "--all"],
    ):
        assert CliRunner().invoke(command, wrong).exit_code == 2, wrong
