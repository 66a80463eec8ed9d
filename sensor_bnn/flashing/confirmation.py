"""Let a running application confirm its image, without a bootloader that could write it."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.errors import DeviceError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_HELLO_SECONDS = 5.0


@dataclass(frozen=True)
class Confirmed:
    """The application that has tested itself; a reset starts it from now on."""

    action: str
    board: str
    port: str
    model: str
    model_hash: str
    firmware_version: str


def confirm_image(port: str, board: Board, model_hash: str) -> Confirmed:
    """Ask the application at a port for its self-test and confirm its image.

    Args:
        port: the serial port's path.
        board: the board that must answer.
        model_hash: in hex; the model that it must run.

    Raises:
        PortError: no application answers.
        DeviceError: another board or another model answers, or the image is not confirmed.
    """
    with SerialPort(port, board.uart) as line:
        client = Client(line)
        hello = client.hello(timeout=_HELLO_SECONDS)
        if hello.board != board.name:
            raise DeviceError(
                f"The board at {port} says that it is {hello.board}, not {board.name}.",
                "Check --port and --board.",
            )
        if hello.model_hash != model_hash:
            raise DeviceError(
                f"The board runs the model {hello.model} ({hello.model_hash[:12]}), not {model_hash[:12]}.",
                "Update it first, or name the build that it runs.",
            )
        client.confirm(model_hash)
    return Confirmed("confirm", hello.board, port, hello.model, hello.model_hash, hello.firmware_version)
