"""What other chips would wait for their flash, by a QEMU TCG plugin of our own that simulates their caches.

The plugin's source is beside this file; the machine's C compiler compiles it when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sensor_bnn.emulation.counting import Symbols, lost
from sensor_bnn.emulation.instruction_plugin import compile_plugin
from sensor_bnn.hardware.boards import Access, Region

_SOURCE = Path(__file__).with_name("memory_plugin.c")


@dataclass(frozen=True)
class Waits:
    """Cycles that a core waited for code and for data, and the reads of the flash for each."""

    code: int
    data: int
    code_reads: int
    data_reads: int

    @property
    def cycles(self) -> int:
        """All cycles that the core waited."""
        return self.code + self.data


@dataclass(frozen=True)
class FlashMemory:
    """A flash, and the addresses (first, end) of data that are in a memory without waits instead."""

    access: Access
    without_waits: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        """The form that ``memory_new`` in ``memory_model.h`` reads."""
        access = self.access
        caches = (access.shared or access.code, access.shared or access.data)
        numbers = [access.wait, access.read_bytes, int(access.prefetch), *self.without_waits]
        for cache in caches:
            numbers += (0, 1, 1) if cache is None else (cache.bytes, cache.line_bytes, cache.ways)
        return ":".join(map(str, [*numbers, int(access.shared is not None)]))


@dataclass(frozen=True)
class MemoryPlugin:
    """The plugin that QEMU loads; ``waits`` reads its output after QEMU has ended."""

    library: Path
    output: Path
    mark: int
    flash: Region
    memories: tuple[FlashMemory, ...]

    @classmethod
    def build(
        cls, symbols: Symbols, mark: str, flash: Region, memories: Sequence[FlashMemory], folder: Path
    ) -> Self:
        """Compile the plugin.

        Args:
            symbols: symbols of the program that will run.
            mark: name of a function; the plugin writes the waits each time that it is entered.
            flash: the emulated board's; what is read from it goes through every memory.
            memories: what to simulate, at most 64.
            folder: folder for the compiled plugin and its output.

        Raises:
            BundleError: the program has no such function.
            ToolError: the C compiler is missing or fails.
        """
        library = compile_plugin(_SOURCE, folder)
        return cls(library, folder / "waits.txt", symbols.address(mark), flash, tuple(memories))

    @property
    def argument(self) -> str:
        """The value of QEMU's ``-plugin``."""
        parts = [f"{self.library}", f"out={self.output}", f"mark={self.mark:x}"]
        parts.append(f"flash={self.flash.origin:x}:{self.flash.end:x}")
        return ",".join([*parts, *(f"memory={memory}" for memory in self.memories)])

    def waits(self) -> list[tuple[Waits, ...]]:
        """Return the waits in each memory before the first mark, between each two marks, and after the last.

        Raises:
            ToolError: the output of QEMU is incomplete.
        """
        try:
            text = self.output.read_text(encoding="ascii")
        except OSError as error:
            raise lost(error.strerror or "") from None
        spans: list[tuple[Waits, ...]] = []
        span: list[Waits] = []
        try:
            for line in text.splitlines():
                if line.startswith("="):
                    spans.append(tuple(span))
                    span = []
                else:
                    code, data, code_reads, data_reads = map(int, line.split())
                    span.append(Waits(code, data, code_reads, data_reads))
        except ValueError:
            raise lost("a line of them is cut off") from None
        if span or not spans or any(len(one) != len(self.memories) for one in spans):
            raise lost("they end too early")
        return spans
