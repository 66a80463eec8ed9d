"""The flasher with a chip's own bootloader in ROM, simulated strictly from the documents."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factory import Factory
from test_flasher import image_bytes, seal
from wire_time import CHIP, measure

from sensor_bnn.errors import BundleError, DeviceError, FlashError
from sensor_bnn.flashing import flash
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.session import Link
from sensor_bnn.flashing.slot import erase_slot, plan_flash
from sensor_bnn.flashing.transfer import _sectors
from sensor_bnn.hardware.boards import load_board

BOARD = replace(CHIP, uart=replace(CHIP.uart, baud=115_200))
BOOTLOADER = struct.pack("<II", BOARD.ram.end, BOARD.flash.origin + 9) + b"a resident bootloader."


def application(address: int, flash: bytes) -> Callable[[bytes], bytes]:
    """Return an application that answers Hello with the model hash of the image's header in flash.

    It knows no other request, as firmware before CONFIRM.
    """
    came = bytearray()

    def answer(sequence: int, kind: int, status: int, payload: bytes) -> bytes:
        frame = struct.pack("<BBBBH", 1, sequence, 0x80 | kind, status, len(payload)) + payload
        return b"\xa5\x5a" + frame + struct.pack("<I", zlib.crc32(frame))

    def take(byte: bytes) -> bytes:
        came.extend(byte)
        at = came.find(b"\xa5\x5a")
        if at < 0 or len(came) < at + 12:
            return b""
        sequence, kind = came[at + 3], came[at + 4]
        (length,) = struct.unpack_from("<H", came, at + 6)
        if len(came) < at + 12 + length:
            return b""
        came.clear()
        if kind != 1:
            return answer(sequence, kind, 1, b"")
        header = flash[BOARD.slot.origin - BOARD.flash.origin :]
        text = "".join(f"{part}\0" for part in (BOARD.name, "dwt", "stand-in", "0.1.0")).encode()
        body = struct.pack("<6I", 72_000_000, 4, 4, 1, 16, 1024) + text
        return answer(sequence, kind, 0, header[16:48] + body)

    return take


@pytest.fixture
def image(tmp_path: Path) -> Image:
    content = bytearray(image_bytes(9001, board=BOARD.name, address=BOARD.slot.origin))
    content[512:520] = struct.pack("<II", BOARD.ram.end, BOARD.slot.origin + 0x401)
    seal(content)
    (tmp_path / "firmware.bin").write_bytes(content)
    return replace(read_image(tmp_path), bootloader=BOOTLOADER)


@pytest.mark.parametrize("erase", [0x43, 0x44])
def test_a_chip_with_nothing_preloaded(image: Image, erase: int) -> None:
    with Factory(BOARD, erase=erase, start=application) as chip:
        result = flash_image(chip.port, image, BOARD, with_bootloader=True)
    assert chip.violations == []
    assert chip.started_at == BOARD.flash.origin
    assert chip.flash.startswith(BOOTLOADER)
    assert chip.flash[BOARD.bootloader.size :].startswith(image.data)
    assert (result.verified_by, result.retries, result.baud) == ("read-back", 0, 115_200)
    assert result.bootloader_version == {0x43: "2.2", 0x44: "3.1"}[erase]
    assert set(chip.log) == {0x00, 0x02, erase, 0x31, 0x11, 0x21}


def test_a_program_that_the_rom_starts_may_be_at_other_pins(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ROM may use other pins than the application: a reset, with BOOT0 back, is what helps."""
    monkeypatch.setattr(flash, "_HELLO_SECONDS", 0.1)
    with (
        Factory(BOARD, start=lambda address, content: lambda byte: b"") as chip,
        pytest.raises(DeviceError, match="does not answer") as caught,
    ):
        flash_image(chip.port, image, BOARD, with_bootloader=True)
    assert "BOOT0" in caught.value.remedy and "reset" in caught.value.remedy


