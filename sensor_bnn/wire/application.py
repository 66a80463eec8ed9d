"""Connect to the benchmark application at a port: greet it, compare it with a bundle, set the line's rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.errors import BundleError, DeviceError, PortError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Hello

_HELLO_SECONDS = 1.0
_SYNC_SECONDS = 0.5


@contextmanager
def application_at(
    port: str, board: Board, metadata: Metadata, baud: int | None = None
) -> Iterator[tuple[Client, Hello]]:
    """Open the port of a board that runs a bundle; yields its client and its answer to HELLO.

    Args:
        port: the serial port's path.
        board: the board that must answer.
        metadata: the bundle's ``metadata.json``.
        baud: the rate to raise the line to within the context; None keeps the board's own.

    Raises:
        BundleError: the bundle is compiled for another processor than the board's.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or firmware, or does not reach the rate.
    """
    # HELLO has the hash of the ONNX file, which bundles for different processors share. A build takes only
    # bundles for the board's own target, so a bundle for another one is not in the board's firmware.
    if metadata.target != board.target:
        raise BundleError(
            f"The bundle of {metadata.model} is compiled for {metadata.target}, and the board {board.name} "
            f"needs {board.target}.",
            f"Give the bundle that was flashed, or compile the model with `--target {board.target}`, build "
            "and flash it.",
        )
    with SerialPort(port, board.uart) as line:
        client = Client(line)
        hello = greet(line, client)
        check_answer(hello, board, metadata)
        if baud is None or baud == board.uart.baud:
            yield client, hello
            return
        client.change_speed(baud)
        try:
            yield client, hello
        finally:
            with suppress(PortError, DeviceError):  # a board that receives nothing resets its rate by itself
                client.change_speed(board.uart.baud)


def greet(line: SerialPort, client: Client) -> Hello:
    """Send HELLO and return the answer.

    Raises:
        PortError: nothing answers.
        DeviceError: only a bootloader answers.
    """
    try:
        return client.hello(timeout=_HELLO_SECONDS)
    except PortError:
        if not An3155(line).sync(_SYNC_SECONDS):
            raise
    raise DeviceError(
        f"The board at {line.path} runs its bootloader and no application.",
        "Flash one first: `sensor-bnn flash BUILD_DIR`.",
    )


def check_answer(hello: Hello, board: Board, metadata: Metadata) -> None:
    """Refuse another board, or one that runs another version, model, or compilation of the model.

    Raises:
        DeviceError: something differs; the message says what.
    """
    if hello.board != board.name:
        raise DeviceError(
            f"The board says that it is {hello.board}, not {board.name}.", "Check --port and --board."
        )
    installed = version("sensor-bnn")
    if _release(hello.firmware_version) != _release(installed):
        raise DeviceError(
            f"The board's firmware is of sensor-bnn {hello.firmware_version}, this is {installed}.",
            "Build and flash the firmware again, or measure with the version it was built by.",
        )
    if hello.model_hash != metadata.model_hash:
        raise DeviceError(
            f"The board runs the model {hello.model} ({hello.model_hash[:12]}), "
            f"the bundle is {metadata.model} ({metadata.model_hash[:12]}).",
            "Build and flash the bundle's firmware, or give the bundle that was flashed.",
        )
    told = (hello.input_bytes, hello.output_bytes, hello.layer_count, hello.arena_bytes)
    meant = (
        metadata.input.bytes,
        metadata.output.bytes,
        len(metadata.layers),
        metadata.arena_bytes,
    )
    if told != meant:
        raise DeviceError(
            "The board's model was compiled differently from the bundle: "
            f"input, output, layers, arena are {told}, not {meant}.",
            "Build and flash the bundle's firmware.",
        )


def _release(number: str) -> list[str]:
    """The first two numbers of a version: only they change when the protocol or its features do."""
    return number.split(".")[:2]
