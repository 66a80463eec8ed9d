"""``sensor-bnn build``: a model bundle to firmware for a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
@click.option(
    "--weights",
    type=click.Choice(["flash", "ram"]),
    default="flash",
    show_default=True,
    help="Where the model reads them: flash, or a copy that start-up makes in the fastest RAM with room.",
)
@click.option(
    "--sign",
    "key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Private key (`sensor-bnn keygen`): the image is signed, and the bootloader starts no other.",
)
@click.option(
    "--counter",
    type=click.IntRange(0, (1 << 32) - 1),
    help="With --sign: a board that ran an image refuses a lower one.  [default: seconds since 1970]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the contents of build.json.")
def command(
    bundle: Path,
    board: str,
    output: Path | None,
    application: str,
    weights: str,
    key: Path | None,
    counter: int | None,
    as_json: bool,
) -> None:
    """Build bootloader and firmware for BUNDLE, a folder that `sensor-bnn compile` made.

    Writes firmware.elf, firmware.bin (what `sensor-bnn flash` writes to the board), bootloader.elf and
    build.json with all sizes; for a board with two slots also firmware-b.elf and firmware-b.bin, the same for
    the second. The same bundle and board give the same bytes.

    \b
    Example:
      sensor-bnn build build/watch-tiny/cortex-m7 --board qemu-mps2-an500
      sensor-bnn build build/watch-tiny/cortex-m7 --board qemu-mps2-an500 --sign release.pem
    """
    import json

    from sensor_bnn.firmware.build import build_firmware
    from sensor_bnn.hardware.boards import load_board

    if counter is not None and key is None:
        raise click.UsageError("--counter wants --sign.")
    signer = None
    if key is not None:
        from sensor_bnn.firmware.signing import read_key

        signer = read_key(key, counter)
    facts = load_board(board)
    click.echo(f"Building {bundle} for {facts.name} ...", err=True)
    result = build_firmware(
        bundle, facts, output or bundle.resolve().parent / facts.name, application, signer, weights
    )
    report = result.report
    if as_json:
        click.echo(json.dumps({"folder": str(result.folder), **report}))
        return
    ram = report["ram"]
    copied = f"weights {ram['weights']:,}, " if ram["weights"] else ""
    click.echo(
        f"flash {report['flash_bytes']:,} bytes of {facts.slot.size:,} at 0x{report['flash_address']:08x} "
        f"(weights {report['weights_bytes']:,}, code {report['code_bytes']:,})\n"
        f"RAM {ram['total']:,} bytes of {ram['available']:,} (arena {ram['arena']:,}, "
        f"{copied}stack {ram['stack']:,}, data {ram['data_bss']:,}), "
        f"model {report['model_hash'][:12]}\n{_about_slots(report)}{result.folder}"
    )


def _about_slots(report: dict[str, Any]) -> str:
    second, signature = report["second_slot"], report["signature"]
    lines = []
    if second is not None:
        lines.append(f"second slot {second['flash_bytes']:,} bytes at 0x{second['flash_address']:08x}")
    if signature is not None:
        lines.append(f"signed, counter {signature['counter']}, public key {signature['public_key'][:16]}")
        if not signature["refuses_older"]:
            lines.append("the board keeps no journal: it refuses unsigned images, and older signed ones not")
    return "".join(f"{line}\n" for line in lines)
