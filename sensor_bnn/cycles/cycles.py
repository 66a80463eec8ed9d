"""Estimate the cycles of a run: exact execution counts times a model of the core's pipeline.

Instructions are grouped in blocks, which end where the count changes and after branches. A block's cycles
come from llvm-mca's scheduling model of the core, which runs the block a hundred times; for Cortex-M0+, M3,
M4 and M33 they come from the table of ``core_cycles``. The sum is an **estimate** and names its model. The
model ignores caches, wait states (unless stated), interrupts and branch mispredictions. It also assumes that
consecutive runs of a block overlap, even if the block runs only once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from sensor_bnn import programs
from sensor_bnn.compiler.targets import Target
from sensor_bnn.cycles.core_cycles import CORES, cost, is_branch
from sensor_bnn.cycles.model_text import model_text
from sensor_bnn.emulation.counting import Counts, Symbols
from sensor_bnn.errors import ToolError

PACKAGE = "llvm-19"
"""The Debian package of the two programs."""

DISASSEMBLER, MODEL = "llvm-mc-19", "llvm-mca-19"
UNKNOWN = ("generic-rv32",)
"""Cores without a model: many different ones have this instruction set, and none's cycles were compared."""

_ITERATIONS = 100
_INSTALL = f"Install LLVM 19: apt-get install --no-install-recommends {PACKAGE}"
_FAILURE = "Cycles cannot be estimated"
_ARM_BRANCH = re.compile(r"(b|bl|br|blr|ret|cbn?z|tbn?z|b\.\w+|bn?e|le|wls|dls\w*|letp)$")
_REGIONS = 400


@dataclass(frozen=True)
class Memory:
    """A bound of the cost of fetching instructions from flash; data are assumed to be in RAM without waits.

    Attributes:
        wait_states: extra cycles per read of flash.
        line_bytes: bytes per read.
        cached: whether each line is fetched only once (a cache that holds all code); else it is fetched each
            time that execution enters it.
    """

    wait_states: int = 0
    line_bytes: int = 16
    cached: bool = True

    def __str__(self) -> str:
        if not self.wait_states:
            return "no wait states, no cache misses"
        kind = "a cache that holds all code" if self.cached else "no cache"
        return f"{self.wait_states} wait states per fetch of {self.line_bytes} bytes of code, {kind}"


@dataclass(frozen=True)
class Block:
    """Consecutive instructions that ran equally often.

    Attributes:
        function: name of the function that contains them; empty if there is none.
        addresses: address of each instruction.
        size: their bytes in total.
        text: text of each, as LLVM's disassembler prints it.
        count: how often they ran.
        cycles: estimated cycles of one run, without wait states.
        waits: cycles that all runs together wait for the flash.
    """

    function: str
    addresses: tuple[int, ...]
    size: int
    text: tuple[str, ...]
    count: int
    cycles: float
    waits: float

    @property
    def instructions(self) -> int:
        """Number of instructions in all runs."""
        return len(self.addresses) * self.count

    @property
    def total(self) -> float:
        """Estimated cycles of all runs, waits included."""
        return self.cycles * self.count + self.waits


@dataclass(frozen=True)
class Estimate:
    """The blocks that ran, in the order of addresses, and the model that estimated their cycles."""

    model: str
    memory: Memory
    blocks: tuple[Block, ...]

    @property
    def instructions(self) -> int:
        """The exact number of instructions."""
        return sum(block.instructions for block in self.blocks)

    @property
    def cycles(self) -> int:
        """The estimated cycles."""
        return round(sum(block.total for block in self.blocks))

    @property
    def cycles_without_waits(self) -> int:
        """The estimated cycles without those that the core waits for the flash."""
        return round(sum(block.cycles * block.count for block in self.blocks))

    def functions(self) -> list[tuple[str, int, int]]:
        """Name, instructions and estimated cycles of each function that ran, most cycles first."""
        names = sorted({block.function for block in self.blocks})
        parts = [(name, [block for block in self.blocks if block.function == name]) for name in names]
        rows = [
            (name, sum(b.instructions for b in blocks), round(sum(b.total for b in blocks)))
            for name, blocks in parts
        ]
        return sorted(rows, key=lambda row: -row[2])


