"""A board whose flash holds an image at power-on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sensor_bnn.hardware.boards import Board, is_program


def with_image(board: Board, image: Path) -> Board:
    """Return the board with an image in its flash at power-on, because writing it through the bootloader is
    slow.

    Args:
        board: a board with an emulator; one that is a Linux program is returned unchanged.
        image: the file ``firmware.bin`` of a build.
    """
    assert board.emulator is not None
    if is_program(board):
        return board
    # With force-raw QEMU loads the bytes as they are, even if they look like a format with addresses of its
    # own.
    loader = f"loader,file={image},addr={board.slot.origin:#x},force-raw=on"
    arguments = (*board.emulator.arguments, "-device", loader)
    return replace(board, emulator=replace(board.emulator, arguments=arguments))
