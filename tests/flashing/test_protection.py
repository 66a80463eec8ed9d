"""Option bytes: what they protect is said before anything is erased."""

from __future__ import annotations

import logging
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factory import Factory
from test_factory_bootloader import BOARD, application
from test_flasher import image_bytes, seal

from sensor_bnn.errors import BoardError, DeviceError, FlashError
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.protection import Options, options_of, ranges_text
from sensor_bnn.flashing.session import Link
from sensor_bnn.flashing.slot import plan_flash
from sensor_bnn.hardware.boards import list_boards, load_board
from sensor_bnn.resources import resource

F103 = load_board("nucleo-f103rb")
OPTION_AREA = 0x1FFFF800


def option_bytes(write_protection: int) -> tuple[int, bytes]:
    """The option bytes of an STM32F103 (PM0075, table of the option bytes): each with its complement."""
    plain = [0xA5, 0xFF, 0xFF, 0xFF, *write_protection.to_bytes(4, "little")]
    return OPTION_AREA, b"".join(bytes([byte, byte ^ 0xFF]) for byte in plain)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    content = bytearray(image_bytes(3000, board=BOARD.name, address=BOARD.slot.origin))
    content[512:520] = struct.pack("<II", BOARD.ram.end, BOARD.slot.origin + 0x401)
    seal(content)
    (tmp_path / "firmware.bin").write_bytes(content)
    return replace(read_image(tmp_path), bootloader=struct.pack("<II", BOARD.ram.end, BOARD.flash.origin + 9))


CHIP = replace(BOARD, protection=F103.protection)


def test_a_read_protected_chip_is_left_as_it_is(image: Image) -> None:
    with Factory(CHIP, read_protected=True) as chip:
        before = bytes(chip.flash)
        with pytest.raises(DeviceError, match=r"read-protected \(RDP\).*Nothing was erased"):
            flash_image(chip.port, image, CHIP, with_bootloader=True)
        assert bytes(chip.flash) == before
    assert 0x43 not in chip.log and 0x44 not in chip.log
    assert chip.violations == []


@pytest.mark.parametrize(("bits", "where"), [(1 << 0, "0x08000000 to 0x08000fff"), (1 << 2, "0x08002000")])
def test_a_write_protected_sector_is_named_by_the_rom(image: Image, bits: int, where: str) -> None:
    """Of the bootloader, or of the slot: nothing is erased there. The bootloader is written first."""
    with Factory(CHIP, options=option_bytes(0xFFFF_FFFF & ~bits)) as chip:
        before = bytes(chip.flash)
        with pytest.raises(FlashError, match=f"write-protected at {where}.*Nothing was erased"):
            flash_image(chip.port, image, CHIP, with_bootloader=bits == 1)
        assert bytes(chip.flash) == before
    assert chip.violations == []


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ({"read_protected": True}, DeviceError, r"read-protected \(RDP\)"),
        ({"options": option_bytes(0xFFFF_FFFF & ~(1 << 2))}, FlashError, "write-protected at 0x08002000"),
    ],
    ids=["read", "write"],
)
def test_a_plan_says_what_flashing_would_say(
    image: Image, how: dict[str, Any], error: type[Exception], told: str
) -> None:
    """`flash --dry-run` promised to write what the chip refuses."""
    with Factory(CHIP, **how) as chip, pytest.raises(error, match=told):
        plan_flash(Link(chip.port), image, CHIP, lambda stage, done, total: None)
    assert not {0x31, 0x43, 0x44} & set(chip.log)


def test_a_protected_sector_that_is_not_needed_is_no_obstacle(image: Image) -> None:
    with Factory(CHIP, options=option_bytes(0xFFFF_FFFF & ~(1 << 31)), start=application) as chip:
        flash_image(chip.port, image, CHIP)
    assert chip.violations == []


def test_a_rom_that_shows_no_option_bytes_is_flashed_as_ever(image: Image) -> None:
    with Factory(CHIP, start=application) as chip:
        result = flash_image(chip.port, image, CHIP)
    assert (result.verified_by, result.retries) == ("read-back", 0)
    assert chip.violations == []


