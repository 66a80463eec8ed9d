"""``sensor-bnn report``: a result as one page."""

from __future__ import annotations

from pathlib import Path

import click

from sensor_bnn.cli.finite import FiniteRange


@click.command(name="report")
@click.argument("result", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("before", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the page.  [default: RESULT with the suffix .html, .md or .png]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "png"]),
    help="Format of the page.  [default: by the suffix of --output, else html]",
)
@click.option(
    "--kernels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the output of `sensor-bnn kernels --json`: adds a comparison with int8 and float32.",
)
@click.option(
    "--rung",
    "rungs",
    multiple=True,
    metavar="STAGE=FILE",
    help="Add an accuracy before those of RESULT, such as teacher=FILE; FILE: `evaluate --json`.",
)
@click.option(
    "--energy",
    type=FiniteRange(0, min_open=True),
    help="Microjoules per inference that you measured, such as between the edges of energy_pin.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout: page, format, bytes.")
def command(
    result: Path,
    before: Path | None,
    output: Path | None,
    form: str | None,
    kernels: Path | None,
    rungs: tuple[str, ...],
    energy: float | None,
    as_json: bool,
) -> None:
    """Write a page that shows RESULT, a file with the output of `profile`, `bench`, `demo` or `evaluate`.

    The HTML page is one file that needs no network. It shows pipeline, model, accuracy, layers, memory over
    time, flash and environment. A result of `profile` has all of these; `bench` and `demo` have those that
    they measured; an evaluation has accuracy, recall of each class and confusion matrix. A PNG shows the
    charts, or the matrix of an evaluation.

    BEFORE is another result of the same board: the page then shows both side by side, layer by layer.

    \b
    Example:
      sensor-bnn profile --board qemu-mps2-an500 --json > result.json
      sensor-bnn report result.json -o page.html --kernels kernels.json --rung teacher=teacher.json
      sensor-bnn report result.json -o page.png
      sensor-bnn report new.json base.json -o both.html
      sensor-bnn evaluate --json > evaluation.json && sensor-bnn report evaluation.json
    """
    import json

    from sensor_bnn.files import write_file
    from sensor_bnn.report.page import SUFFIXES, render
    from sensor_bnn.report.picture import picture
    from sensor_bnn.report.result import MEASUREMENTS, PAGES, read_kernels, read_result, read_rung
    from sensor_bnn.report.schema import schema_id

    if form is None:
        by_suffix = {".md": "markdown", ".markdown": "markdown", ".png": "png"}
        form = by_suffix.get(output.suffix if output is not None else "", "html")
    page = output or result.with_suffix(SUFFIXES[form])
    for name, other in (("RESULT", result), ("BEFORE", before)):
        if other is not None and page.resolve() == other.resolve():
            raise click.UsageError(f"The page would overwrite {name}: name another file with -o.")
    if energy is not None and form == "png":
        raise click.UsageError("--energy has no place in a PNG: write HTML or Markdown.")
    if before is not None and form == "png":
        raise click.UsageError("BEFORE has no place in a PNG: write HTML or Markdown.")
    earlier = []
    for rung in rungs:
        stage, given, file = rung.partition("=")
        if not stage or not given:
            raise click.UsageError("--rung must be STAGE=FILE, such as teacher=teacher.json.")
        earlier.append((stage, *read_rung(Path(file))))
    rows = read_kernels(kernels) if kernels is not None else []
    content = read_result(result, (*MEASUREMENTS, "evaluate"), PAGES)
    if content["schema"] == schema_id("evaluate"):
        from sensor_bnn.report.evaluation_page import (
            check_evaluation,
            evaluation_picture,
            render_evaluation,
        )

        check_evaluation(content, result)
        if before is not None:
            raise click.UsageError("BEFORE goes with a result that has layers; this is an evaluation.")
        if energy is not None:
            raise click.UsageError("--energy goes with a result that has layers; this is an evaluation.")
        if kernels is not None:
            raise click.UsageError("--kernels goes with a result that has layers; this is an evaluation.")
        if form == "png" and earlier:
            raise click.UsageError("--rung has no place in the PNG of an evaluation, which is its matrix.")
        data = (
            evaluation_picture(content)
            if form == "png"
            else render_evaluation(content, form, earlier=earlier).encode()
        )
    else:
        data = (
            picture(content, earlier)
            if form == "png"
            else render(
                content,
                form,
                earlier=earlier,
                kernels=rows,
                before=None if before is None else read_result(before),
                energy=energy,
            ).encode()
        )
    write_file(page, data)
    if as_json:
        click.echo(json.dumps({"page": str(page), "format": form, "bytes": len(data)}))
    else:
        click.echo(f"page {page}")
