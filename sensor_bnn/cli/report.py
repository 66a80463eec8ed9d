"""``sensor-bnn report``: a result as a page that explains itself."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="report")
@click.argument("result", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: RESULT with .html or .md]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown"]),
    help="What to write.  [default: by the output's name, else html]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: page, format, bytes.")
def command(result: Path, output: Path | None, form: str | None, as_json: bool) -> None:
    """Write a page about RESULT, what `profile --json`, `bench --json` or `demo --json` printed.

    The HTML page is one file that needs no network: pipeline, model, accuracy, layers, memory over time,
    flash, environment; light and dark. A profile has all of it, a bench or demo what it measured.

    \b
    Example:
      sensor-bnn profile --board qemu-mps2-an500 --json > result.json
      sensor-bnn report result.json -o page.html
    """
    import json

    from sensor_bnn.report.page import SUFFIXES, render
    from sensor_bnn.report.result import read_result
    from sensor_bnn.report.whole_file import write_whole

    if form is None:
        form = "markdown" if output is not None and output.suffix in (".md", ".markdown") else "html"
    page = output or result.with_suffix(SUFFIXES[form])
    if page.resolve() == result.resolve():
        raise click.UsageError("The page would replace RESULT: name another file with -o.")
    text = render(read_result(result), form)
    write_whole(text, page)
    if as_json:
        click.echo(json.dumps({"page": str(page), "format": form, "bytes": len(text.encode())}))
    else:
        click.echo(page)
