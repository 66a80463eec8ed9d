"""Check whether a model fits a board, and make the error if it does not."""

from __future__ import annotations

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, is_loaded_by_rom, ram_bytes

RESERVED_BYTES = 16  # at the end of RAM, for the note of firmware/hal/stay.c
HANDLER_STACK_BYTES = 1024


def check_estimate(bundle: Metadata, board: Board, weights: str) -> None:
    """Before compiling, refuse a model that cannot fit, however small the code is.

    Raises:
        BoardError: flash or RAM of the board is too small.
    """
    flash = HEADER_BYTES + bundle.weights_bytes
    if flash > board.slot.size:
        raise too_big_for_slot(flash, board, at_least=True, most=bundle.largest_layer)
    ram = _ram(bundle, board)
    if weights == "ram":
        ram += bundle.weights_bytes
        if ram > ram_bytes(board):
            raise no_room_for_weights(ram - ram_bytes(board), board, at_least=True)
    if ram > ram_bytes(board):
        raise too_big("RAM", ram, "RAM", ram_bytes(board), board, at_least=True, most=bundle.fullest_layer)


def free_ram(bundle: Metadata, board: Board) -> int:
    """Return the bytes of the first RAM that the model leaves there, with its weights in flash.

    The result is negative if its arena does not fit that RAM.
    """
    return board.ram.size - _ram(bundle, board)


def _ram(bundle: Metadata, board: Board) -> int:
    """Return the bytes of RAM that the application needs, with its weights in flash."""
    ram = RESERVED_BYTES + board.ram.stack + HANDLER_STACK_BYTES
    # The application keeps input, output and eight bytes of ticks per layer beside the arena.
    return ram + bundle.arena_bytes + bundle.input.bytes + bundle.output.bytes + 8 * len(bundle.layers)


def too_big_for_slot(needed: int, board: Board, at_least: bool = False, most: str = "") -> BoardError:
    """Return the error for a slot that is too small; arguments as for ``too_big``."""
    what, where = "flash", "application slot"
    if is_loaded_by_rom(board):
        what, where = "RAM for its image, code and weights together", "part of the RAM for it"
    return too_big(what, needed, where, board.slot.size, board, at_least, most)


def too_big(
    what: str,
    needed: int,
    where: str,
    available: int,
    board: Board,
    at_least: bool = False,
    most: str = "",
) -> BoardError:
    """Return the error for a memory that is too small, with the bytes needed and available.

    Args:
        what, where: names of the memory, and of the part of it that is too small.
        needed, available: sizes in bytes.
        board: the board with that memory.
        at_least: ``needed`` is only a lower bound.
        most: name of the layer that needs most; empty if unknown.
    """
    bound = "at least " if at_least else ""
    place = f" (most at layer {most})" if most else ""
    return BoardError(
        f"The model does not fit: it needs {bound}{_size(needed)} of {what}{place}, "
        f"and the {where} of board {board.name} has {_size(available)}.",
        "Choose a smaller model or a larger board (`sensor-bnn boards` lists them).",
    )


def no_room_for_weights(missing: int, board: Board, at_least: bool = False) -> BoardError:
    """Return the error for a copy of the weights for which ``missing`` bytes of RAM are missing."""
    bound = "at least " if at_least else ""
    return BoardError(
        f"The weights do not fit into the RAM of board {board.name}: {bound}{missing:,} bytes are missing.",
        "Leave `--weights ram` out: the model then reads them from flash.",
    )


def _size(count: int) -> str:
    for unit, scale in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.4g} {unit} ({count:,} bytes)"
    return f"{count} bytes"
