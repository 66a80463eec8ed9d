"""From estimated cycles to milliseconds and microjoules on real boards; both are estimates.

A data sheet states the current of a chip that runs code, per megahertz. So energy is cycles times that
current times the voltage: the clock cancels out. The rest of the board and peripherals are not included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensor_bnn.cycles.memory import MemoryCost
from sensor_bnn.hardware.boards import Board, Power, list_boards

_MICROJOULES = 1e-6
"""Microamperes per megahertz are picocoulombs per cycle."""


@dataclass(frozen=True)
class OnBoard:
    """What one inference is estimated to take on a real board.

    Attributes:
        board: the board's name.
        clock_hz: the clock of its core.
        milliseconds: at that clock.
        microjoules: of the chip alone; None if the board's facts have no current.
        power: the current, the voltage and their source, or None.
        memory: what the core waits for the flash, included above; None if the board's facts do not say.
    """

    board: str
    clock_hz: int
    milliseconds: float
    microjoules: float | None
    power: Power | None
    memory: MemoryCost | None = None


def microjoules(power: Power, cycles: float) -> float:
    """Return the energy of a chip that runs code for so many cycles of its core."""
    return power.microamps_per_mhz * power.volts * cycles * _MICROJOULES


def real_boards(target: str) -> list[Board]:
    """Return each real board of this installation with that target, by name, for which cycles are a time."""
    return [board for board in list_boards() if board.target == target and _runs_on_metal(board)]


def on_real_boards(target: str, cycles: int, memory: Sequence[MemoryCost] = ()) -> list[OnBoard]:
    """Return the estimate for each real board of this installation with that target, by name.

    Args:
        target: the name of the target that the cycles were estimated for.
        cycles: the cycles of one inference, for boards without a cost of their own.
        memory: the cost on boards whose flash is described.
    """
    costs = {cost.board: cost for cost in memory}
    return [
        _on_board(board, costs[board.name].cycles if board.name in costs else cycles, costs.get(board.name))
        for board in real_boards(target)
    ]


def _on_board(board: Board, cycles: int, memory: MemoryCost | None) -> OnBoard:
    return OnBoard(
        board.name,
        board.counter.clock_hz,
        1000 * cycles / board.counter.clock_hz,
        None if board.power is None else microjoules(board.power, cycles),
        board.power,
        memory,
    )


def _runs_on_metal(board: Board) -> bool:
    """Whether the board is real and its counter counts its core's cycles."""
    return board.emulator is None and board.counter.driver == "systick"
