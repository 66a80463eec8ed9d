"""``sensor-bnn flash``: write a firmware image into a board, or read and check what its flash holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sensor_bnn.cli.finite import FiniteRange

if TYPE_CHECKING:
    from sensor_bnn.flashing.image import Image
    from sensor_bnn.flashing.session import Link
    from sensor_bnn.flashing.transfer import Progress
    from sensor_bnn.hardware.boards import Board


def _lines(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    lines = tuple(value.lower().split(",")) if value else ()
    if len(lines) > 2 or not set(lines) <= {"dtr", "rts"} or len(set(lines)) < len(lines):
        raise click.BadParameter(
            "give dtr, rts, or both with a comma: the first line resets, the second drives BOOT0."
        )
    return lines


@click.command(name="flash")
@click.argument("build", type=click.Path(path_type=Path), required=False)
@click.option(
    "--port",
    "ports",
    multiple=True,
    envvar="SENSOR_BNN_PORT",
    help="Serial port; may be repeated with --all.  [default: searched for on USB]",
)
@click.option(
    "--debugger",
    envvar="SENSOR_BNN_DEBUGGER",
    help="GDB server (socket or host:port), for a board whose flash only a debugger can write.",
)
@click.option("--board", help="Name or folder of the board.  [default: the board that BUILD was built for]")
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option("--verify-only", is_flag=True, help="Check that the flash holds BUILD; write nothing.")
@click.option(
    "--read",
    "read_to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read the application slot into this file.",
)
@click.option(
    "--bytes", "count", type=click.IntRange(1), help="With --read: number of bytes.  [default: the image]"
)
@click.option("--erase", is_flag=True, help="Erase the whole application slot.")
@click.option(
    "--confirm",
    is_flag=True,
    help="Confirm the running BUILD after a self-test; write nothing. For an update by MCUboot.",
)
@click.option("--all", "every", is_flag=True, help="Do it on all boards that answer, at the same time.")
@click.option(
    "--reset",
    callback=_lines,
    metavar="LINES",
    help="Reset the board by these lines: dtr, rts or dtr,rts; the second line drives BOOT0.",
)
@click.option(
    "--baud",
    type=click.IntRange(0),
    help="Baud rate for the transfer; 0 keeps the board's own.  [default: 921600]",
)
@click.option("--read-back", is_flag=True, help="Verify by reading everything back, not by checksum.")
@click.option("--rewrite-all", is_flag=True, help="Write every page, even one whose contents already match.")
@click.option(
    "--with-bootloader",
    is_flag=True,
    help="Also write the resident bootloader, through the bootloader in the chip's ROM.",
)
@click.option(
    "--wait",
    type=FiniteRange(0),
    default=20.0,
    show_default=True,
    help="Seconds to wait for a board that stopped answering.",
)
@click.option(
    "--via",
    type=click.Choice(["serial", "pyocd", "mass-storage", "uf2"]),
    help="The serial port, a debug probe (pyocd), the probe's drive (mass-storage), or the drive of the "
    "chip's ROM (uf2).  [default: as board.toml says]",
)
@click.option("--probe", help="With --via pyocd: the probe's serial number.")
@click.option("--probe-target", help="With --via pyocd: pyOCD's name of the chip.")
@click.option(
    "--drive",
    type=click.Path(path_type=Path),
    help="Folder where the drive is mounted.  [default with uf2: searched for]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
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
    confirm: bool,
    every: bool,
    reset: tuple[str, ...],
    baud: int | None,
    read_back: bool,
    rewrite_all: bool,
    with_bootloader: bool,
    wait: float,
    via: str | None,
    probe: str | None,
    probe_target: str | None,
    drive: Path | None,
    as_json: bool,
) -> None:
    """Write BUILD into a board's flash, verify it and start it.

    BUILD is a folder that `sensor-bnn build` wrote, or its firmware.bin, .elf or .hex. At the end the command
    checks that the board runs the right model. The board may run our bootloader, the bootloader in an STM32's
    or ESP32-C3's ROM, or a sensor-bnn application, which is then told to start the bootloader. Only pages
    that changed are written (on an ESP32-C3: all, or none): repeat the command after an interruption.

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

    modes = [dry_run, verify_only, read_to is not None, erase, confirm]
    if sum(modes) > 1:
        raise click.UsageError("Give only one of --dry-run, --verify-only, --read, --erase and --confirm.")
    if via not in (None, "serial") and (any(modes) or every):
        raise click.UsageError(f"--via {via} can only write; leave the other modes out.")
    if read_to is not None and every:
        raise click.UsageError("--read works on one board; leave --all out.")
    if count is not None and read_to is None:
        raise click.UsageError("--bytes goes with --read: give --read FILE, or leave --bytes out.")
    if len(ports) > 1 and not every:
        raise click.UsageError("Several ports require --all.")
    if build is None and not (read_to is not None or erase):
        raise click.UsageError("Missing argument 'BUILD'.")
    if build is None and board is None:
        raise click.UsageError("Name the board with --board.")
    if via == "mass-storage" and drive is None:
        raise click.UsageError("--via mass-storage requires --drive.")
    if read_to is not None:
        from sensor_bnn.files import check_file

        check_file(read_to)
    if confirm:
        if build is None or every:
            raise click.UsageError("--confirm requires the folder BUILD, and works on one board.")
        result = _confirm(build, ports, board)
        click.echo(json.dumps(result) if as_json else _sentence(result))
        return
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
            from sensor_bnn.files import write_file

            write_file(read_to, data)
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
            rewrite_all=rewrite_all,
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


def _confirm(build: Path, ports: tuple[str, ...], board: str | None) -> dict[str, Any]:
    import sys
    from dataclasses import asdict

    from sensor_bnn.firmware.sizes import read_build
    from sensor_bnn.flashing.confirmation import confirm_image
    from sensor_bnn.flashing.discover import choose_port
    from sensor_bnn.hardware.boards import load_board

    sizes = read_build(build)
    facts = load_board(board or sizes.board)
    port = ports[0] if ports else choose_port(facts, _ask if sys.stdin.isatty() else None)
    return asdict(confirm_image(port, facts, sizes.model_hash))


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
        return f"{place}: all {result['bytes']:,} bytes are right, verified by {result['verified_by']}."
    if action == "confirm":
        return f"{place} runs {result['model']} ({result['model_hash'][:12]}), which passed its self-test."
    if action is not None:
        return f"{place}: {result['bytes']:,} bytes at {result['address']:#010x}, {action} done."
    if not result["pages"]:
        runs = f"{result['model']} ({result['model_hash'][:12]})"
        return f"{place} is a program and runs {runs}: there is nothing to flash."
    return (
        f"{place} runs {result['model']} ({result['model_hash'][:12]}): "
        f"{result['flash_bytes']:,} bytes at {result['address']:#010x}, "
        f"{result['pages_written']} of {result['pages']} pages written in {result['write_seconds']:.1f} s, "
        f"verified by {result['verified_by']} in {result['verify_seconds']:.1f} s, "
        f"{result['baud']:,} baud, {result['retries']} retries."
    )
