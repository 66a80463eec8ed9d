"""``sensor-bnn verify``: every layer of a model on every backend, compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from sensor_bnn.workflows.verify import BackendCheck


@click.command(name="verify")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", "board_name", help="Also run on this emulated board (see `sensor-bnn boards`).")
@click.option("--seed", default=0, show_default=True, help="Seed of the random input.")
@click.option(
    "--samples",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Real samples (npz) on which the reading of MODEL is compared with MODEL, beside random inputs.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    help="Compare on this sample of --samples, counted from 0, instead of a random input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    model: Path, board_name: str | None, seed: int, samples: Path | None, sample: int | None, as_json: bool
) -> None:
    """Compare every layer of MODEL on every backend.

    First ONNX Runtime runs MODEL as it is, on random inputs and those of --samples, and the file is refused
    if it was read wrongly. The backends are the numpy reference, onnx.reference, stock ONNX Runtime, and the
    kernels compiled for this machine. With --board, the kernels also run on an emulated board, whose results
    must equal this machine's to the last bit. Each layer is checked on the input that it got on that backend,
    so a difference is reported for the layer that causes it. Bits and integers must be equal; floats may
    differ by rounding.

    Exits with 1 if a layer differs.

    \b
    Example:
      sensor-bnn verify build/watch-small/model.onnx --board qemu-mps2-an500
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.onnx.path import check_model_path

    if sample is not None and samples is None:
        raise click.UsageError("--sample goes with --samples.")
    # Before the imports, which take seconds.
    board = load_board(board_name) if board_name else None
    check_model_path(model)
    from sensor_bnn.workflows.verify import verify_model

    def tell(backend: str) -> None:
        click.echo(f"running on {backend}", err=True)

    checks = verify_model(model, board, seed, tell, samples, sample)
    ok = all(check.first_difference is None for check in checks)
    if as_json:
        result = {
            "schema": "sensor-bnn/verify/1",
            "model": str(model),
            "seed": seed,
            "ok": ok,
            "backends": [asdict(check) for check in checks],
        }
        click.echo(json.dumps(result))
    else:
        from sensor_bnn.report.console import table_console

        table_console().print(_table(model, checks))
        for check in checks:
            place = check.first_difference
            said = f"differs first in {place}" if place else "agrees"
            click.echo(f"{check.backend}: {said}; largest difference {check.largest_difference:.3g}")
    if not ok:
        sys.exit(1)


def _table(model: Path, checks: list[BackendCheck]) -> Table:
    from rich.table import Table

    table = Table(title=f"{model}: each layer against the reference on the same input")
    for heading in ("layer", "operator", *(check.backend for check in checks)):
        table.add_column(heading, no_wrap=heading == "layer")
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for check in checks:
        for layer in check.layers:
            said = "equal"
            if layer.differing:
                said = f"{layer.differing} of {layer.elements}, {layer.largest_difference:.1e}"
            if layer.differs_from_host:
                said += f"; {layer.differs_from_host} not as host"
            if not layer.ok:
                said = f"[red]WRONG {said}[/red]"
            cells.setdefault((layer.layer, layer.operator), {})[check.backend] = said
    for (name, operator), row in cells.items():
        table.add_row(name, operator, *(row.get(check.backend, "") for check in checks))
    return table
