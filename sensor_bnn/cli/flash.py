"""``sensor-bnn flash``: write a firmware image into a board, or look at what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sensor_bnn.flashing.image import Image
    from sensor_bnn.flashing.session import Link
    from sensor_bnn.flashing.transfer import Progress
    from sensor_bnn.hardware.boards import Board


def _lines(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    lines = tuple(value.lower().split(",")) if value else ()
    if len(lines) > 2 or not set(lines) <= {"dtr", "rts"} or len(set(lines)) < len(lines):
        raise click.BadParameter("give dtr, rts, or both: the first resets, the second holds BOOT0.")
    return lines


@click.command(name="flash")
@click.argument("build", type=click.Path(path_type=Path), required=False)
@click.option(
    "--port",
    "ports",
    multiple=True,
    envvar="SENSOR_BNN_PORT",
    help="Serial port; found if not given. Several, with --all.",
)
@click.option(
    "--debugger",
    envvar="SENSOR_BNN_DEBUGGER",
    help="GDB server (socket or host:port) of a board that only a debugger can write.",
)
@click.option("--board", help="Board's name or folder; what the image was built for if not given.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@click.option("--verify-only", is_flag=True, help="See that BUILD is in the flash; write nothing.")
@click.option(
    "--read", "read_to", type=click.Path(path_type=Path, dir_okay=False), help="Read the slot to a file."
)
@click.option(
    "--bytes", "count", type=click.IntRange(1), help="With --read: how much; the image if not given."
)
@click.option("--erase", is_flag=True, help="Erase the whole application slot.")
@click.option("--all", "every", is_flag=True, help="Do it on all boards that answer, side by side.")
@click.option(
    "--reset",
    callback=_lines,
    metavar="LINES",
    help="dtr, rts or dtr,rts: resets the board; the second is BOOT0.",
)
@click.option("--baud", type=click.IntRange(0), help="Rate to raise to; 0: stay.  [default: 921600]")
@click.option("--read-back", is_flag=True, help="Verify by reading all back, not by checksum.")
@click.option("--afresh", is_flag=True, help="Write all pages, not only those that changed.")
@click.option(
    "--with-bootloader", is_flag=True, help="Through a bootloader in ROM: write the resident one too."
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=20.0,
    show_default=True,
    help="Seconds to wait for a lost board.",
)
@click.option(
    "--via",
    type=click.Choice(["serial", "pyocd", "mass-storage", "uf2"]),
    help="The port, a debug probe, its drive, or the drive of a chip's ROM.  [default: the board's way]",
)
@click.option("--probe", help="With --via pyocd: the probe's serial number.")
@click.option("--probe-target", help="With --via pyocd: its name of the chip.")
@click.option(
    "--drive",
    type=click.Path(path_type=Path),
    help="Where the drive is mounted; one of uf2 is found if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    build: Path | None,
    ports: tuple[str, ...],
    debugger: str | None,
    board: str | None,
    dry_run: bool,
    verify_only: bool,
    read_to: Path | None,
    count: int | None,
    erase: bool,
    every: bool,
    reset: tuple[str, ...],
    baud: int | None,
    read_back: bool,
    afresh: bool,
    with_bootloader: bool,
    wait: float,
    via: str | None,
    probe: str | None,
    probe_target: str | None,
    drive: Path | None,
    as_json: bool,
) -> None:
    """Flash BUILD, verify it, start it, and see that the right model answers.

    BUILD is a folder of `sensor-bnn build`, or a firmware.bin, .elf or .hex of one. The board may run its
    bootloader (ours, or the one in an STM32's ROM) or a sensor-bnn application, which is asked to leave. Only
    pages that changed are written, so a flash that broke off goes on where it was.

    \b
    Example:
      sensor-bnn flash build/ --port /dev/ttyUSB0
      sensor-bnn flash build/ --all --json
      sensor-bnn flash --read old.bin --board qemu-mps2-an500 --port /dev/pts/3
      sensor-bnn flash build/ --reset dtr,rts --with-bootloader
      sensor-bnn flash build/ --via pyocd
      sensor-bnn flash build/ --via uf2 --drive /media/me/RP2350
    """
    import json
    import sys
    from dataclasses import asdict, replace

    from sensor_bnn.flashing.image import read_image
    from sensor_bnn.flashing.session import FAST_BAUD, Link
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.report.progress import transfer_bars

    modes = [dry_run, verify_only, read_to is not None, erase]
    if sum(modes) > 1:
        raise click.UsageError("--dry-run, --verify-only, --read and --erase exclude each other.")
    if via not in (None, "serial") and (any(modes) or every):
        raise click.UsageError(f"--via {via} only writes.")
    if read_to is not None and every:
        raise click.UsageError("--read is for one board.")
    if len(ports) > 1 and not every:
        raise click.UsageError("Several ports want --all.")
    if build is None and not (read_to is not None or erase):
        raise click.UsageError("Missing argument 'BUILD'.")
    if build is None and board is None:
        raise click.UsageError("Name the board with --board.")
    if via == "mass-storage" and drive is None:
        raise click.UsageError("--via mass-storage wants --drive.")
    image = read_image(build) if build is not None else None
    facts = load_board(board or (image.board if image is not None else ""))
    if via is None:
        via = "uf2" if facts.flasher == "uf2" and not any(modes) and not every else "serial"

    def work(link: Link, progress: Progress) -> Any:
        from sensor_bnn.flashing import flash, slot

        if erase:
            return slot.erase_slot(link, facts, progress)
        if read_to is not None:
            data, report = slot.read_slot(link, facts, progress, count)
            _write(read_to, data)
            return report
        assert image is not None
        if dry_run:
            return slot.plan_flash(link, image, facts, progress)
        if verify_only:
            return slot.verify_slot(link, image, facts, progress, read_back)
        return flash.flash_image(
            link.port,
            image,
            facts,
            debugger=debugger,
            progress=progress,
            baud=link.baud,
            reset=link.reset,
            read_back=read_back,
            rewrite=afresh,
            with_bootloader=with_bootloader,
            patience=wait,
        )

    if via != "serial":
        from sensor_bnn.flashing import flash

        assert image is not None
        with transfer_bars() as progress:
            by_other = _by_other(via, image, facts, probe, probe_target, drive, progress)
            if via == "uf2" and ports:
                hello = flash.greet(ports[0], image, facts)
                by_other = replace(by_other, port=ports[0], model=hello.model)
        click.echo(json.dumps(asdict(by_other)) if as_json else _sentence(asdict(by_other)))
        return
    rate = FAST_BAUD if baud is None else baud
    if every:
        from sensor_bnn.flashing.discover import all_ports
        from sensor_bnn.flashing.several import on_each

        chosen = list(ports) or all_ports(facts)
        with transfer_bars() as progress:
            outcomes = on_each(
                chosen,
                lambda port: work(
                    Link(port, rate, reset),
                    lambda stage, done, total: progress(f"{stage} {port}", done, total),
                ),
            )
        found = [
            asdict(one.result) if one.result is not None else {"port": one.port, "error": str(one.error)}
            for one in outcomes
        ]
        click.echo(json.dumps({"boards": found}) if as_json else "\n".join(map(_sentence, found)))
        if any(one.error is not None for one in outcomes):
            sys.exit(1)
        return
    from sensor_bnn.flashing.discover import choose_port

    port = ports[0] if ports else choose_port(facts, _ask if sys.stdin.isatty() else None)
    with transfer_bars() as progress:
        result = asdict(work(Link(port, rate, reset), progress))
    click.echo(json.dumps(result) if as_json else _sentence(result))


def _by_other(
    via: str,
    image: Image,
    board: Board,
    probe: str | None,
    target: str | None,
    drive: Path | None,
    progress: Progress,
) -> Any:
    if via == "pyocd":
        from sensor_bnn.flashing.probe import flash_by_probe

        return flash_by_probe(image, board, probe, target, progress)
    if via == "uf2":
        from sensor_bnn.flashing.uf2 import flash_by_uf2

        return flash_by_uf2(image, board, drive, progress)
    from sensor_bnn.flashing.drive import flash_by_drive

    assert drive is not None
    return flash_by_drive(image, board, drive)


def _ask(ports: list[str]) -> str:
    for number, port in enumerate(ports, 1):
        click.echo(f"{number}  {port}", err=True)
    chosen: int = click.prompt("Which port", type=click.IntRange(1, len(ports)), err=True)
    return ports[chosen - 1]


def _write(file: Path, data: bytes) -> None:
    from sensor_bnn.errors import DataError

    draft = file.with_name(f".{file.name}.part")
    try:
        draft.write_bytes(data)
        draft.replace(file)
    except OSError as error:
        raise DataError(f"Cannot write {file}: {error.strerror}.", "Choose another file.") from None


def _sentence(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['port']}: {result['error']}"
    if "via" in result:
        where = result.get("probe") or result.get("file")
        done = f"{result['flash_bytes']:,} bytes at {result['address']:#010x} by {where}."
        answer = f" {result['port']} runs {result['model']}." if result.get("port") else ""
        return f"{result['board']}: {done}{answer}"
    place = f"{result['board']} at {result['port']}"
    action = result.get("action")
    if action == "dry-run":
        return f"{place}: {result['pages_changed']} of {result['pages']} pages would be written; nothing was."
    if action == "verify":
        return f"{place}: all {result['bytes']:,} bytes are right, by {result['verified_by']}."
    if action is not None:
        return f"{place}: {result['bytes']:,} bytes at {result['address']:#010x}, {action} done."
    if not result["pages"]:
        runs = f"{result['model']} ({result['model_hash'][:12]})"
        return f"{place} is a program and runs {runs}: nothing is flashed."
    return (
        f"{place} runs {result['model']} ({result['model_hash'][:12]}): "
        f"{result['flash_bytes']:,} bytes at {result['address']:#010x}, "
        f"{result['pages_written']} of {result['pages']} pages written in {result['write_seconds']:.1f} s, "
        f"verified by {result['verified_by']} in {result['verify_seconds']:.1f} s, "
        f"{result['baud']:,} baud, {result['retries']} retries."
    )
