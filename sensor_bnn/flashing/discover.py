"""Find the ports of boards: by USB ids, then by asking each port for its board."""

from __future__ import annotations

from collections.abc import Callable

from serial.tools.list_ports_common import ListPortInfo

from sensor_bnn.errors import PortError, SensorBnnError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort, all_serial_ports, refuse_search, undecided, usb_ports

Ask = Callable[[list[str]], str]
"""Asks a person to choose one of several ports."""

_SYNC_SECONDS = 0.5
_HELLO_SECONDS = 0.5


def candidates(board: Board) -> list[ListPortInfo]:
    """Return the machine's USB ports that have one of the board's USB ids; all USB ports if none has."""
    ports = usb_ports()
    marked = [port for port in ports if f"{port.vid:04x}:{port.pid:04x}" in board.usb_ids]
    return marked or ports


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
    """Return the only USB port that can be the board's, else the one where it answers, else the one that
    ``ask`` returns, which chooses among all ports if none is on USB.

    Raises:
        PortError: there is none, or there are several and ``ask`` is None; the message lists them. Or the
            board is only emulated.
    """
    refuse_search(board)
    found = candidates(board)
    if len(found) > 1:
        found = [port for port in found if answers(port.device, board)] or found
    if len(found) == 1:
        return str(found[0].device)
    offered = [str(port.device) for port in found or all_serial_ports()]
    if ask is not None and offered:
        return ask(offered)
    raise undecided(found, ", or take all with --all")


def all_ports(board: Board) -> list[str]:
    """Return every USB port at which the board answers.

    Raises:
        PortError: it answers at no port, or is only emulated.
    """
    refuse_search(board)
    found = [str(port.device) for port in candidates(board) if answers(port.device, board)]
    if not found:
        raise PortError(
            f"At no USB serial port of this machine a {board.name} answers.",
            "Plug the boards in and reset them, or name their ports with --port.",
        )
    return found
