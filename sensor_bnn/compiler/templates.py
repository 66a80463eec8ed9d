"""Fill the templates of a bundle's files, ``export/templates``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from sensor_bnn.resources import resource

Render = Callable[..., str]
"""``render(template, **more)`` returns a template that is filled with the bundle's facts."""

C_TYPES = {
    "float32": "float",
    "float16": "uint16_t",
    "bool": "uint8_t",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32)},
}
"""The type in C of each element type."""


def renderer(facts: Mapping[str, Any]) -> Render:
    """Return the function that fills templates with these facts; one that is missing is an error."""
    environment = _environment(resource("export") / "templates")

    def render(template: str, **more: object) -> str:
        return environment.get_template(template).render(facts, **more)

    return render


@cache
def _environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder. They are compiled once, not once per bundle, and again if a file changes."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
