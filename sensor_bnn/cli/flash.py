"""``sensor-bnn flash``: write a firmware image over the serial port."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="flash")
@click.argument("build", type=click.Path(path_type=Path))
@click.option(
    "--port", envvar="SENSOR_BNN_PORT", help="Serial port; the only one of the machine if not given."
)
@click.option(
    "--debugger",
    envvar="SENSOR_BNN_DEBUGGER",
    help="GDB server (socket or host:port) of a board that only a debugger can write.",
)
@click.option("--board", help="Board's name or folder; what the image was built for if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(build: Path, port: str | None, debugger: str | None, board: str | None, as_json: bool) -> None:
    """Flash BUILD, verify it, start it, and see that the right model answers.

    BUILD is a folder of `sensor-bnn build`, or a firmware.bin or firmware.elf of one. The board may run its
    bootloader (ours, or the one in an STM32's ROM) or a sensor-bnn application, which is asked to leave.

    \b
    Example:
      sensor-bnn flash build/ --port /dev/ttyUSB0
      SENSOR_BNN_PORT=/dev/pts/3 sensor-bnn flash build/ --json
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.boards import load_board
    from sensor_bnn.device.flash import flash_image
    from sensor_bnn.device.image import read_image
    from sensor_bnn.device.port import find_port
    from sensor_bnn.report.progress import transfer_bars

    image = read_image(build)
    facts = load_board(board or image.board)
    path = find_port(port)
    with transfer_bars() as progress:
        result = flash_image(path, image, facts, debugger=debugger, progress=progress)
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    click.echo(
        f"{result.board} at {path} runs {result.model} ({result.model_hash[:12]}): "
        f"{result.flash_bytes:,} bytes at {result.address:#010x}, "
        f"written at {result.write_bytes_per_second / 1000:.1f} kB/s, verified at "
        f"{result.verify_bytes_per_second / 1000:.1f} kB/s, {result.retries} retries."
    )
