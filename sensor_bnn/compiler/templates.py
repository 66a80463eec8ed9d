"""Fill the templates of a bundle's files, ``export/templates``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("export") / "templates"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )

    def render(template: str, **more: object) -> str:
        return environment.get_template(template).render(facts, **more)

    return render
