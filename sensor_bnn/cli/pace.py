"""The options by which every command that trains chooses how its steps are computed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

compile_option = click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="Use torch.compile. It starts in about a minute, so it pays off for training of several minutes.",
)
"""For a command whose ``--steps`` is a number of steps."""


def pace_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--steps`` and ``--compile``, and its function the argument ``pace`` in their place.

    ``pace`` is one of those of ``sensor_bnn.train.loop.Pace``.
    """

    @click.option(
        "--steps",
        "kind_of_steps",
        type=click.Choice(["auto", "fast", "plain"]),
        default="auto",
        show_default=True,
        help="Steps of the hybrid family. fast: integer products and bfloat16 gradients, as far as this CPU"
        " has them; auto: fast in runs of minutes.",
    )
    @compile_option
    @wraps(command)
    def with_pace(*, kind_of_steps: str, compiled: bool, **options: Any) -> None:
        command(pace="compiled" if compiled else kind_of_steps, **options)

    return with_pace