OPEN = {
    "nucleo-f103rb": (0x03FF_FFFC, 0xFFFF_FFFF),
    "nucleo-f446re": (0x0FFF_AAED,),
    "stm32f4discovery": (0x0FFF_AAED,),
    "nucleo-f767zi": (0xFFFF_AAFD,),
    "nucleo-h743zi2": (0x1406_AAF0, 0xFF, 0xFF),
    "nucleo-u575zi-q": (0x1FEF_F8AA, 0xFF80_FFFF, 0xFF80_FFFF, 0xFF80_FFFF, 0xFF80_FFFF),
}
"""Registers of option bytes without protection, and which of them differ for a protection."""
BROWN_OUT = {
    "nucleo-f103rb": None,
    "nucleo-f446re": "off",
    "stm32f4discovery": "off",
    "nucleo-f767zi": "off",
    "nucleo-h743zi2": "off",
    "nucleo-u575zi-q": "1.7 V",
}
CHANGES = (
    # board, register, value, what it says
    ("nucleo-f103rb", 0, 0x03FF_FFFE, {"read": "level 1"}),
    ("nucleo-f103rb", 1, 0xFFFF_FFFE, {"write": "0x08000000 to 0x08000fff"}),
    ("nucleo-f103rb", 1, 0x3FFF_FFFF, {"write": "0x0801e000 to 0x0801ffff"}),
    ("nucleo-f446re", 0, 0x0FFF_00ED, {"read": "level 1"}),
    ("nucleo-f446re", 0, 0x0FFF_CCED, {"read": "level 2"}),
    ("nucleo-f446re", 0, 0x0FFC_AAED, {"write": "0x08000000 to 0x08007fff"}),
    ("nucleo-f446re", 0, 0x0F7F_AAED, {"write": "0x08060000 to 0x0807ffff"}),
    ("nucleo-f446re", 0, 0x0FFF_AAE1, {"brown_out": "2.7 V"}),
    ("nucleo-f446re", 0, 0x8FFF_AAED, {"unexpected": "SPRMOD"}),
    ("stm32f4discovery", 0, 0x0FEF_AAE5, {"brown_out": "2.4 V", "write": "0x08010000 to 0x0801ffff"}),
    ("nucleo-f767zi", 0, 0xF7FF_AAF9, {"brown_out": "2.1 V", "write": "0x081c0000 to 0x081fffff"}),
    ("nucleo-f767zi", 0, 0xDFFF_AAFD, {"unexpected": "one bank"}),
    ("nucleo-h743zi2", 0, 0x1406_BBFC, {"read": "level 1", "brown_out": "2.7 V"}),
    ("nucleo-h743zi2", 1, 0x7F, {"write": "0x080e0000 to 0x080fffff"}),
    ("nucleo-h743zi2", 2, 0xFE, {"write": "0x08100000 to 0x0811ffff"}),
    ("nucleo-u575zi-q", 0, 0x1FEF_F8CC, {"read": "level 2"}),
    ("nucleo-u575zi-q", 0, 0x1FEF_FCAA, {"brown_out": "2.8 V"}),
    ("nucleo-u575zi-q", 0, 0x9FEF_F8AA, {"unexpected": "TrustZone"}),
    ("nucleo-u575zi-q", 1, 0xFF83_FF80, {"write": "0x08000000 to 0x08007fff"}),
    ("nucleo-u575zi-q", 4, 0xFFFF_FF7F, {"write": "0x081fe000 to 0x081fffff"}),
)


def says(name: str, values: tuple[int, ...]) -> Options:
    return options_of(load_board(name), values)


@pytest.mark.parametrize("name", OPEN)
def test_an_open_chip_has_no_protection(name: str) -> None:
    assert says(name, OPEN[name]) == Options("none", BROWN_OUT[name], (), ())


@pytest.mark.parametrize(("name", "place", "value", "meaning"), CHANGES)
def test_each_protection_is_read(name: str, place: int, value: int, meaning: dict[str, str]) -> None:
    values = list(OPEN[name])
    values[place] = value
    found = says(name, tuple(values))
    assert found.read == meaning.get("read", "none")
    assert found.brown_out == meaning.get("brown_out", BROWN_OUT[name])
    assert ranges_text(found.write_protected) == meaning.get("write", "")
    assert [meaning.get("unexpected", "") in text for text in found.unexpected] == (
        [True] if "unexpected" in meaning else []
    )


def test_every_stm32_with_flash_has_its_option_bytes_described() -> None:
    described = {board.name for board in list_boards() if board.protection is not None}
    assert described == {board.name for board in list_boards() if board.flash.driver.startswith("stm32")}
    assert described >= set(OPEN)


def test_a_supply_that_may_drop_is_said(image: Image, caplog: pytest.LogCaptureFixture) -> None:
    """The option bytes of an STM32F4 in its ROM's view; BOR is off, as the chip is delivered."""
    f446 = load_board("nucleo-f446re").protection
    chip_facts = replace(BOARD, protection=f446)
    area = bytes.fromhex("edaa ffff ffff ffff ff0f ffff ffff ffff".replace(" ", ""))
    with (
        caplog.at_level(logging.WARNING),
        Factory(chip_facts, options=(0x1FFF_C000, area), start=application) as chip,
    ):
        flash_image(chip.port, image, chip_facts)
    assert "no brown-out reset" in caplog.text


READ = "[protection.read]\nregister = 0x4002201C"


@pytest.mark.parametrize(
    ("was", "now", "rule"),
    [
        ("sizes = [0x1000]", "sizes = [0x1000, 0x1000]", "one for each of the 32 bits"),
        ("rom = [[0x1FFFF800, 4]]", "rom = [[0x1FFFF800, 2]]", "must have 4 bytes in total"),
        ("mask = 0x00000002", "mask = 0", r"protection\.read\.mask"),
        (READ, READ.replace("1C", "24"), "must be one of"),
    ],
)
def test_a_wrong_description_is_refused(was: str, now: str, rule: str, tmp_path: Path) -> None:
    text = (resource("boards") / "nucleo-f103rb" / "board.toml").read_text()
    assert was in text
    folder = tmp_path / "nucleo-f103rb"
    folder.mkdir()
    (folder / "board.toml").write_text(text.replace(was, now))
    with pytest.raises(BoardError, match=rule):
        load_board(folder)
