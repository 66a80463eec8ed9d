"""``sensor-bnn compare``: what became dearer between two results."""

from __future__ import annotations

import math
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
REGRESSED = 3
"""The exit code for a regression, apart from 1 (an error) and 2 (wrong usage)."""


class Percent(click.ParamType[float]):
    """``2%`` or ``2``: a share of 0.02."""

    name = "percent"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share, or fail as wrong usage."""
        try:
            share = float(str(value).strip().removesuffix("%")) / 100
        except ValueError:
            self.fail(f"{value!r} is no percentage; give one such as 2%.", param, ctx)
        if not math.isfinite(share) or share < 0:
            self.fail(f"{value!r} must be 0% or more.", param, ctx)
        return share


@click.command(name="compare")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@click.option(
    "--fail-over",
    "limit",
    type=Percent(),
    metavar="PERCENT",
    help="Exit with 3 if the inference, a layer or a size grew by more, or outputs are no longer exact.",
)
@click.option("--all", "show_all", is_flag=True, help="Show layers that did not change, too.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a job's summary.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    before: Path, after: Path, limit: float | None, show_all: bool, as_markdown: bool, as_json: bool
) -> None:
    """Compare the results BEFORE and AFTER, of `profile`, `bench` or `demo` on the same board.

    A layer counts as regressed if it also grew by a thousandth of the whole inference: tiny layers move by
    an instruction from build to build.

    \b
    Example:
      sensor-bnn compare base.json new.json --fail-over 2%
    """
    import json
    import sys
    from dataclasses import asdict

    from sensor_bnn.report.compare import compare_results
    from sensor_bnn.report.difference import markdown, print_comparison
    from sensor_bnn.report.result import read_result
    from sensor_bnn.report.schema import schema_id

    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown exclude each other.")
    found = compare_results(read_result(before), read_result(after), limit)
    if as_json:
        facts = {"schema": schema_id("compare"), "failed": found.failed, **asdict(found)}
        click.echo(json.dumps(facts))
    elif as_markdown:
        click.echo(markdown(found, show_all), nl=False)
    else:
        print_comparison(found, show_all)
    if found.failed:
        names = [one.name for one in found.regressions]
        if found.became_inexact:
            names.append("outputs are no longer exact")
        click.echo(f"Regressed: {', '.join(names)}.", err=True)
        sys.exit(REGRESSED)
