"""Cycles an instruction takes on Cortex-M0+, M3 and M4, as Arm's manuals tabulate them.

llvm-mca has no model of the M0+, and its model of M3 and M4 knows no cost of branches, of loads of many
registers, or of division. These cores issue one instruction at a time and in order, so a table is a model.

Sources: Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1, with the multiplier of one cycle;
Cortex-M3 TRM (DDI 0337), table 3-1 and "Load/store timings"; Cortex-M4 TRM (100166), tables 3-1 and 7-1 and
"Load/store timings". All for memories without wait states.

Where the manuals give a range: a pipeline refill (1 to 3) is 2; a division (2 to 12) is 7; a long product of
the M3 is 4, with a sum 5 or 6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4")
"""The cores of the table."""

_CONDITIONS = "eq|ne|hs|cs|lo|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_BRANCH = re.compile(rf"(b|bx|bl|blx|cbz|cbnz|tbb|tbh|b({_CONDITIONS}))(\.[nw])?")
_LOAD = re.compile(r"v?ldr|ldrexb?|ldrexh")
_MULTIPLE = re.compile(r"(ldm|stm|vldm|vstm|push|pop|vpush|vpop)")
_DIVISION = 7
_FLOAT_DIVISION = 14


@dataclass(frozen=True)
class Cost:
    """Cycles of one instruction, and what is added where it leaves the straight line."""

    cycles: int
    taken: int = 0


def is_branch(text: str) -> bool:
    """Whether an instruction of Thumb may go elsewhere than to the next one."""
    mnemonic, _, operands = text.partition("\t")
    if _BRANCH.fullmatch(mnemonic):
        return True
    # Not vldm or vpop; and a base register is no destination.
    if re.match(r"pop|ldm", mnemonic):
        return "pc}" in operands
    first = operands.partition(",")[0].strip()
    return first == "pc" and not mnemonic.startswith(("cmp", "tst", "str", "msr"))


def cost(core: str, text: str, after_load: bool) -> Cost:
    """Return what an instruction costs.

    Args:
        core: one of ``CORES``.
        text: mnemonic, a tab, operands: as LLVM's disassembler prints them.
        after_load: whether the instruction before it is a load or store of one register, whose data phase an
            M3 or M4 overlaps with the address phase of the next one.
    """
    mnemonic, _, operands = text.partition("\t")
    return (
        _m0plus(mnemonic, operands) if core == "cortex-m0plus" else _m3(core, mnemonic, operands, after_load)
    )


def is_single_access(text: str) -> bool:
    """Whether an instruction loads or stores one register, so that M3 and M4 can overlap it with the next."""
    mnemonic, _, operands = text.partition("\t")
    return (
        re.match(r"v?(ldr|str)", mnemonic) is not None
        and not re.match(r"(ldrd|strd)", mnemonic)
        and not operands.startswith("pc,")
    )


def _registers(operands: str) -> int:
    """How many registers, or words of them, a list in braces names."""
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


_REFILL = 2

# By the first of these that starts the mnemonic: M3, M4.
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


def _m3(core: str, mnemonic: str, operands: str, after_load: bool) -> Cost:
    if mnemonic.startswith(("tbb", "tbh")):
        return Cost(2 + _REFILL)
    if re.match(r"it[te]*$", mnemonic):
        return Cost(0)  # folded into the instruction before it
    if _BRANCH.fullmatch(mnemonic):
        always = mnemonic.removesuffix(".w") in ("b", "bl", "bx", "blx")
        return Cost(1 + _REFILL) if always else Cost(1, taken=_REFILL)
    refill = _REFILL if is_branch(f"{mnemonic}\t{operands}") else 0
    if _MULTIPLE.match(mnemonic):
        return Cost(1 + _registers(operands) + refill)
    if mnemonic.startswith(("ldrd", "strd")):
        return Cost(3)
    if re.match(r"v(ldr|str)", mnemonic):
        words = 2 if operands.startswith("d") else 1
        return Cost(words if after_load else 1 + words)
    if mnemonic.startswith("ldr"):
        return Cost((1 if after_load else 2) + refill)
    if mnemonic.startswith("str"):
        # An address from a register and a constant takes one cycle; the write buffer does the rest.
        return Cost(1 if after_load or operands.count(",") < 2 or "#" in operands else 2)
    if mnemonic.startswith("vmov") and operands.count(",") >= 2:
        return Cost(2)
    for start, m3, m4 in _M3_M4:
        if mnemonic.startswith(start):
            return Cost(m3 if core == "cortex-m3" else m4)
    return Cost(1 + refill)
