"""Exact execution counts of an emulated board per instruction, by a QEMU TCG plugin of our own.

The plugin's source is beside this file; the machine's C compiler compiles it when it is needed.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sensor_bnn.emulation.instruction_plugin import compile_plugin
from sensor_bnn.errors import BundleError, ToolError

_SOURCE = Path(__file__).with_name("count_plugin.c")

Span = TypeVar("Span")
"""What a plugin found between two marks."""

Counts = Mapping[tuple[int, bytes], int]
"""How often an instruction ran, by its address and its bytes in memory order."""


@dataclass(frozen=True)
class Function:
    """A function of a program: addresses ``start`` to ``end`` - 1."""

    name: str
    start: int
    end: int


class Symbols:
    """The functions of an ELF file, by address and by name.

    ``thumb``: whether the code is for a Cortex-M, which runs only Thumb code.

    Args:
        file: an executable with a symbol table.

    Raises:
        BundleError: it cannot be read or has no symbols.
    """

    def __init__(self, file: Path) -> None:
        remedy = "Build the firmware again with `sensor-bnn build`."
        try:
            elf = ELFFile(io.BytesIO(file.read_bytes()))
            table = elf.get_section_by_name(".symtab")
        except (OSError, ELFError) as error:
            raise BundleError(f"{file} cannot be read: {error}.", remedy) from None
        if not isinstance(table, SymbolTableSection):
            raise BundleError(f"{file} has no symbols.", remedy)
        self.thumb = bool(elf["e_machine"] == "EM_ARM")
        # Bit 0 of a symbol's value marks Thumb code; functions in assembly often have the size 0.
        found = {
            int(s["st_value"]) & ~1: (str(s.name), int(s["st_size"]))
            for s in table.iter_symbols()
            if s["st_info"]["type"] == "STT_FUNC"
        }
        starts = sorted(found)
        # The last function without a size reaches to the end of the address space.
        ends = [*starts[1:], 1 << 64]
        self.functions = tuple(
            Function(found[start][0], start, start + found[start][1] if found[start][1] else end)
            for start, end in zip(starts, ends, strict=True)
        )
        self._starts = starts
        self._objects = {
            str(s.name): (int(s["st_value"]), int(s["st_value"]) + int(s["st_size"]))
            for s in table.iter_symbols()
            if s["st_info"]["type"] == "STT_OBJECT"
        }

    def at(self, address: int) -> Function | None:
        """Return the function that contains the address; None if there is none."""
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address >= self.functions[place].end:
            return None
        return self.functions[place]

    def data(self, prefix: str) -> tuple[int, int]:
        """Return where the data with names that begin so start and end; (0, 0) if there are none."""
        found = [place for name, place in self._objects.items() if name.startswith(prefix)]
        return (min(start for start, _ in found), max(end for _, end in found)) if found else (0, 0)

    def address(self, name: str) -> int:
        """Return the start address of the function with this name.

        Raises:
            BundleError: there is none.
        """
        for function in self.functions:
            if function.name == name:
                return function.start
        raise BundleError(f"The firmware has no function {name}.", "Build it again with `sensor-bnn build`.")


@dataclass(frozen=True)
class CountPlugin:
    """The plugin that QEMU loads; ``counts`` reads its output after QEMU has ended."""

    library: Path
    output: Path
    mark: int
    thumb: bool

    @classmethod
    def build(cls, symbols: Symbols, mark: str, folder: Path) -> Self:
        """Compile the plugin.

        Args:
            symbols: symbols of the program that will run.
            mark: name of a function; the plugin writes its counts each time that it is entered.
            folder: folder for the compiled plugin and its output.

        Raises:
            BundleError: the program has no such function.
            ToolError: the C compiler is missing or fails.
        """
        library = compile_plugin(_SOURCE, folder)
        return cls(library, folder / "counts.txt", symbols.address(mark), symbols.thumb)

    @property
    def argument(self) -> str:
        """The value of QEMU's ``-plugin``."""
        return f"{self.library},out={self.output},mark={self.mark:x}"

    def counts(self) -> list[Counts]:
        """Return the counts before the first mark, between each two marks, and after the last.

        Raises:
            ToolError: the output of QEMU is incomplete.
        """
        try:
            text = self.output.read_text(encoding="ascii")
        except OSError as error:
            raise lost(error.strerror or "") from None
        spans: list[Counts] = []
        span: dict[tuple[int, bytes], int] = {}
        try:
            for line in text.splitlines():
                if line.startswith("="):
                    spans.append(span)
                    span = {}
                else:
                    address, data, count = line.split()
                    place = (int(address, 16), _own_bytes(bytes.fromhex(data), self.thumb))
                    span[place] = span.get(place, 0) + int(count)
        except ValueError:
            raise lost("a line of them is cut off") from None
        if span or not spans:
            raise lost("they end too early")
        return spans


def _own_bytes(data: bytes, thumb: bool) -> bytes:
    """Return only the instruction's own bytes: at the end of a page QEMU adds prefetched bytes."""
    if not thumb:
        return data
    # The first halfword of a 32-bit instruction begins with these five bits (Armv7-M Architecture Reference
    # Manual, A5.1).
    return data[: 4 if data[1] >> 3 in (0b11101, 0b11110, 0b11111) else 2]


def counts_by_layer(spans: list[Counts], layers: int) -> list[Counts]:
    """Return the counts of each layer of the first profiled inference.

    The firmware reads its counter twice in a row before the inference, and then before and after every layer.
    The counts of that empty span are subtracted from each layer, as the firmware subtracts them from its
    ticks. The self-test that confirms an image is one more inference before them, without layers.

    Args:
        spans: the counts of a run with at least one PROFILE request and no other inference but that of the
            self-test, marked at ``counter_now``.
        layers: number of the model's layers.

    Raises:
        ToolError: the spans do not come from such a run.
    """
    empty, *found = spans_of_layers(spans, layers)
    return [
        {place: count - empty.get(place, 0) for place, count in layer.items() if count > empty.get(place, 0)}
        for layer in found
    ]


def spans_of_layers(spans: Sequence[Span], layers: int, inference: int = 0) -> list[Span]:
    """Return what a plugin found in an empty span, and then in each layer of a profiled inference.

    Args:
        spans, layers: as for ``counts_by_layer``.
        inference: which profiled inference, from 0 on.

    Raises:
        ToolError: the spans do not come from such a run.
    """
    # Two reads for the cost of reading, one at the start, two per layer, one at the end.
    marks, self_test = 3 + 2 * layers + 1, 3 + 1
    if len(spans) > marks and (len(spans) - 1) % marks == self_test:
        spans = spans[self_test:]
    if len(spans) <= marks or (len(spans) - 1) % marks:
        raise lost(f"{len(spans)} spans do not come from profiled inferences of {layers} layers")
    first = inference * marks
    return [spans[first + 1], *spans[first + 3 : first + marks - 1 : 2]]


def lost(why: str) -> ToolError:
    """Return the error for a plugin's output that is missing or incomplete."""
    return ToolError(f"QEMU's plugin left no counts: {why}.", "Run it again.")
