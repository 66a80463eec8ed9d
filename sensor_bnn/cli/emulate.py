"""``sensor-bnn emulate``: run a board in QEMU and say where its serial port is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sensor_bnn.hardware.boards import Board


_LOOK_SECONDS = 0.1
_START_SECONDS = 30.0


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
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object on stdout: board, port, pid (of QEMU), debugger, process (this one).",
)
def command(board: str, bootloader: Path | None, build: Path | None, as_json: bool) -> None:
    """Run BOARD in QEMU, and print its serial port.

    It runs until Ctrl-C. BOARD is a name that `sensor-bnn boards` lists, or a folder with a board.toml. The
    board starts like a new one: with the resident bootloader and an empty application slot. The port is
    printed when the bootloader answers on it; with --bootloader, as soon as QEMU runs. Use it with `flash`,
    `bench` and `monitor` in another terminal.

    The signal USR1 resets the board, like its reset button: send it to this process, whose number is printed.
    A board that is a program has no reset.

    \b
    Example, one command per terminal:
      sensor-bnn emulate qemu-mps2-an500
      sensor-bnn flash build/ --port /dev/pts/3
      kill -USR1 PROCESS
    """
    import contextlib
    import json
    import os
    import signal
    import sys

    from sensor_bnn.emulation.emulator import Emulator, not_on_windows
    from sensor_bnn.files import scratch_folder
    from sensor_bnn.firmware.build import start_file
    from sensor_bnn.firmware.sizes import read_build
    from sensor_bnn.hardware.boards import is_program, load_board, without_emulator

    if bootloader is not None and build is not None:
        raise click.UsageError("Give only one of --bootloader and --build.")
    facts = load_board(board)
    if facts.emulator is None:
        raise without_emulator(facts, "Or connect the real board and use its serial port.")
    if sys.platform == "win32":
        raise not_on_windows(facts)
    if build is not None:
        read_build(build)  # refuses a build that is damaged
    kernel = start_file(facts, build) if build is not None else bootloader

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    resets = 0

    def reset(number: int, frame: object) -> None:
        nonlocal resets
        resets += 1

    signal.signal(signal.SIGUSR1, reset)
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
            if bootloader is None and not is_program(facts):
                _await_bootloader(emulator.port, facts)
            if as_json:
                click.echo(
                    json.dumps(
                        {
                            "board": facts.name,
                            "port": emulator.port,
                            "pid": emulator.pid,
                            "debugger": emulator.debugger,
                            "process": os.getpid(),
                        }
                    )
                )
            else:
                click.echo(emulator.port)
                click.echo(_what_now(facts, emulator.debugger), err=True)
            done = 0
            while True:
                emulator.wait(_LOOK_SECONDS)
                if done < resets:
                    done += 1
                    if is_program(facts):
                        click.echo(f"{facts.name} is a program and has no reset.", err=True)
                    else:
                        emulator.reset()
                        click.echo("Reset.", err=True)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)


def _what_now(board: Board, debugger: str) -> str:
    """Return what can be done with the board that runs now."""
    import os

    from sensor_bnn.hardware.boards import is_program

    if is_program(board):
        return f"{board.title} runs; Ctrl-C stops it."
    return (
        f"{board.title} runs; Ctrl-C stops it, kill -USR1 {os.getpid()} resets it. "
        f"GDB: target remote {debugger}"
    )


def _await_bootloader(path: str, board: Board) -> None:
    from sensor_bnn.errors import ToolError
    from sensor_bnn.wire.an3155 import An3155
    from sensor_bnn.wire.port import SerialPort

    with SerialPort(path, board.uart) as port:
        if not An3155(port).sync(_START_SECONDS):
            raise ToolError(
                f"The bootloader of {board.name} did not answer within {_START_SECONDS:.0f} s.",
                "Try again when this machine has less to do; check the board's facts with `sensor-bnn boards"
                f" check {board.name}`.",
            )
