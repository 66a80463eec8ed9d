"""``sensor-bnn build``: firmware for a board from a model bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sensor_bnn.firmware.build import BuildResult
    from sensor_bnn.firmware.mcuboot import McubootLayout
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
    "--sensor",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --application stream: C file of your sensor's driver (firmware/stream/sensor.h), for "
    "`sensor-bnn record`.",
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
    help="Private key (`sensor-bnn keygen`): signs the image; our bootloader then starts only signed images.",
)
@click.option(
    "--counter",
    type=click.IntRange(0, (1 << 32) - 1),
    help="With --sign: version counter. A board refuses images with a lower counter than it has run.  "
    "[default: seconds since 1970; with --format mcuboot: none]",
)
@click.option(
    "--no-read",
    is_flag=True,
    help="Build a bootloader that sends nothing of the flash: no Read Memory, checksums of whole pages only.",
)
@click.option(
    "--format",
    "image_format",
    type=click.Choice(["sensor-bnn", "mcuboot"]),
    default="sensor-bnn",
    show_default=True,
    help="The bootloader that starts the image: ours, or MCUboot, which your product has already.",
)
@click.option(
    "--slot",
    metavar="ADDRESS:BYTES",
    help="With --format mcuboot: MCUboot's primary slot, such as 0x08020000:0x60000.",
)
@click.option("--image-version", metavar="1.2.3+4", help="With --format mcuboot: the image's version.")
@click.option(
    "--header-bytes",
    type=click.IntRange(32, 65532),
    help="With --format mcuboot: bytes from the slot's start to the vector table.  [default: 512]",
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
    sensor: Path | None,
    weights: str,
    key: Path | None,
    counter: int | None,
    no_read: bool,
    image_format: str,
    slot: str | None,
    image_version: str | None,
    header_bytes: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Build firmware and bootloader for BUNDLE and a board.

    BUNDLE is a folder that `sensor-bnn compile` or `sensor-bnn export` wrote. Writes firmware.elf,
    firmware.bin (the image that `sensor-bnn flash` writes to the board), bootloader.elf and build.json (all
    sizes). For a board with two slots it also writes firmware-b.elf and firmware-b.bin, the same firmware for
    the second slot. A board that its chip's ROM loads gets no bootloader, and rom-image.bin, which that ROM
    reads. The same bundle and board give the same bytes.

    With --format mcuboot no bootloader is built: firmware.bin is an image for MCUboot's --slot, and
    payload.bin its program without header and signature, for `imgtool sign --pad-header` (docs/mcuboot.md).

    \b
    Example:
      sensor-bnn build build/watch-small/cortex-m7 --board qemu-mps2-an500
      sensor-bnn build build/watch-small/cortex-m7 --board qemu-mps2-an500 --sign release.pem
    """
    from sensor_bnn.claims import claimed_folder
    from sensor_bnn.firmware.build import build_firmware, build_for_mcuboot
    from sensor_bnn.hardware.boards import is_loaded_by_rom, load_board

    if counter is not None and key is None:
        raise click.UsageError("--counter requires --sign.")
    if sensor is not None and application != "stream":
        raise click.UsageError("--sensor requires --application stream.")
    layout = _layout(image_format, slot, image_version, header_bytes, no_read)
    if layout is not None:
        if sensor is not None:
            raise click.UsageError("--sensor is an option of our own format; leave --format out.")
        from sensor_bnn.firmware.mcuboot import read_mcuboot_key

        mcuboot_signer = None if key is None else read_mcuboot_key(key, counter)
        facts = load_board(board)
        click.echo(f"Building {bundle} for MCUboot on {facts.name} ...", err=True)
        folder = output or bundle.resolve().parent / facts.name
        with claimed_folder(folder, "-o/--output"):
            result = build_for_mcuboot(
                bundle, facts, folder, layout, application, mcuboot_signer, weights, force=force
            )
        _print(result, layout.slot.size, _about_mcuboot(result.report["mcuboot"]), as_json)
        return
    signer = None
    if key is not None:
        from sensor_bnn.firmware.signing import read_key

        signer = read_key(key, counter)
    facts = load_board(board)
    click.echo(f"Building {bundle} for {facts.name} ...", err=True)
    folder = output or bundle.resolve().parent / facts.name
    with claimed_folder(folder, "-o/--output"):
        result = build_firmware(
            bundle,
            facts,
            folder,
            application,
            signer,
            weights,
            force=force,
            sends_flash=not no_read,
            sensor=sensor,
        )
    where = "image in RAM" if is_loaded_by_rom(facts) else "flash"
    _print(result, facts.slot.size, _about_slots(result.report, facts), as_json, where)


