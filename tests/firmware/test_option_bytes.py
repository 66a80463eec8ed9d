"""Each protection of each STM32, set in its simulated chip: said before anything is erased."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from sensor_bnn.errors import DeviceError, FlashError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.flashing.protection import read_options, refuse_protected
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.wire import an3155
from sensor_bnn.wire.an3155 import RefusalError

from .chip import Chip
from .chips import FAMILIES, connect
from .stm32 import Stm32

OPTCR, F1_WRPR = 0x40023C14, 0x40022020
WRITE_PROTECTED = {
    "nucleo-f103rb": (F1_WRPR, 0xFFFF_FFF7),  # pages 12 to 15
    "nucleo-f446re": (OPTCR, 0x0FDF_AAED),  # sector 5
    "stm32f4discovery": (OPTCR, 0x0FDF_AAED),
    "nucleo-f767zi": (OPTCR, 0xFFDF_AAFD),
    "nucleo-h743zi2": (0x52002038, 0xFD),  # sector 1 of bank 1
    "nucleo-u575zi-q": (0x40022058, 0xFF84_FF84),  # page 4
    "nucleo-l4r5zi": (0x4002202C, 0xFF03_FF03),  # page 3
    "nucleo-g0b1re": (0x40022030, 0x0006_0006),  # page 6
}
"""The register and value that protect the first page of the slot."""
JOURNAL_PROTECTED = {
    "nucleo-f103rb": (F1_WRPR, 0xFFFF_FFFB),  # pages 8 to 11, of which the last two
    "nucleo-f446re": (OPTCR, 0x0FFB_AAED),  # sector 2
    "stm32f4discovery": (OPTCR, 0x0FFB_AAED),
    "nucleo-f767zi": (OPTCR, 0xFFFB_AAFD),
}
READ_PROTECTED = {
    "nucleo-f103rb": (0x4002201C, 0x03FF_FFFE),
    "nucleo-f446re": (OPTCR, 0x0FFF_00ED),
    "stm32f4discovery": (OPTCR, 0x0FFF_00ED),
    "nucleo-f767zi": (OPTCR, 0xFFFF_00FD),
    "nucleo-h743zi2": (0x5200201C, 0x1406_00F0),
    "nucleo-u575zi-q": (0x40022040, 0x1FEF_F8BB),
    "nucleo-l4r5zi": (0x40022020, 0xFFEF_F8BB),
    "nucleo-g0b1re": (0x40022020, 0xFFFF_FEBB),
}
BROWN_OUT = {
    "nucleo-f103rb": None,
    "nucleo-f446re": "off",
    "stm32f4discovery": "off",
    "nucleo-f767zi": "off",
    "nucleo-h743zi2": "off",
    "nucleo-u575zi-q": "1.7 V",
    "nucleo-l4r5zi": "1.7 V",
    "nucleo-g0b1re": "off",
}


@pytest.mark.parametrize("name", [name for name in FAMILIES if load_board(name).protection])
def test_each_protection_is_said_before_anything_is_erased(
    name: str,
    built_for: Callable[[str], BuildResult],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(an3155, "_ATTEMPTS", 1)  # a refusal is final here
    board = load_board(name)
    family: Stm32 = FAMILIES[name]()
    chip = Chip(board, built_for(name).bootloader_elf, family)
    session = connect(chip)
    delivered = dict(family.options)
    found = read_options(session, board)
    assert found is not None
    assert (found.read, found.brown_out, found.write_protected) == ("none", BROWN_OUT[name], ())
    page = board.bootloader.size // board.flash.page
    chip.set_flash(board.slot.origin, bytes(64))
    before = chip.flash(board.flash.origin, board.flash.size)

    places = [WRITE_PROTECTED[name], *([JOURNAL_PROTECTED[name]] if name in JOURNAL_PROTECTED else [])]
    for register, value in places:
        family.options = {**delivered, register: value}
        with pytest.raises(FlashError, match=r"write-protected at 0x080.*Nothing was erased"):
            refuse_protected(session, board, [page])
    assert family.refused_writes == 0, "it is read, and not tried"
    # The chip keeps what is protected, and our bootloader says so too.
    register, value = WRITE_PROTECTED[name]
    family.options = {**delivered, register: value}
    with pytest.raises(RefusalError):
        session.bootloader.erase([page])
    with pytest.raises(RefusalError):
        session.bootloader.write(board.slot.origin + 256, b"\x55" * 64)
    assert family.refused_writes > 0
    assert chip.flash(board.flash.origin, board.flash.size) == before

    register, value = READ_PROTECTED[name]
    family.options = {**delivered, register: value}
    with caplog.at_level(logging.WARNING):
        refuse_protected(session, board, [page])
    assert "read-protected (RDP level 1)" in caplog.text
    assert ("no brown-out reset" in caplog.text) is (BROWN_OUT[name] == "off")
    assert chip.violations == []


def test_an_option_that_the_facts_assume(built_for: Callable[[str], BuildResult]) -> None:
    """Two banks on an STM32F767: its sectors have other sizes, and our driver would erase wrong ones."""
    board = load_board("nucleo-f767zi")
    family = FAMILIES[board.name]()
    chip = Chip(board, built_for(board.name).bootloader_elf, family)
    session = connect(chip)
    family.options = {OPTCR: 0xDFFF_AAFD}
    with pytest.raises(DeviceError, match=r"do not say that the flash is one bank"):
        refuse_protected(session, board, [1])
