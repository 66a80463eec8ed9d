"""The board registry: every folder ``boards/<name>/`` with a ``board.toml``, by name.

A board is a folder of facts. Code depends on facts and never on a board's name, so adding a board means
adding a folder, in this installation's ``boards/`` or anywhere else.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path

from sensor_bnn.compiler.chips import target_of_chip
from sensor_bnn.errors import BoardError
from sensor_bnn.files import replace_folder
from sensor_bnn.hardware.facts import BOOT2_BYTES as BOOT2_BYTES
from sensor_bnn.hardware.facts import FIRST_BYTES as FIRST_BYTES
from sensor_bnn.hardware.facts import HEADER_BYTES as HEADER_BYTES
from sensor_bnn.hardware.facts import Access as Access
from sensor_bnn.hardware.facts import Board as Board
from sensor_bnn.hardware.facts import Bootloader as Bootloader
from sensor_bnn.hardware.facts import Cache as Cache
from sensor_bnn.hardware.facts import Counter as Counter
from sensor_bnn.hardware.facts import Emulator as Emulator
from sensor_bnn.hardware.facts import EnergyPin as EnergyPin
from sensor_bnn.hardware.facts import Flash as Flash
from sensor_bnn.hardware.facts import Led as Led
from sensor_bnn.hardware.facts import OptionWord as OptionWord
from sensor_bnn.hardware.facts import Power as Power
from sensor_bnn.hardware.facts import Protection as Protection
from sensor_bnn.hardware.facts import Ram as Ram
from sensor_bnn.hardware.facts import Region as Region
from sensor_bnn.hardware.facts import Setup as Setup
from sensor_bnn.hardware.facts import Uart as Uart
from sensor_bnn.hardware.facts import Write as Write
from sensor_bnn.hardware.facts import has_bootloader as has_bootloader
from sensor_bnn.hardware.facts import is_loaded_by_rom as is_loaded_by_rom
from sensor_bnn.hardware.facts import is_only_emulated as is_only_emulated
from sensor_bnn.hardware.facts import is_program as is_program
from sensor_bnn.hardware.facts import ram_bytes as ram_bytes
from sensor_bnn.hardware.file import BOARD_FILE as BOARD_FILE
from sensor_bnn.hardware.file import NAME, read_board
from sensor_bnn.resources import resource
from sensor_bnn.tracing import NOTES

_SHORTEST_PART = 3


def list_boards() -> list[Board]:
    """Return every board of this installation, sorted by name.

    Raises:
        BoardError: a board's file is wrong.
    """
    return [_installed(name) for name in _names()]


def default_board() -> Board:
    """Return the emulated board that the demo uses if none is named.

    Raises:
        BoardError: a board's file is wrong, or not exactly one board is the default.
    """
    found = [board for board in list_boards() if board.emulator is not None and board.emulator.default]
    if len(found) != 1:
        raise BoardError(
            f"{len(found)} boards are marked as the default; exactly one must be.",
            "Name a board with --board, or correct the boards' emulator.default.",
        )
    return found[0]


def without_emulator(board: Board, otherwise: str = "") -> BoardError:
    """Return the refusal of a board that cannot be emulated; it names the emulated boards with its core.

    Args:
        board: the board.
        otherwise: what to do with the board itself, a sentence; empty for nothing.
    """
    core = _core(board.target)
    names = [
        known.name
        for known in list_boards()
        if known.emulator is not None and not is_program(known) and _core(known.target) == core
    ]
    told = "Choose one that `sensor-bnn boards` marks with QEMU."
    if names:
        told = f"An emulated board with its core, {core}, is `--board {names[0]}`"
        told += f" (or {', '.join(names[1:])})." if names[1:] else "."
    return BoardError(f"The board {board.name} has no emulator.", f"{told} {otherwise}".rstrip())


def _core(target: str) -> str:
    """Return a target without what it says of floats."""
    return target.removesuffix("-softfp").removesuffix("-nofp")


def load_board(name: str | Path) -> Board:
    """Return the board with this name or in this folder.

    Args:
        name: a name that ``sensor-bnn boards`` lists, a part of one that no other has, such as ``f446``, or
            a path to a folder with a ``board.toml``.

    Raises:
        BoardError: no such board, or its file is wrong.
    """
    if str(name) in _names():
        return _installed(str(name))
    path = Path(name)
    if path.name == BOARD_FILE:
        path = path.parent
    if (path / BOARD_FILE).is_file():
        return read_board(path)
    if isinstance(name, Path) or path.is_dir() or len(path.parts) > 1:
        raise BoardError(
            f"The folder {path} holds no {BOARD_FILE}.",
            "Give a board's name (`sensor-bnn boards` lists them) or a folder with its facts.",
        )
    # Also a part of a name, such as the chip's, is near.
    near = [known for known in _names() if len(str(name)) >= _SHORTEST_PART and str(name).lower() in known]
    if len(near) == 1:
        NOTES.warning("--board %s is taken as %s.", name, near[0])
        return _installed(near[0])
    near = near or difflib.get_close_matches(str(name), _names(), n=3)
    target = target_of_chip(str(name))
    if target is not None and not near:
        raise BoardError(
            f"There is no board named {name!r}. That is a chip, and no board with it is described.",
            f"Compile a library for your own firmware: --target {target}. docs/boards.md says how to "
            "describe a board, and docs/limits.md on which chips our firmware does not run.",
        )
    raise BoardError(
        f"There is no board named {name!r}.",
        f"Did you mean {' or '.join(near)}?" if near else "`sensor-bnn boards` lists the boards.",
    )


def new_board(name: str, source: Board, folder: Path) -> Board:
    """Write ``folder/name/board.toml`` with the facts and comments of another board.

    The new board is marked as not run on hardware and not the default.

    Raises:
        BoardError: the name is none, or there is such a board or folder.
        FileError: the folder cannot be written.
    """
    if not NAME.fullmatch(name):
        raise BoardError(
            f"{name!r} cannot name a board.", "Use small letters, digits and hyphens, at most 31 characters."
        )
    target = folder / name
    if name in _names() or target.exists():
        raise BoardError(f"There is a board {name!r} or a folder {target} already.", "Choose another name.")
    text = (source.folder / BOARD_FILE).read_text(encoding="utf-8")
    for key, value in (("name", f'"{name}"'), ("title", f'"{name}"'), ("run_on_hardware", "false")):
        text = re.sub(rf"(?m)^{key}\s*=.*$", f"{key} = {value}", text, count=1)
    text = re.sub(r"(?m)^default\s*=.*\n", "", text)
    with replace_folder(target, None) as draft:
        draft.write(BOARD_FILE, text)
        # Read before it is placed: facts that break a rule leave no folder.
        read_board(draft.path)
    return read_board(target)


def _installed(name: str) -> Board:
    folder = resource("boards") / name
    file = (folder / BOARD_FILE).stat()
    return _read_once(folder, file.st_mtime_ns, file.st_size)


@cache
def _read_once(folder: Path, changed: int, size: int) -> Board:
    """Read a board. A file is parsed and checked once, and again if it changes."""
    return read_board(folder)


def _names() -> list[str]:
    root = resource("boards")
    return sorted(file.parent.name for file in root.glob(f"*/{BOARD_FILE}"))
