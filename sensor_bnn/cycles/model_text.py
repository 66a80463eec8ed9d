"""Rewrite instructions for llvm-mca so that its models match the cores.

Four properties of the models differ from the cores. Each was found by comparing estimates with published
cycles measured on chips (``docs/estimates.md``):

- An address register that a load or store advances (``[r0], #4``) can be used one cycle later, but the models
  give it the latency of the load or store: the instruction is written without advancing it.
- Flags that no instruction reads delay no core, but the models serialise the writes of flags: if flags are
  written again before they are read, the instruction is replaced by the one that does not set flags.
- A predicted branch does not wait for its condition: for cores with prediction it is written as an
  unconditional branch.
- Instructions that a model lacks (``it``, Helium's predicates and loops) are left out; they take no cycle of
  their own. A predicated instruction is written without its predicate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PREDICTING = ("cortex-m7", "cortex-m85", "cortex-a53", "cortex-a72", "generic")
_UNKNOWN = re.compile(r"(it[te]*|le|letp|dls\w*|wls\w*|vpst[te]*|vpt\w*)(\.\w+)?$")
_PREDICATE = re.compile(r"vps?(t[te]*)(\.\w+)?")
_MOVES_ON = re.compile(r"(\[[a-z][^\]]*\])(?:!|, .*)|(?<=\t)(\w+)!(?=, \{)")

_CONDITIONS = "eq|ne|hs|cs|lo|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_CONDITIONAL_BRANCH = re.compile(rf"(?:b\.?({_CONDITIONS})(\.[nw])?|[ct]bn?z)$")
_SETS_FLAGS = re.compile(
    r"(adc|add|and|asr|bic|eor|lsl|lsr|mov|mul|mvn|orn|orr|ror|rsb|sbc|sub)s(\.w)?$|(cmp|cmn|tst|teq|vmrs)"
)
_READS_FLAGS = re.compile(rf"(adc|sbc|rrx|it|mrs|cs|cinc|cneg|cset|fcsel|b\.?({_CONDITIONS})(\.[nw])?$)")


def model_text(cpu: str, block: Sequence[str]) -> list[str]:
    """Return the instructions of a block, rewritten for the model of a core.

    Args:
        cpu: LLVM's name of the core.
        block: each instruction as LLVM's disassembler prints it: mnemonic, a tab, operands.
    """
    block = _unpredicated(block)
    live = _flags_that_are_read(block)
    lines = []
    for text, read in zip(block, live, strict=True):
        mnemonic, _, operands = text.partition("\t")
        if _UNKNOWN.match(mnemonic):
            continue
        sets = _SETS_FLAGS.match(mnemonic)
        if sets is not None and sets[1] and not read:
            mnemonic = sets[1] + (sets[2] or "")
        if cpu in _PREDICTING and _CONDITIONAL_BRANCH.match(mnemonic):
            mnemonic, operands = "b", operands.rpartition(" ")[2] or operands
        lines.append(_MOVES_ON.sub(r"\1\2", f"{mnemonic}\t{operands}"))
    return lines


def _unpredicated(block: Sequence[str]) -> list[str]:
    """Return the block without predicates: ``vldrbt.u8`` in a VPT block becomes ``vldrb.u8``."""
    lines = []
    left = 0
    for text in block:
        mnemonic, _, operands = text.partition("\t")
        predicate = _PREDICATE.fullmatch(mnemonic)
        if predicate is not None:
            left = len(predicate[1])
        elif left:
            mnemonic = re.sub(r"[te](?=\.|$)", "", mnemonic, count=1)
            left -= 1
        lines.append(f"{mnemonic}\t{operands}")
    return lines


def _flags_that_are_read(block: Sequence[str]) -> list[bool]:
    """Return for each instruction whether the flags that it sets may be read, in the block or after it."""
    read = True
    found = []
    for text in reversed(block):
        mnemonic = text.partition("\t")[0]
        found.append(read)
        if _SETS_FLAGS.match(mnemonic):
            read = False
        if _READS_FLAGS.match(mnemonic):
            read = True
    return found[::-1]
