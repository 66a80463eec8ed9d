"""`boards check` and `boards new`; the page, the registry and the folders agree."""

from __future__ import annotations

import json
import re
import struct
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundles import change_bundle
from click.testing import CliRunner
from elftools.elf.elffile import ELFFile

from sensor_bnn.cli import boards as boards_command
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError
from sensor_bnn.firmware import check
from sensor_bnn.firmware.build import build_bootloader, build_firmware
from sensor_bnn.firmware.check import CHECKS, check_board
from sensor_bnn.firmware.fit import RESERVED_BYTES
from sensor_bnn.firmware.signing import make_key, read_key
from sensor_bnn.hardware.boards import Board, Region, has_bootloader, list_boards, load_board
from sensor_bnn.resources import resource

PAGE = (resource("boards").parent / "docs" / "boards.md").read_text()
RELIABILITY = (resource("boards").parent / "docs" / "reliability.md").read_text()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(boards_command.command, [*arguments])


@pytest.mark.usefixtures("cross_compiler", "longest")
def test_every_board_holds_together() -> None:
    done = run("check", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["ok"] is True
    assert [(item["board"], item["check"]) for item in said["checks"]] == [
        (board.name, name) for board in list_boards() for name in CHECKS
    ]
    sizes = re.findall(r"bootloader takes ([\d,]+) of", done.stdout)
    assert len(sizes) == sum(has_bootloader(board) for board in list_boards())
    assert all(int(size.replace(",", "")) <= 12288 for size in sizes), sizes


@pytest.mark.usefixtures("cross_compiler")
def test_with_a_key_every_bootloader_is_as_small_as_is_told(tmp_path: Path) -> None:
    """At most 12 KB on each board. The page has one compiler's figures, so a difference of 2 % is allowed."""
    make_key(tmp_path / "key.pem")
    signer = read_key(tmp_path / "key.pem")
    told = re.findall(r"\| `([\w-]+)` \| ([\d,]+) \| ([\d,]+) \| [\d,]+ \| −?[\d,]+ \|", RELIABILITY)
    boards = [board for board in list_boards() if has_bootloader(board)]
    assert [name for name, _, _ in told] == [board.name for board in boards]
    for board, (_, _, text) in zip(boards, told, strict=True):
        build_bootloader(board, tmp_path / board.name, signer)
        size = (tmp_path / board.name / "bootloader.bin").stat().st_size
        assert size <= 12288, board.name
        assert abs(size - int(text.replace(",", ""))) * 50 < size, (board.name, size)


@pytest.mark.usefixtures("cross_compiler")
def test_a_bootloader_that_has_no_room_says_so(tmp_path: Path) -> None:
    board = load_board("nucleo-f103rb")
    small = replace(board, bootloader=replace(board.bootloader, size=0x1800))
    with pytest.raises(BoardError, match=r"The bootloader of nucleo-f103rb takes [\d,]+ bytes and has 4,096"):
        build_bootloader(small, tmp_path)


def failed(board: Board) -> dict[str, str]:
    return {found.check: found.detail for found in check_board(board) if not found.ok}


@pytest.mark.usefixtures("cross_compiler")
def test_what_does_not_link(board: Board) -> None:
    ram = replace(board.ram, origin=board.ram.origin + 0x1000)
    assert "the MPU protects aligned regions" in failed(replace(board, ram=ram))["links"]
    bootloader = replace(board.bootloader, size=0x2000 + board.journal.size)  # the journal is a part of it
    small = replace(board, bootloader=bootloader, flash=replace(board.flash, size=bootloader.size + 0x2000))
    assert "does not fit" in failed(small)["links"]
    assert "which does not exist" in failed(replace(board, uart=replace(board.uart, driver="none")))["links"]
    assert "There is no target 'z80'" in failed(replace(board, target="z80"))["links"]


@pytest.mark.usefixtures("cross_compiler")
def test_an_arena_goes_to_the_first_ram_that_has_room(board: Board, tmp_path: Path) -> None:
    """The build's report and the linker's symbol must agree on it."""
    ram = replace(board.ram, size=0x10000)
    large = Region(board.ram.origin + 0x100000, 0x40000)
    facts = replace(board, ram=ram, large=large)
    for size, region in ((16, ram), (0x20000, large)):
        bundle, out = tmp_path / f"{size}", tmp_path / f"{size}-out"
        check._make_bundle(facts, bundle)
        model = bundle / "model.h"
        model.write_text(model.read_text().replace("ARENA_BYTES 16", f"ARENA_BYTES {size}"))
        change_bundle(bundle)
        built = build_firmware(bundle, facts, out)
        assert built.report["ram"]["arena"] == size
        assert built.report["ram"]["available"] == ram.size + large.size - RESERVED_BYTES
        with built.firmware_elf.open("rb") as stream:
            section = ELFFile(stream).get_section_by_name(".arena")
        assert section is not None
        assert region.origin <= section["sh_addr"] and section["sh_addr"] + size <= region.end
    model.write_text(model.read_text().replace(f"ARENA_BYTES {0x20000}", f"ARENA_BYTES {0x50000}"))
    change_bundle(bundle)
    with pytest.raises(BoardError, match="does not fit"):
        build_firmware(bundle, facts, out)


@pytest.mark.usefixtures("cross_compiler")
def test_the_mark_of_a_program_stands_where_a_rom_looks(tmp_path: Path) -> None:
    marked = [board for board in list_boards() if board.bootloader.mark]
    assert marked
    for board in marked:
        build_bootloader(board, tmp_path / board.name)
        content = (tmp_path / board.name / "bootloader.bin").read_bytes()
        mark = struct.pack(f"<{len(board.bootloader.mark)}I", *board.bootloader.mark)
        # The RP2350's ROM searches the first 4 KB, word by word.
        assert 0 <= content.find(mark) <= 4096 - len(mark)
        assert content.find(mark) % 4 == 0


@pytest.mark.usefixtures("cross_compiler")
def test_what_is_linked_wrong(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The linker script never makes these errors, so the facts are changed after linking."""
    build = check.build_firmware

    def shifted(board: Board) -> None:
        monkeypatch.setattr(check, "build_firmware", lambda bundle, _, out, **more: build(bundle, board, out))

    def found(told: Board) -> dict[str, str]:
        return {item.check: item.detail for item in check_board(told) if not item.ok}

    shifted(board)
    told = replace(board, ram=replace(board.ram, origin=0x60000000))
    assert "outside of flash and RAM" in found(told)["fits"]
    assert "is not in RAM" in found(told)["vectors"]
    told = replace(board, bootloader=replace(board.bootloader, size=0x10000))
    assert "firmware has no vector table at 0x00010200" in found(told)["vectors"]
    told = replace(board, bootloader=replace(board.bootloader, size=0x800 + board.journal.size))
    assert "bytes of flash and has 2,048" in found(told)["fits"]
    shifted(replace(board, uart=replace(board.uart, irq=20)))
    told = replace(board, uart=replace(board.uart, irq=4))
    assert "interrupt 4 of bootloader is not the UART's" in found(told)["vectors"]


@pytest.mark.usefixtures("cross_compiler")
def test_what_is_linked_wrong_for_aarch64(monkeypatch: pytest.MonkeyPatch) -> None:
    board = next(board for board in list_boards() if find_target(board.target).core == "aarch64")
    build = check.build_firmware
    monkeypatch.setattr(check, "build_firmware", lambda bundle, _, out, **more: build(bundle, board, out))
    told = replace(board, bootloader=replace(board.bootloader, size=0x10000))
    found = {item.check: item.detail for item in check_board(told) if not item.ok}
    assert "firmware does not begin with its reset code at 0x00090200" in found["vectors"]


@pytest.mark.usefixtures("cross_compiler")
def test_what_is_linked_wrong_for_risc_v(monkeypatch: pytest.MonkeyPatch) -> None:
    riscv = [board for board in list_boards() if find_target(board.target).core == "riscv"]
    board = next(board for board in riscv if board.emulator is not None)
    assert "names the soc driver 'none', which" in failed(replace(board, soc="none"))["links"]
    moved = replace(board, ram=replace(board.ram, origin=board.ram.origin + 0x1000))
    assert "the core protects aligned regions" in failed(moved)["links"]
    build = check.build_firmware
    monkeypatch.setattr(check, "build_firmware", lambda bundle, _, out, **more: build(bundle, board, out))
    told = replace(board, bootloader=replace(board.bootloader, size=0x10000))
    found = {item.check: item.detail for item in check_board(told) if not item.ok}
    assert "firmware does not begin with its reset code at 0x80010200" in found["vectors"]


@pytest.mark.usefixtures("cross_compiler")
def test_an_aarch64_board_without_its_chip() -> None:
    board = next(board for board in list_boards() if find_target(board.target).core == "aarch64")
    assert "names the soc driver 'none', which" in failed(replace(board, soc="none"))["links"]
    moved = replace(board.ram, origin=board.ram.origin + 0x10000)
    assert "the MMU protects aligned blocks" in failed(replace(board, ram=moved))["links"]


@pytest.mark.usefixtures("cross_compiler")
def test_a_wrong_board_exits_with_1(board: Board, tmp_path: Path) -> None:
    made = run("new", "wrong", "--from", board.name, "-o", str(tmp_path))
    file = Path(made.stdout.strip().removeprefix("board "))
    file.write_text(file.read_text().replace(f'driver = "{board.uart.driver}"', 'driver = "nothing"'))
    done = run("check", str(file.parent))
    assert done.exit_code == 1
    assert "wrong" in done.stdout and "links" in done.stdout


@pytest.mark.parametrize("source", list_boards(), ids=lambda board: str(board.name))
def test_a_new_board_has_the_facts_of_another(source: Board, tmp_path: Path) -> None:
    done = run("new", "my-board", "--from", source.name, "-o", str(tmp_path))
    assert done.exit_code == 0, done.output
    made = load_board(tmp_path / "my-board")
    emulator = source.emulator and replace(source.emulator, default=False)
    assert made == replace(source, name="my-board", title="my-board", folder=made.folder, emulator=emulator)
    assert (tmp_path / "my-board" / "board.toml").read_text().count("#") > 3, "comments are kept"


def test_a_new_board_never_takes_a_place(tmp_path: Path) -> None:
    name = list_boards()[0].name
    (tmp_path / "there").mkdir()
    for wrong in (name, "there", "../up", "Big"):
        done = run("new", wrong, "--from", name, "-o", str(tmp_path))
        assert isinstance(done.exception, BoardError)
    assert [item.name for item in tmp_path.iterdir()] == ["there"]


def rows(heading: str) -> Iterator[str]:
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    return (line for line in section.splitlines() if line.startswith("| ") and not line.startswith("|---"))


def test_the_page_lists_the_boards_that_are_there() -> None:
    listed = [tuple(cell.strip() for cell in row.split("|")[1:3]) for row in rows("# Bring up your board")]
    assert listed[1:] == [(board.name, board.target) for board in list_boards()]
    folders = sorted(folder.name for folder in resource("boards").iterdir() if folder.is_dir())
    assert folders == [board.name for board in list_boards()]


def keys(table: dict[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from keys(inner)


def test_the_page_tells_every_key_driver_and_check() -> None:
    told = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]*)`", "".join(rows("## The facts"))))))
    for board in list_boards():
        content = tomllib.loads((board.folder / "board.toml").read_text())
        assert set(keys(content)) - told == set()
    for kind in ("uart", "counter", "flash", "soc"):
        drivers = {
            file.stem.removesuffix(f"_{kind}") for file in (resource("firmware") / "hal").glob(f"*_{kind}.c")
        }
        assert drivers - told == set()
    checks = [row.split("`")[1] for row in rows("## What `boards check` checks") if "`" in row.split("|")[1]]
    assert checks == list(CHECKS)
