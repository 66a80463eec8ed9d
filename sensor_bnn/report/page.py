"""A result as one page: HTML that needs nothing else, or Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from sensor_bnn.report.charts import accuracy_chart, layer_chart, memory_chart, stack_chart
from sensor_bnn.report.view import GROUPS, view_of

FORMATS = {"html": "page.html.j2", "markdown": "page.md.j2"}
SUFFIXES = {"html": ".html", "markdown": ".md"}


def render(result: dict[str, Any], form: str = "html") -> str:
    """Return the page of a result.

    Args:
        result: what ``read_result`` returned.
        form: one of ``FORMATS``.
    """
    view = view_of(result)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=form == "html",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = lambda value: "" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value, digits=1: f"{value:.{digits}%}"
    environment.filters["ratio"] = lambda value: "" if value is None else f"{value:.3f}"
    environment.filters["cell"] = cell
    facts: dict[str, Any] = {"view": view, "result": result, "groups": GROUPS}
    if form == "html":
        facts |= {
            "layer_chart": layer_chart(view),
            "memory_chart": memory_chart(view) if view.arena else None,
            "accuracy_chart": accuracy_chart(view),
            "flash_chart": stack_chart(view.flash, "Flash"),
            "ram_chart": stack_chart(view.ram, "RAM"),
        }
    return environment.get_template(FORMATS[form]).render(facts)


def cell(value: object) -> str:
    """Return text for a cell of a Markdown table: nothing in it ends the cell or begins markup."""
    text = " ".join(str(value).split())
    for sign in "\\|`*_<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text
