"""What real boards wait for their flash: a simulation with the reads of an emulated run; an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensor_bnn.emulation.memory_plugin import Waits
from sensor_bnn.hardware.boards import Access, Board

_WORTH = 0.01
"""The share of one inference from which on a copy of the weights in RAM is recommended."""


@dataclass(frozen=True)
class LayerCost:
    """The estimated cost of a layer on a board, in cycles.

    Attributes:
        cycles: without any wait.
        waits: for the flash.
        waits_in_ram: for the flash, with a copy of the weights in RAM.
    """

    cycles: int
    waits: Waits
    waits_in_ram: Waits

    @property
    def is_bound_by_memory(self) -> bool:
        """Whether the core waits for the flash more than half of the time."""
        return self.waits.cycles > self.cycles


@dataclass(frozen=True)
class MemoryCost:
    """The estimated cost of one inference on a board whose flash is described.

    Attributes:
        board: the board's name.
        access: its flash.
        layers: one per layer.
        weights_bytes: the bytes of all weights.
        free_bytes: the RAM that the model leaves, without a copy of its weights; negative if that is not
            enough, and the arena goes to a slower one, whose waits are not included.
    """

    board: str
    access: Access
    layers: tuple[LayerCost, ...]
    weights_bytes: int
    free_bytes: int

    @property
    def cycles(self) -> int:
        """The cycles of one inference, waits included."""
        return sum(layer.cycles + layer.waits.cycles for layer in self.layers)

    @property
    def code_waits(self) -> int:
        """The cycles that the core waits for code."""
        return sum(layer.waits.code for layer in self.layers)

    @property
    def data_waits(self) -> int:
        """The cycles that the core waits for weights and other constants."""
        return sum(layer.waits.data for layer in self.layers)

    @property
    def saved_in_ram(self) -> int:
        """The cycles that a copy of the weights in RAM saves."""
        return sum(layer.waits.cycles - layer.waits_in_ram.cycles for layer in self.layers)

    @property
    def weights_fit_ram(self) -> bool:
        """Whether a copy of the weights fits the RAM without waits."""
        return self.weights_bytes <= self.free_bytes

    @property
    def weights_belong_in_ram(self) -> bool:
        """Whether a copy of the weights in RAM fits and saves at least a hundredth of one inference."""
        return self.weights_fit_ram and self.saved_in_ram >= _WORTH * self.cycles


def memory_costs(
    boards: Sequence[Board],
    cycles: Sequence[int],
    waits: Sequence[Sequence[Waits]],
    weights_bytes: int,
    free_bytes: Sequence[int],
) -> list[MemoryCost]:
    """Return the cost of one inference on each board.

    Args:
        boards: boards whose flash is described.
        cycles: the cycles of each layer without waits.
        waits: for each layer, two waits for each board: as it is, and with the weights in RAM.
        weights_bytes: the bytes of all weights.
        free_bytes: the RAM that the model leaves on each board.
    """
    costs = []
    for place, (board, free) in enumerate(zip(boards, free_bytes, strict=True)):
        access = board.flash.access
        assert access is not None
        layers = tuple(
            LayerCost(own, layer[2 * place], layer[2 * place + 1])
            for own, layer in zip(cycles, waits, strict=True)
        )
        costs.append(MemoryCost(board.name, access, layers, weights_bytes, free))
    return costs
