"""The counts of kernels as a table for people, and as Markdown with a column for each core."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from rich.table import Table

from sensor_bnn.measure.kernels import KernelRow

_NONE = ""


def kernel_table(rows: Sequence[KernelRow], target: str, model: str | None) -> Table:
    """Return the rows of one core.

    Args:
        rows: the rows.
        target: the name of the core's target.
        model: the name of the model that estimates cycles; None if there is none.
    """
    by = f"cycles: estimated with {model}" if model else "no cycles are estimated"
    table = Table(title=f"kernels on an emulated {target}", caption=f"{by}; packed: bits, or int8")
    compared = any(row.goal is not None or row.known for row in rows)
    headings = ("shape", "output", "kernel", "instructions", "instr./MAC", "cycles/MAC", "exact")
    for heading in (*headings, *(("goal", "others") if compared else ())):
        table.add_column(heading, justify="right" if "/" in heading or "ns" in heading else "left")
    for row in rows:
        more = (_NONE if row.goal is None else f"{row.goal:g}", _others(row)) if compared else ()
        table.add_row(
            _title(row),
            row.output,
            row.kernel,
            f"{row.instructions:,}",
            f"{row.instr_per_mac:.4f}",
            _NONE if row.cycles_estimate is None else f"{row.cycles_estimate / row.macs:.4f}",
            "yes" if row.exact else "NO",
            *more,
        )
    return table


def kernels_markdown(rows: Sequence[KernelRow]) -> str:
    """Return a Markdown table with a row for each kernel at a shape, and a column for each core.

    A cell has the instructions per multiply-add; then, where they are known, the goal, and the costs of
    others with a letter for each. Below it the letters are explained.
    """
    targets = list(dict.fromkeys(row.target for row in rows))
    others = dict.fromkeys((known.name, known.source) for row in rows for known in row.known)
    letters = dict(zip(others, ascii_uppercase, strict=False))
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows:
        key = (_title(row), row.output, row.kernel)
        cells.setdefault(key, {})[row.target] = _cell(row, letters)
    lines = [
        f"| layer | output | kernel | {' | '.join(targets)} |",
        f"|{'---|' * (3 + len(targets))}",
        *(
            f"| {' | '.join(key)} | {' | '.join(found.get(target, '–') for target in targets)} |"
            for key, found in cells.items()
        ),
    ]
    explained = [f"{letter}: {name}, {source}." for (name, source), letter in letters.items()]
    return "\n".join([*lines, *([""] if explained else []), *explained])


def _title(row: KernelRow) -> str:
    return row.layer or f"{row.m}x{row.n}x{row.k}"


def _others(row: KernelRow) -> str:
    return ", ".join(f"{known.name} {known.instr_per_mac:g}" for known in row.known)


def _cell(row: KernelRow, letters: dict[tuple[str, str], str]) -> str:
    goal = [] if row.goal is None else [f"goal {row.goal:g}"]
    others = [f"{letters[known.name, known.source]} {known.instr_per_mac:g}" for known in row.known]
    more = f" ({'; '.join([*goal, *others])})" if goal or others else _NONE
    return f"{row.instr_per_mac:.3f}{more}{_NONE if row.exact else ' WRONG'}"
