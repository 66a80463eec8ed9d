"""The board registry: what it reads, and its errors for a wrong file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import sensor_bnn
from sensor_bnn.compiler.targets import list_targets
from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.boards import Board, Setup, default_board, list_boards, load_board
from sensor_bnn.resources import resource

GOOD = """\
name = "toy"
title = "A toy"
target = "cortex-m7"
run_on_hardware = false
[memory.flash]
driver = "ram"
origin = 0x08000000
size = 0x20000
page = 0x400
[memory.ram]
origin = 0x20000000
size = 0x8000
stack = 0x1000
[bootloader]
size = 0x4000
chip_id = 0x450
[uart]
driver = "cmsdk"
base = 0x40004000
clock_hz = 25_000_000
irq = 0
baud = 115200
parity = "even"
[counter]
driver = "systick"
clock_hz = 25_000_000
"""
EMULATOR = """\
[emulator]
program = "qemu-system-arm"
arguments = ["-machine", "toy"]
icount_shift = 6
default = false
"""


def write(folder: Path, text: str) -> Path:
    board = folder / "toy"
    board.mkdir(exist_ok=True)
    (board / "board.toml").write_text(text)
    return board


def test_every_shipped_board_is_valid_and_found_by_its_name() -> None:
    boards = list_boards()
    assert [board.name for board in boards] == sorted(
        file.parent.name for file in resource("boards").glob("*/board.toml")
    )
    for board in boards:
        assert load_board(board.name) == board


SECTORS = "page = 0x4000\nfirst_sectors = [0x800, 0x800, 0x800, 0x800, 0x2000]"


def test_a_journal_in_small_sectors(tmp_path: Path) -> None:
    """The bootloader's program may use the room before it, and no page is lost."""
    text = GOOD.replace("page = 0x400", SECTORS)
    board = load_board(
        write(
            tmp_path,
            text.replace("size = 0x4000", "size = 0x4000\njournal = 2\njournal_sector = 2\nslots = 2"),
        )
    )
    assert (board.journal.origin, board.journal.size) == (0x08001000, 0x1000)
    assert (board.bootloader_room, board.slot.origin) == (0x1000, 0x08004000)
    assert [slot.origin for slot in board.slots] == [0x08004000, 0x08010000]
    for keys in ("journal = 2", "journal = 2\njournal_sector = 3", "journal = 2\njournal_sector = 4"):
        with pytest.raises(BoardError, match="it must be the first of two equal ones"):
            load_board(write(tmp_path, text.replace("size = 0x4000", f"size = 0x4000\n{keys}")))
    with pytest.raises(BoardError, match="journal_sector is 2; it requires a journal"):
        load_board(write(tmp_path, text.replace("size = 0x4000", "size = 0x4000\njournal_sector = 2")))


