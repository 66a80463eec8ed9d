"""``sensor-bnn build``: firmware for a board from a model bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sensor_bnn.hardware.boards import Board


@click.command(name="build")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--board", required=True, help="A name that `sensor-bnn boards` lists, or the folder of a board."
)
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
    help="The application: answer measuring requests (benchmark), or also classify a live stream (stream).",
)
@click.option(
    "--weights",
    type=click.Choice(["flash", "ram"]),
    default="flash",
    show_default=True,
    help="Where the model reads its weights: flash, or a copy that start-up makes in the fastest free RAM.",
)
@click.option(
    "--sign",
    "key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Private key (`sensor-bnn keygen`): signs the image; the bootloader then starts only signed images.",
)
@click.option(
    "--counter",
    type=click.IntRange(0, (1 << 32) - 1),
    help="With --sign: version counter. A board refuses images with a lower counter than it has run.  "
    "[default: seconds since 1970]",
)
@click.option(
    "--no-read",
    is_flag=True,
    help="Build a bootloader that sends nothing of the flash: no Read Memory, checksums of whole pages only.",
)
@click.option("--force", is_flag=True, help="Replace files of these names that another program wrote.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the content of build.json as one JSON object on stdout."
)
def command(
    bundle: Path,
    board: str,
    output: Path | None,
    application: str,
    weights: str,
    key: Path | None,
    counter: int | None,
    no_read: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Build firmware and bootloader for BUNDLE and a board.

    BUNDLE is a folder that `sensor-bnn compile` or `sensor-bnn export` wrote. Writes firmware.elf,
    firmware.bin (the image that `sensor-bnn flash` writes to the board), bootloader.elf and build.json (all
    sizes). For a board with two slots it also writes firmware-b.elf and firmware-b.bin, the same firmware for
    the second slot. The same bundle and board give the same bytes.

    \b
    Example:
      sensor-bnn build build/watch-small/cortex-m7 --board qemu-mps2-an500
      sensor-bnn build build/watch-small/cortex-m7 --board qemu-mps2-an500 --sign release.pem
    """
    import json

    from sensor_bnn.claims import claimed_folder
    from sensor_bnn.firmware.build import build_firmware
    from sensor_bnn.hardware.boards import load_board

    if counter is not None and key is None:
        raise click.UsageError("--counter requires --sign.")
    signer = None
    if key is not None:
        from sensor_bnn.firmware.signing import read_key

        signer = read_key(key, counter)
    facts = load_board(board)
    click.echo(f"Building {bundle} for {facts.name} ...", err=True)
    folder = output or bundle.resolve().parent / facts.name
    with claimed_folder(folder, "-o/--output"):
        result = build_firmware(
            bundle, facts, folder, application, signer, weights, force=force, sends_flash=not no_read
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
        f"model {report['model_hash'][:12]}\n{_about_slots(report, facts)}{result.folder}"
    )


def _about_slots(report: dict[str, Any], board: Board) -> str:
    from sensor_bnn.hardware.boards import is_only_emulated

    second, signature = report["second_slot"], report["signature"]
    lines = []
    if second is not None:
        lines.append(f"second slot {second['flash_bytes']:,} bytes at 0x{second['flash_address']:08x}")
    if signature is not None:
        lines.append(f"signed, counter {signature['counter']}, public key {signature['public_key'][:16]}")
        if not signature["refuses_older"]:
            lines.append("the board has no journal: it refuses unsigned images, but not older signed ones")
        by_hand = board.flash.driver in ("ram", "external") or board.uf2 is not None
        if by_hand and not is_only_emulated(board):
            lines.append(
                "the bootloader that checks the signature can be replaced with the board in hand, as a file"
                " of a drive or card or in an external flash: see docs/security.md"
            )
    return "".join(f"{line}\n" for line in lines)
