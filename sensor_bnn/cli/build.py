"""``sensor-bnn build``: a model bundle to firmware for a board."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="build")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))
@click.option("--board", required=True, help="A name that `sensor-bnn boards` lists, or a board's folder.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the firmware.  [default: the board's name, beside BUNDLE]",
)
@click.option(
    "--application",
    type=click.Choice(["benchmark", "stream"]),
    default="benchmark",
    show_default=True,
    help="What the firmware does beside the agent's requests: nothing, or classify a live stream.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the contents of build.json.")
def command(bundle: Path, board: str, output: Path | None, application: str, as_json: bool) -> None:
    """Build bootloader and firmware for BUNDLE, a folder that `sensor-bnn compile` made.

    Writes firmware.elf, firmware.bin (what `sensor-bnn flash` writes to the board), bootloader.elf and
    build.json with all sizes. The same bundle and board give the same bytes.

    \b
    Example:
      sensor-bnn build build/watch-tiny/cortex-m7 --board qemu-mps2-an500
    """
    import json

    from sensor_bnn.boards import load_board
    from sensor_bnn.firmware.build import build_firmware

    facts = load_board(board)
    click.echo(f"Building {bundle} for {facts.name} ...", err=True)
    result = build_firmware(bundle, facts, output or bundle.resolve().parent / facts.name, application)
    report = result.report
    if as_json:
        click.echo(json.dumps({"folder": str(result.folder), **report}))
        return
    ram = report["ram"]
    click.echo(
        f"flash {report['flash_bytes']:,} bytes of {facts.slot.size:,} at 0x{report['flash_address']:08x} "
        f"(weights {report['weights_bytes']:,}, code {report['code_bytes']:,})\n"
        f"RAM {ram['total']:,} bytes of {ram['available']:,} (arena {ram['arena']:,}, "
        f"stack {ram['stack']:,}, data {ram['data_bss']:,}), "
        f"model {report['model_hash'][:12]}\n{result.folder}"
    )