def model_name(target: Target) -> str:
    """Return the name of the model of a target's estimates.

    Raises:
        ToolError: llvm-mca is missing, or there is no model of the core.
    """
    _check_known(target)
    if target.cpu in CORES:
        return f"cycle table, {target.cpu}"
    return f"llvm-mca {_version()}, {target.cpu}"


def check_programs(target: Target) -> None:
    """Check that there is a model of the target, and LLVM's programs, if its estimates need them.

    Raises:
        ToolError: a program is missing; the message says how to install it. Or there is no model.
    """
    _check_known(target)
    for program in (DISASSEMBLER,) if target.cpu in CORES else (DISASSEMBLER, MODEL):
        programs.find(program, install=_INSTALL, failure=_FAILURE)


def estimate_cycles(
    spans: Sequence[Counts], symbols: Symbols, target: Target, memory: Memory | None = None
) -> list[Estimate]:
    """Estimate the cycles of each span.

    Args:
        spans: the counts of each span, for example a layer of a model.
        symbols: symbols of the program that ran.
        target: the core.
        memory: the cost of reading the flash; None for no wait states.

    Raises:
        ToolError: LLVM's programs are missing or fail, or there is no model of the core.
    """
    _check_known(target)
    memory = memory or Memory()
    places = sorted({place for span in spans for place in span})
    texts = dict(zip(places, _disassemble([data for _, data in places], target), strict=True))
    drafts = [_cut(span, texts, symbols) for span in spans]
    cycles = _by_table(target.cpu, drafts) if target.cpu in CORES else _by_model(target, drafts)
    model = model_name(target)
    return [
        Estimate(
            model,
            memory,
            tuple(
                Block(
                    draft.function,
                    tuple(address for address, _ in draft.places),
                    sum(len(data) for _, data in draft.places),
                    draft.text,
                    draft.count,
                    one,
                    wait,
                )
                for draft, one, wait in zip(span, each, _waits(span, memory), strict=True)
            ),
        )
        for span, each in zip(drafts, cycles, strict=True)
    ]


def _check_known(target: Target) -> None:
    if target.cpu in UNKNOWN:
        raise ToolError(
            f"There is no model of the cycles of {target.name}.", "Compare instructions, which are counted."
        )


@dataclass(frozen=True)
class _Draft:
    function: str
    places: tuple[tuple[int, bytes], ...]
    text: tuple[str, ...]
    count: int


def _cut(span: Counts, texts: dict[tuple[int, bytes], str], symbols: Symbols) -> list[_Draft]:
    blocks: list[_Draft] = []
    block: list[tuple[int, bytes]] = []
    name = ""

    def close() -> None:
        if block:
            words = tuple(texts[place] for place in block)
            blocks.append(_Draft(name, tuple(block), words, span[block[0]]))
            block.clear()

    for place in sorted(span):
        function = symbols.at(place[0])
        own = function.name if function is not None else ""
        if block:
            address, data = block[-1]
            follows = address + len(data) == place[0]
            if not follows or span[place] != span[block[0]] or own != name or _leaves(texts[block[-1]]):
                close()
        name = own
        block.append(place)
    close()
    return blocks


def _leaves(text: str) -> bool:
    return is_branch(text) or _ARM_BRANCH.match(text.partition("\t")[0]) is not None


