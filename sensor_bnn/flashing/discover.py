"""Find the ports of boards: by USB ids, then by asking each port for its board."""

from __future__ import annotations

from collections.abc import Callable

from serial.tools import list_ports

from sensor_bnn.errors import PortError, SensorBnnError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import PORT_VARIABLE, SerialPort, refuse_search

Ask = Callable[[list[str]], str]
"""Asks a person to choose one of several ports."""

_SYNC_SECONDS = 0.5
_HELLO_SECONDS = 0.5


def candidates(board: Board) -> list[str]:
    """Return the machine's ports that have one of the board's USB ids; all ports if none has."""
    ports = sorted(list_ports.comports(), key=lambda port: str(port.device))
    marked = [
        str(port.device)
        for port in ports
        if port.vid is not None and f"{port.vid:04x}:{port.pid:04x}" in board.usb_ids
    ]
    return marked or [str(port.device) for port in ports]


def answers(port: str, board: Board) -> bool:
    """Whether the bootloader of ``board``, or an application for it, answers at a port."""
    try:
        with SerialPort(port, board.uart) as line:
            bootloader = An3155(line)
            if bootloader.sync(_SYNC_SECONDS):
                return bootloader.get_id() == board.bootloader.chip_id
            return Client(line).hello(timeout=_HELLO_SECONDS, attempts=1).board == board.name
    except SensorBnnError:
        return False


def choose_port(board: Board, ask: Ask | None = None) -> str:
    """Return the only port that can be the board's, else the one where it answers, else the one that ``ask``
    returns.

    Raises:
        PortError: there is none, or there are several and ``ask`` is None; the message lists them. Or the
            board is only emulated.
    """
    refuse_search(board)
    found = candidates(board)
    if len(found) > 1:
        found = [port for port in found if answers(port, board)] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise PortError(
            "This machine shows no serial port.",
            f"Plug the board in, or name the port with --port or {PORT_VARIABLE} "
            "(`sensor-bnn emulate BOARD` prints one).",
        )
    if ask is not None:
        return ask(found)
    raise PortError(
        f"Several serial ports could be the board's: {', '.join(found)}.",
        f"Name one with --port or {PORT_VARIABLE}, or take all with --all.",
    )


def all_ports(board: Board) -> list[str]:
    """Return every port at which the board answers.

    Raises:
        PortError: it answers at no port, or is only emulated.
    """
    refuse_search(board)
    found = [port for port in candidates(board) if answers(port, board)]
    if not found:
        raise PortError(
            f"At no serial port of this machine a {board.name} answers.",
            "Plug the boards in and reset them, or name their ports with --port.",
        )
    return found