def test_a_folder_of_the_user(tmp_path: Path) -> None:
    board = load_board(write(tmp_path, GOOD))
    assert isinstance(board, Board)
    assert (board.slot.origin, board.slot.size, board.slot.end) == (0x08004000, 0x1C000, 0x08020000)
    assert board.emulator is None
    assert board.uart.parity == "even"
    assert load_board(str(tmp_path / "toy" / "board.toml")) == board
    assert (board.setup, board.flasher) == ((), "an3155")
    assert board.bootloader.alias == board.flash.origin
    more = "[flasher]\nvia = 'gdb'\n[[setup]]\nregister = 8\nset = 1\n[[setup]]\nregister = 4\nclear = 3\n"
    board = load_board(write(tmp_path, GOOD + more))
    assert (board.setup, board.flasher) == ((Setup(8, 0, 1), Setup(4, 3, 0)), "gdb")
    emulated = load_board(write(tmp_path, GOOD + EMULATOR))
    assert emulated.emulator is not None
    assert emulated.emulator.arguments == ("-machine", "toy")
    assert not emulated.emulator.default


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "toy"', 'name = "other"', "name is 'other'; it must be 'toy', the name of the folder"),
        ('name = "toy"', 'name = "To y"', "name is 'To y'; it must be small letters"),
        ('title = "A toy"', "", "title is missing"),
        ('title = "A toy"', "title = 3", "title is 3; it must be a text that is not empty"),
        ('title = "A toy"', "title = ", "no valid TOML"),
        (
            "run_on_hardware = false",
            'run_on_hardware = "no"',
            "run_on_hardware is 'no'; it must be true or false",
        ),
        ("size = 0x8000", "size = 0", r"memory.ram.size is 0; it must be between 1 and 4,294,967,296"),
        ("size = 0x8000", "size = true", "memory.ram.size is true; it must be a whole number"),
        (
            "size = 0x8000",
            "size = 0xF0000000",
            "memory.ram.size is 0xf0000000; from its origin it reaches beyond",
        ),
        ("origin = 0x20000000", "origin = 0x08010000", "memory.ram overlaps memory.flash"),
        ("size = 0x4000", "size = 0x20000", "bootloader.size is 0x20000; it leaves no room"),
        (
            "size = 0x4000",
            "size = 0x4010",
            "bootloader.size is 0x4010; it must put the application slot on a multiple",
        ),
        (
            "size = 0x4000",
            "size = 0x4200",
            "bootloader.size is 0x4200; it must be a whole number of pages of 1024",
        ),
        (
            "size = 0x20000",
            "size = 0x20001",
            "memory.flash.size is 0x20001; it must be a whole number of pages of 1024",
        ),
        ("stack = 0x1000", "stack = 0x1004", "memory.ram.stack is 0x1004; it must be a multiple of 8"),
        ("stack = 0x1000", "stack = 0x8000", "memory.ram.stack is 0x8000; it leaves no room"),
        ("chip_id = 0x450", "", "bootloader.chip_id is missing"),
        (
            "chip_id = 0x450",
            "chip_id = 0x450\nchip_ids = 3",
            "chip_ids is not a known key; did you mean chip_id",
        ),
        (
            'parity = "even"',
            'parity = "mark"',
            "uart.parity is 'mark'; it must be one of 'even', 'none', 'odd'",
        ),
        ('driver = "cmsdk"', 'driver = "../x"', "uart.driver is '../x'; it must be a word in small letters"),
        (
            "chip_id = 0x450",
            "chip_id = 0x450\nalias = 0xFFFFFFFF",
            "bootloader.alias is 0xffffffff; it must be at most 0xfffe0000",
        ),
        ("[counter]", "[timer]", "timer is not a known key"),
        (
            "[counter]",
            "[[setup]]\nregister = 2\n[counter]",
            "setup[0].register is 0x2; it must be a multiple of 4",
        ),
        ("[counter]", "[[setup]]\nset = 2\n[counter]", "setup[0].register is missing"),
        ("[counter]", "[setup]\nset = 2\n[counter]", "setup is a table; it must be a list of tables"),
        (
            "[counter]",
            "[flasher]\nvia = 'jtag'\n[counter]",
            "flasher.via is 'jtag'; it must be one of 'an3155', 'esp-rom', 'gdb'",
        ),
        (
            "run_on_hardware = false",
            'run_on_hardware = false\nsoc = "Pi 3"',
            "soc is 'Pi 3'; it must be a word",
        ),
        (
            "chip_id = 0x450",
            "chip_id = 0x450\nmark = [-1]",
            "bootloader.mark[0] is -1; it must be between 0 and",
        ),
        ("[bootloader]", "[memory.large]\norigin = 0x20000000\nsize = 1\n[bootloader]", "large overlaps"),
        ("[counter]", "[flasher]\nvia = 'uf2'\n[counter]", "uf2 is missing; flasher.via is 'uf2'"),
        ("[counter]", "[uf2]\nfamily = 1\n[counter]", "uf2.board_id is missing"),
        (
            "page = 0x400",
            "page = 0x400\nfirst_sectors = [512]",
            "first_sectors has 512 bytes; they must make one page of 1024",
        ),
        (
            "size = 0x4000",
            "size = 0x4000\njournal_sector = 0\njournal = 1",
            "bootloader.journal is 1; it must be one of 0, 2",
        ),
        ("icount_shift = 6", "icount_shift = 11", "emulator.icount_shift is 11; it must be between 0 and 10"),
        (
            '["-machine", "toy"]',
            '"-machine toy"',
            "emulator.arguments is '-machine toy'; it must be a list of texts",
        ),
    ],
)
def test_a_wrong_file_is_named_with_key_and_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = GOOD + EMULATOR
    assert text.count(old) >= 1
    board = write(tmp_path, text.replace(old, new, 1))
    with pytest.raises(BoardError) as caught:
        load_board(board)
    assert reason in caught.value.message
    assert str(board / "board.toml") in caught.value.message


def test_an_unknown_board_lists_near_matches() -> None:
    name = list_boards()[0].name
    with pytest.raises(BoardError, match=f"Did you mean .*{name}"):
        load_board(name[:-1] + "z")
    part = "mps2-an38"  # of two boards
    with pytest.raises(BoardError, match=r"Did you mean qemu-mps2-an385 or qemu-mps2-an386\?"):
        load_board(part)
    for far in ("zzzzzz", "nonesuch", "e"):
        with pytest.raises(BoardError, match="`sensor-bnn boards` lists the boards"):
            load_board(far)


def test_one_board_is_the_default() -> None:
    board = default_board()
    assert board.emulator is not None and board.emulator.default


def test_a_folder_without_facts(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"holds no board\.toml"):
        load_board(tmp_path)


def strings(file: Path) -> list[str]:
    """Return every string of a Python file except docstrings, whose examples may name a board."""
    tree = ast.parse(file.read_text())
    shown = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in shown
    ]


@pytest.mark.usefixtures("long_run")
def named(board: str, text: str) -> bool:
    """Whether a text has the board's name as a word: picolibc is no pico."""
    return re.search(rf"(?<![\w-]){re.escape(board)}(?![\w-])", text) is not None


def test_shared_code_names_no_board() -> None:
    # A board that is only its target's operating system has the target's name.
    targets = {target.name for target in list_targets()}
    names = [board.name for board in list_boards() if board.name not in targets]
    package = Path(sensor_bnn.__file__).parent
    found = [
        (str(file), name)
        for file in sorted(package.rglob("*.py"))
        for text in strings(file)
        for name in names
        if named(name, text)
    ]
    for file in sorted(resource("firmware").rglob("*")):
        if file.is_file():
            text = file.read_text(errors="replace")
            found += [(str(file), name) for name in names if named(name, text)]
    assert found == []
