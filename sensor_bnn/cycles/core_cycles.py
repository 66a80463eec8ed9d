"""Cycles per instruction on Cortex-M0+, M3, M4 and M33, from manuals and measurements.

llvm-mca has no model of the M0+. Its one model for M3, M4 and M33 lacks the costs of branches, of loads of
several registers, and of division. These cores issue in order and, except for pairs of short instructions on
the M33, one instruction at a time, so a table is a sufficient model.

Sources: Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1, with the multiplier of one cycle;
Cortex-M3 TRM (DDI 0337), table 3-1 and "Load/store timings"; Cortex-M4 TRM (100166), tables 3-1 and 7-1 and
"Load/store timings". Arm publishes no table for the M33: its figures, and the values chosen within the
manuals' ranges for M3 and M4, were measured by J. Oleksiewicz on an STM32F103, an STM32F407 and an RP2350
(github.com/jnk0le/random, "pipeline cycle test"). All values are for memories without wait states.
``docs/estimates.md`` compares the tables with published cycles of whole functions.

Where the manuals give a range: a pipeline refill (1 to 3) takes 1 if the instruction contains its
destination, else 2; a division (2 to 12) takes 7; a long product on the M3 takes 4, with a sum 5 or 6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33")
"""The cores that have a table."""

_CONDITIONS = "eq|ne|hs|cs|lo|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_BRANCH = re.compile(rf"(b|bx|bl|blx|cbz|cbnz|tbb|tbh|b({_CONDITIONS}))(\.[nw])?")
_LOAD = re.compile(r"v?ldr|ldrexb?|ldrexh")
_MULTIPLE = re.compile(r"(ldm|stm|vldm|vstm|push|pop|vpush|vpop)")
_DIVISION = 7
_FLOAT_DIVISION = 14


@dataclass(frozen=True)
class Cost:
    """The cycles of one instruction, and the cycles added if it branches."""

    cycles: int
    taken: int = 0


def is_branch(text: str) -> bool:
    """Whether a Thumb instruction may continue elsewhere than at the next one."""
    mnemonic, _, operands = text.partition("\t")
    if _BRANCH.fullmatch(mnemonic):
        return True
    # vldm and vpop do not count, and a base register is not a destination.
    if re.match(r"pop|ldm", mnemonic):
        return "pc}" in operands
    first = operands.partition(",")[0].strip()
    return first == "pc" and not mnemonic.startswith(("cmp", "tst", "str", "msr"))


def cost(core: str, text: str, before: str = "") -> Cost:
    """Return the cost of an instruction.

    Args:
        core: one of ``CORES``.
        text: mnemonic, a tab, operands, as LLVM's disassembler prints them.
        before: the instruction that always runs directly before it; empty if there is none.
    """
    mnemonic, _, operands = text.partition("\t")
    if core == "cortex-m0plus":
        return _m0plus(mnemonic, operands)
    if core == "cortex-m33":
        return _m33(mnemonic, operands, before)
    return _m3(core, mnemonic, operands, before)


def _is_single_load(text: str) -> bool:
    """Whether an instruction loads one register; M3 and M4 overlap its data with the next address."""
    mnemonic, _, operands = text.partition("\t")
    return (
        re.match(r"v?ldr", mnemonic) is not None
        and not mnemonic.startswith("ldrd")
        and not operands.startswith("pc,")
    )


def _makes_address(before: str, operands: str) -> bool:
    """Whether an instruction writes a register that the next one, a memory access, uses in its address."""
    mnemonic, _, written = before.partition("\t")
    if not before or re.match(r"(str|cmp|cmn|tst|teq|push|stm|v|it)", mnemonic) or is_branch(before):
        return False
    return re.search(rf"\[.*\b{re.escape(written.partition(',')[0])}\b.*\]", operands) is not None


def _registers(operands: str) -> int:
    """Return the number of registers, in words, in a list in braces."""
    _, _, inside = operands.partition("{")
    count = 0
    for part in inside.rstrip("}").split(","):
        first, _, last = part.strip().partition("-")
        names = [first, last or first]
        numbers = [{"sp": 13, "lr": 14, "pc": 15}.get(name, -1) for name in names]
        numbers = [int(re.sub(r"\D", "", n)) if k < 0 else k for n, k in zip(names, numbers, strict=True)]
        count += (numbers[1] - numbers[0] + 1) * (2 if first.startswith("d") else 1)
    return count


def _m0plus(mnemonic: str, operands: str) -> Cost:
    if mnemonic == "bl":
        return Cost(3)
    if mnemonic in ("bx", "blx", "b"):
        return Cost(2)
    if _BRANCH.fullmatch(mnemonic):
        return Cost(1, taken=1)
    if _MULTIPLE.match(mnemonic):
        back = 2 if is_branch(f"{mnemonic}\t{operands}") else 0
        return Cost(1 + _registers(operands) + back)
    if re.match(r"ldr|str", mnemonic):
        return Cost(2)
    if mnemonic in ("mrs", "msr", "dmb", "dsb", "isb"):
        return Cost(3)
    return Cost(2 if is_branch(f"{mnemonic}\t{operands}") else 1)


# Cycles of a pipeline refill with the destination in a register or on the stack, and in the instruction.
_REFILL = 2
_DIRECT_REFILL = 1

# Cycles by the first entry that begins the mnemonic: for M3, and for M4 or M33.
_M3_M4 = (
    ("sdiv", _DIVISION, _DIVISION),
    ("udiv", _DIVISION, _DIVISION),
    ("smlal", 6, 1),
    ("umlal", 6, 1),
    ("umaal", 6, 1),
    ("smull", 4, 1),
    ("umull", 4, 1),
    ("mla", 2, 1),
    ("mls", 2, 1),
    ("mrs", 2, 2),
    ("msr", 2, 2),
    ("isb", 1 + _REFILL, 1 + _REFILL),
    ("vdiv", 1, _FLOAT_DIVISION),
    ("vsqrt", 1, _FLOAT_DIVISION),
    ("vmla", 1, 3),
    ("vmls", 1, 3),
    ("vfma", 1, 3),
    ("vfms", 1, 3),
    ("vnml", 1, 3),
)


def _m3(core: str, mnemonic: str, operands: str, before: str) -> Cost:
    # An access overlaps with a load before it, unless it needs the loaded value. The registers of an address
    # must be ready one cycle before the access.
    late = _makes_address(before, operands)
    after_load = _is_single_load(before) and not late
    stall = 1 if late and not _is_single_load(before) else 0
    if mnemonic.startswith(("tbb", "tbh")):
        return Cost(2 + _REFILL)
    if re.match(r"it[te]*$", mnemonic):
        return Cost(0)  # folded into the instruction before it
    if _BRANCH.fullmatch(mnemonic):
        plain = mnemonic.removesuffix(".w")
        if plain in ("b", "bl"):
            return Cost(1 + _DIRECT_REFILL)
        return Cost(1 + _REFILL) if plain in ("bx", "blx") else Cost(1, taken=_DIRECT_REFILL)
    refill = _REFILL if is_branch(f"{mnemonic}\t{operands}") else 0
    if _MULTIPLE.match(mnemonic):
        return Cost(1 + _registers(operands) + refill)
    if mnemonic.startswith(("ldrd", "strd")):
        return Cost(3)
    if re.match(r"v(ldr|str)", mnemonic):
        words = 2 if operands.startswith("d") else 1
        return Cost((words if after_load else 1 + words) + stall)
    if mnemonic.startswith("ldr"):
        return Cost((1 if after_load else 2) + stall + refill)
    if mnemonic.startswith("str"):
        # An address from a register and a constant takes one cycle; the write buffer completes the store.
        return Cost((1 if after_load or operands.count(",") < 2 or "#" in operands else 2) + stall)
    if mnemonic.startswith("vmov") and operands.count(",") >= 2:
        return Cost(2)
    return Cost(_arithmetic(core, mnemonic) + refill)


def _arithmetic(core: str, mnemonic: str) -> int:
    for start, m3, m4 in _M3_M4:
        if mnemonic.startswith(start):
            return m3 if core == "cortex-m3" else m4
    return 1


def _m33(mnemonic: str, operands: str, before: str) -> Cost:
    narrow = not mnemonic.endswith(".w")
    if re.match(r"it[te]*$", mnemonic):
        return Cost(0)  # issues beside the instruction before it
    if _BRANCH.fullmatch(mnemonic):
        plain = mnemonic.removesuffix(".w")
        if plain in ("b", "bl", "bx", "blx"):
            return Cost(1 + _DIRECT_REFILL)
        # A short branch that is not taken issues together with the instruction before it.
        return Cost(0, taken=2) if narrow and plain not in ("cbz", "cbnz") else Cost(1, taken=1)
    refill = _REFILL if is_branch(f"{mnemonic}\t{operands}") else 0
    if _MULTIPLE.match(mnemonic):
        return Cost(_registers(operands) + refill)
    if re.match(r"(ldrd|strd)", mnemonic):
        return Cost(2)
    # A loaded value can be used in the second cycle after the load, and stored in the first.
    operand = operands if not mnemonic.startswith("str") else operands.partition(",")[2]
    loaded = before.partition("\t")[2].partition(",")[0]
    stall = 1 if _is_single_load(before) and re.search(rf"\b{loaded}\b", operand) else 0
    if mnemonic == "muls":
        return Cost(2 + stall)
    return Cost(_arithmetic("cortex-m33", mnemonic) + stall + refill)
