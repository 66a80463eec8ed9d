"""``sensor-bnn compare``: what costs more in one result than in another."""

from __future__ import annotations

import math
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
REGRESSED = 3
"""The exit code for a regression; 1 is an error and 2 is wrong usage."""


class Percent(click.ParamType[float]):
    """A percentage: ``2%`` or ``2`` is the share 0.02."""

    name = "percent"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share, or fail as wrong usage."""
        try:
            share = float(str(value).strip().removesuffix("%")) / 100
        except ValueError:
            self.fail(f"{value!r} is not a percentage; give one such as 2%.", param, ctx)
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
    help="Exit with 3 if the inference, a layer or a size grew by more, or if outputs are no longer exact.",
)
@click.option("--all", "show_all", is_flag=True, help="Also show layers that did not change.")
@click.option(
    "--markdown", "as_markdown", is_flag=True, help="Print Markdown, for example for the summary of a CI job."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    before: Path, after: Path, limit: float | None, show_all: bool, as_markdown: bool, as_json: bool
) -> None:
    """Compare two result files, layer by layer.

    BEFORE and AFTER are files with the output of `profile --json`, `bench --json` or `demo --json`, from the
    same board.

    With --fail-over, a layer counts as regressed only if it also grew by more than a thousandth of the whole
    inference: the counts of tiny layers change by an instruction from build to build.

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
        raise click.UsageError("Give only one of --json and --markdown.")
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
