"""``sensor-bnn emulate``: run a board in QEMU and say where its serial port is."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="emulate")
@click.argument("board")
@click.option(
    "--bootloader",
    type=click.Path(path_type=Path, dir_okay=False),
    help="ELF file that is in the board's flash at power-on.  [default: the resident bootloader]",
)
@click.option(
    "--build",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of `sensor-bnn build`: use its bootloader.elf.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout: board, port, pid, debugger."
)
def command(board: str, bootloader: Path | None, build: Path | None, as_json: bool) -> None:
    """Run BOARD in QEMU, and print its serial port.

    It runs until Ctrl-C. BOARD is a name that `sensor-bnn boards` lists, or a folder with a board.toml. The
    board starts like a new one: with the resident bootloader and an empty application slot. Use the printed
    port with `flash`, `bench` and `monitor` in another terminal.

    \b
    Example, one command per terminal:
      sensor-bnn emulate qemu-mps2-an500
      sensor-bnn flash build/ --port /dev/pts/3
    """
    import contextlib
    import json
    import signal

    from sensor_bnn.emulation.emulator import Emulator
    from sensor_bnn.errors import BoardError
    from sensor_bnn.files import scratch_folder
    from sensor_bnn.firmware.build import start_file
    from sensor_bnn.firmware.sizes import read_build
    from sensor_bnn.hardware.boards import load_board

    if bootloader is not None and build is not None:
        raise click.UsageError("Give only one of --bootloader and --build.")
    facts = load_board(board)
    if facts.emulator is None:
        raise BoardError(
            f"The board {facts.name} has no emulator.", "Connect the real board and use its serial port."
        )
    if build is not None:
        read_build(build)  # refuses a build that is damaged
    kernel = start_file(facts, build) if build is not None else bootloader

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # SIGTERM, which a service manager sends, must not leave QEMU running. SIGINT is set too, because a shell
    # starts background jobs with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        with contextlib.ExitStack() as stack:
            if kernel is None:
                from sensor_bnn.firmware.build import build_bootloader

                click.echo(f"Building the bootloader of {facts.name} ...", err=True)
                scratch = stack.enter_context(scratch_folder("emulate"))
                kernel = build_bootloader(facts, scratch)
            emulator = stack.enter_context(Emulator(facts, kernel))
            if as_json:
                click.echo(
                    json.dumps(
                        {
                            "board": facts.name,
                            "port": emulator.port,
                            "pid": emulator.pid,
                            "debugger": emulator.debugger,
                        }
                    )
                )
            else:
                click.echo(emulator.port)
                click.echo(
                    f"{facts.title} runs; Ctrl-C stops it. GDB: target remote {emulator.debugger}", err=True
                )
            emulator.wait()
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