def test_the_application_alone_is_started_at_its_vectors(image: Image) -> None:
    with Factory(BOARD, start=application) as chip:
        flash_image(chip.port, image, BOARD)
    assert chip.violations == []
    assert chip.started_at == BOARD.slot.origin + 512
    assert chip.flash[: BOARD.bootloader.size] == bytes(BOARD.bootloader.size), (
        "the first pages are as they were"
    )


TWO_BANKS = load_board("nucleo-g0b1re")


def image_of(size: int, folder: Path) -> Image:
    """An image of ``size`` bytes for the board with two banks, beside a bootloader."""
    start = TWO_BANKS.slot.origin
    content = bytearray(image_bytes(size, board=TWO_BANKS.name, address=start))
    content[512:520] = struct.pack("<II", TWO_BANKS.ram.end, start + 0x401)
    seal(content)
    (folder / "firmware.bin").write_bytes(content)
    return replace(read_image(folder), bootloader=BOOTLOADER)


@pytest.mark.parametrize("with_bootloader", [True, False])
def test_pages_whose_numbers_the_rom_does_not_document_are_not_erased(
    with_bootloader: bool, tmp_path: Path
) -> None:
    """The second bank of an STM32G0B1: its manual numbers the pages from 256 on, ours from 128 on."""
    image = image_of(0x40000 - 0x3000 + 1, tmp_path)
    with Factory(TWO_BANKS) as chip, pytest.raises(FlashError, match="first 256 KB of its flash") as caught:
        flash_image(chip.port, image, TWO_BANKS, with_bootloader=with_bootloader)
    assert "Flash a smaller model with --with-bootloader first" in caught.value.remedy
    assert "up to 258 KB" in caught.value.message
    assert not {0x44, 0x31} & set(chip.log), "nothing is erased or written"
    with Factory(TWO_BANKS) as chip, pytest.raises(FlashError, match="up to 512 KB"):
        erase_slot(Link(chip.port), TWO_BANKS, lambda stage, done, total: None)
    assert 0x44 not in chip.log
    with Factory(TWO_BANKS) as chip, pytest.raises(FlashError, match="up to 258 KB"):
        plan_flash(Link(chip.port), image, TWO_BANKS, lambda stage, done, total: None)


@pytest.mark.usefixtures("long_run")
def test_an_image_in_the_pages_that_the_rom_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "_HELLO_SECONDS", 0.1)
    image = image_of(9001, tmp_path)
    with Factory(TWO_BANKS) as chip, pytest.raises(DeviceError, match="does not answer"):
        flash_image(chip.port, image, TWO_BANKS, with_bootloader=True)
    assert chip.violations == []
    assert chip.flash.startswith(BOOTLOADER)
    assert chip.flash[TWO_BANKS.bootloader.size :].startswith(image.data)


def test_no_bootloader_to_write(image: Image) -> None:
    with Factory(BOARD) as chip, pytest.raises(BundleError, match=r"no bootloader\.elf"):
        flash_image(chip.port, replace(image, bootloader=b""), BOARD, with_bootloader=True)


@pytest.mark.parametrize(
    ("checksum", "long", "how"),
    [(True, True, "checksum"), (True, False, "checksum"), (False, False, "read-back")],
)
@pytest.mark.usefixtures("long_run")
def test_what_512_kb_cost_on_the_wire(checksum: bool, long: bool, how: str) -> None:
    """At most 1.15 times the bytes alone, including erase, comparison, commands and answers.

    The measure is bytes of both directions, which never overlap; wire_time.py also measures wall-clock time.
    Bytes that are verified by reading them back cross the wire twice and count twice.
    """
    times = measure(checksum, real=False, long=long)
    assert times.verified_by == how
    assert times.wire <= (1.03 if long else 1.06) * times.payload


def test_a_chips_own_sectors_are_counted_where_its_rom_counts() -> None:
    board = replace(BOARD, flash=replace(BOARD.flash, first_sectors=(4096,) * 5))
    assert _sectors(board, [0, 1, 3]) == [0, 1, 2, 3, 4, 5, 7]
    assert _sectors(board, [2]) == [6]
    assert _sectors(BOARD, [0, 1, 2]) == [0, 1, 2]