def _by_table(core: str, spans: list[list[_Draft]]) -> list[list[float]]:
    results = []
    for span in spans:
        counts = {block.places[0][0]: block.count for block in span}
        cycles = []
        for block in span:
            total = 0.0
            for before, text in pairwise(("", *block.text)):
                one = cost(core, text, before)
                total += one.cycles
            # A run of the last instruction that did not continue at the next one was a taken branch.
            address, data = block.places[-1]
            straight = min(counts.get(address + len(data), 0), block.count)
            total += one.taken * (block.count - straight) / block.count
            cycles.append(total)
        results.append(cycles)
    return results


def _by_model(target: Target, spans: list[list[_Draft]]) -> list[list[float]]:
    distinct = sorted({block.text for span in spans for block in span})
    known: dict[tuple[str, ...], float] = {}
    for first in range(0, len(distinct), _REGIONS):
        part = distinct[first : first + _REGIONS]
        known.update(zip(part, _run_model(target, part), strict=True))
    return [[known[block.text] for block in span] for span in spans]


def _run_model(target: Target, blocks: list[tuple[str, ...]]) -> list[float]:
    lines = []
    for number, block in enumerate(blocks):
        texts = model_text(target.cpu, block)
        lines += [f"# LLVM-MCA-BEGIN {number}", *texts, f"# LLVM-MCA-END {number}"]
    said = _run(
        MODEL,
        [
            f"-mtriple={target.triple}",
            f"-mcpu={target.cpu}",
            f"-iterations={_ITERATIONS}",
            # The default charges 100 cycles for a call; what the called function takes is counted in its own
            # blocks.
            "-call-latency=1",
            "-skip-unsupported-instructions=lack-sched",
            "-resource-pressure=0",
            "-instruction-info=0",
            "-json",
            # The assembler must accept conditional instructions without the `it` that model_text leaves out.
            *(("-arm-implicit-it=always",) if target.triple.startswith("thumb") else ()),
        ],
        "\n".join(lines) + "\n",
    )
    regions = {region["Name"]: region["SummaryView"] for region in json.loads(said)["CodeRegions"]}
    # A block of only instructions that the model leaves out takes one cycle.
    return [
        regions[str(n)]["TotalCycles"] / regions[str(n)]["Iterations"] if str(n) in regions else 1.0
        for n in range(len(blocks))
    ]


def _waits(blocks: list[_Draft], memory: Memory) -> list[float]:
    """Return the cycles that all runs of each block wait for the flash."""
    fetched: set[int] = set()
    waits = []
    for block in blocks:
        (start, _), (last, data) = block.places[0], block.places[-1]
        lines = range(start // memory.line_bytes, (last + len(data) - 1) // memory.line_bytes + 1)
        if memory.cached:
            new = [line for line in lines if line not in fetched]
            fetched.update(new)
            waits.append(float(memory.wait_states * len(new)))
        else:
            waits.append(float(memory.wait_states * len(lines) * block.count))
    return waits


def _disassemble(instructions: list[bytes], target: Target) -> list[str]:
    """Return the text of each instruction."""
    if not instructions:
        return []
    given = "\n".join(" ".join(f"0x{byte:02x}" for byte in data) for data in instructions)
    said = _run(
        DISASSEMBLER, ["--disassemble", f"-triple={target.triple}", f"-mcpu={target.cpu}"], given + "\n"
    )
    lines = [line.strip() for line in said.splitlines()]
    texts = [line for line in lines if line and not line.startswith((".", "@", "//"))]
    if len(texts) != len(instructions):
        raise ToolError(
            f"{DISASSEMBLER} decodes {len(texts)} of {len(instructions)} instructions of {target.cpu}.",
            _INSTALL,
        )
    return texts


def _run(program: str, arguments: list[str], text: str) -> str:
    done = programs.run(
        [program, *arguments],
        stdin=text,
        install=_INSTALL,
        failure=_FAILURE,
        remedy="Its version may be another than 19: reinstall it.",
    )
    return done.text


@cache
def _version() -> str:
    said = _run(MODEL, ["--version"], "")
    found = re.search(r"\d+(?:\.\d+)+", said)
    return found[0] if found else "19"
