"""A result as one page: an HTML file that needs no other file, or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from sensor_bnn.report.baselines import compare_products
from sensor_bnn.report.charts import accuracy_chart, layer_chart, memory_chart, stack_chart
from sensor_bnn.report.compare import change_of, compare_results
from sensor_bnn.report.estimate import memory_lines
from sensor_bnn.report.view import GROUPS, view_of

FORMATS = {"html": "page.html.j2", "markdown": "page.md.j2"}
SUFFIXES = {"html": ".html", "markdown": ".md", "png": ".png"}


def render(
    result: dict[str, Any],
    form: str = "html",
    *,
    earlier: Sequence[tuple[str, float, int]] = (),
    kernels: Sequence[dict[str, Any]] = (),
    before: dict[str, Any] | None = None,
    energy: float | None = None,
) -> str:
    """Return the page of a result.

    Args:
        result: what ``read_result`` returned.
        form: one of ``FORMATS``.
        earlier: stages before the result's own accuracies, for example a teacher: name, share, samples.
        kernels: rows of ``sensor-bnn kernels --json`` to compare with.
        before: a result of the same board to show beside it.
        energy: microjoules per inference that were measured, if they were.

    Raises:
        DataError: ``before`` is of another board or counts in another unit.
    """
    view = view_of(result, earlier)
    found = None if before is None else compare_results(before, result, None)
    facts: dict[str, Any] = {"view": view, "result": result, "groups": GROUPS}
    facts |= {"estimate": result.get("cycles_estimate"), "baselines": compared(kernels)}
    facts["energy"] = energy
    facts["products"] = compare_products(result, kernels)
    facts |= {"then": before, "compared": found, "told": change_of}
    facts["sizes"] = {} if found is None else {one.name: one for one in found.sizes}
    if form == "html":
        facts |= {
            "layer_chart": layer_chart(view, () if found is None else found.layers),
            "memory_chart": memory_chart(view) if view.arena else None,
            "accuracy_chart": accuracy_chart(view.accuracy),
            "flash_chart": stack_chart(view.flash, "Flash"),
            "ram_chart": stack_chart(view.ram, "RAM"),
        }
    return fill(FORMATS[form], facts, escaped=form == "html")


def fill(template: str, facts: dict[str, Any], *, escaped: bool) -> str:
    """Return a template of this package with facts filled in; a fact that is missing is an error.

    Args:
        template: the file's name.
        facts: what the template shows, by name.
        escaped: whether what is filled in is text that must not become HTML.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = lambda value: "" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value, digits=1: f"{value:.{digits}%}"
    environment.filters["ratio"] = lambda value: "" if value is None else f"{value:.3f}"
    environment.filters["cell"] = cell
    environment.filters["memory_lines"] = memory_lines
    return environment.get_template(template).render(facts)


def compared(kernels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the kernels' rows by shape, the cheapest first, each with its multiple of the cheapest.

    Rows with different kinds of output are compared: an int8 or float32 kernel has only one kind.
    """
    groups: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for row in kernels:
        groups.setdefault(tuple(row[key] for key in ("target", "m", "n", "k")), []).append(row)
    rows = []
    for group in groups.values():
        least = min(row["instructions"] for row in group)
        for row in sorted(group, key=lambda row: int(row["instructions"])):
            shape = f"{row['m']} × {row['n']} × {row['k']}"
            told = {key: row[key] for key in ("kernel", "output", "target", "instructions")}
            rows.append({**told, "shape": shape, "per_mac": row["instr_per_mac"]})
            rows[-1]["times"] = row["instructions"] / least
            rows[-1]["cycles"] = row["cycles_estimate"]
    return rows


def cell(value: object) -> str:
    """Return text for a cell of a Markdown table, escaped so that it cannot end the cell or start markup."""
    text = " ".join(str(value).split())
    for sign in "\\|`*_<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text