def _layout(
    image_format: str, slot: str | None, image_version: str | None, header_bytes: int | None, no_read: bool
) -> McubootLayout | None:
    """Return where MCUboot expects the image; None for our own format. Refuse options that do not fit."""
    from sensor_bnn.firmware.mcuboot import DEFAULT_HEADER_BYTES, McubootLayout, McubootVersion, parse_slot

    if image_format != "mcuboot":
        for name, value in (
            ("--slot", slot),
            ("--image-version", image_version),
            ("--header-bytes", header_bytes),
        ):
            if value is not None:
                raise click.UsageError(f"{name} requires --format mcuboot.")
        return None
    if no_read:
        raise click.UsageError("--no-read is an option of our bootloader; --format mcuboot builds none.")
    if slot is None or image_version is None:
        raise click.UsageError("--format mcuboot requires --slot and --image-version.")
    region, version = parse_slot(slot), McubootVersion.parse(image_version)
    if region is None:
        raise click.UsageError(f"--slot is {slot!r}; it must be ADDRESS:BYTES, such as 0x08020000:0x60000.")
    if version is None:
        raise click.UsageError(
            f"--image-version is {image_version!r}; it must be like 1.2.3+4, to 255.255.65535+4294967295."
        )
    return McubootLayout(region, version, DEFAULT_HEADER_BYTES if header_bytes is None else header_bytes)


def _print(result: BuildResult, slot_bytes: int, more: str, as_json: bool, where: str = "flash") -> None:
    import json

    report = result.report
    if as_json:
        click.echo(json.dumps({"folder": str(result.folder), **report}))
        return
    ram = report["ram"]
    copied = f"weights {ram['weights']:,}, " if ram["weights"] else ""
    click.echo(
        f"{where} {report['flash_bytes']:,} bytes of {slot_bytes:,} at 0x{report['flash_address']:08x} "
        f"(weights {report['weights_bytes']:,}, code {report['code_bytes']:,})\n"
        f"RAM {ram['total']:,} bytes of {ram['available']:,} (arena {ram['arena']:,}, "
        f"{copied}stack {ram['stack']:,}, data {ram['data_bss']:,}), "
        f"model {report['model_hash'][:12]}\n{more}{result.folder}"
    )


def _about_mcuboot(facts: dict[str, Any]) -> str:
    signature = facts["signature"]
    lines = [
        f"image {facts['version']} for MCUboot: vector table {facts['header_bytes']} bytes after the slot's "
        f"start, {facts['trailer_bytes']:,} bytes at its end left to MCUboot"
    ]
    if signature is None:
        lines.append("not signed: it has its SHA-256 only")
    else:
        counter = signature["counter"]
        told = "no security counter" if counter is None else f"security counter {counter}"
        lines.append(f"signed ({signature['kind']}), {told}, key hash {signature['key_hash'][:16]}")
    return "".join(f"{line}\n" for line in lines)


def _about_slots(report: dict[str, Any], board: Board) -> str:
    from sensor_bnn.hardware.boards import is_only_emulated
    from sensor_bnn.resources import with_pages

    second, signature = report["second_slot"], report["signature"]
    lines = []
    if report["bootloader_bytes"] is not None:
        lines.append(f"bootloader {report['bootloader_bytes']:,} bytes of {board.bootloader_room:,}")
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
                " of a drive or card or in an external flash: see " + with_pages("docs/security.md")
            )
    return "".join(f"{line}\n" for line in lines)
