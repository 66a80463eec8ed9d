"""Connect to the benchmark application at a port: greet it, compare it with a bundle, set the line's rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import zip_longest

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.errors import BundleError, DeviceError, PortError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.labels import class_name
from sensor_bnn.tracing import NOTES
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Hello

_HELLO_SECONDS = 1.0
_SYNC_SECONDS = 0.5
_FLASH_AGAIN = "Build and flash the bundle's firmware, or give the bundle that was flashed."
_VERIFY = "Before a build without CMake, `cmake -P BUNDLE/cmake/verify.cmake` checks the bundle's files."
_DIFFERENCES = 5  # that a message names


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
        DeviceError: the board runs another model or firmware, has other classes or weights than the bundle,
            or does not reach the rate.
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
        check_contents(client, metadata)
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
    if not hello.firmware_version:
        raise DeviceError(
            "The board's firmware says no version: the header of its image was not filled in.",
            "Build it with `sensor-bnn build`, or fill in the header as docs/protocol.md describes it.",
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
            _FLASH_AGAIN,
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


def check_contents(client: Client, metadata: Metadata) -> None:
    """Compare what the board's firmware was built from: its classes' names, its weights, kernels and C files.

    The model's hash is that of the ONNX file, and a build without the bundle's own check can link anything
    under it. An earlier firmware says neither; then a note does.

    Raises:
        PortError: the board does not answer.
        DeviceError: something differs; the message says what.
    """
    names, linked = client.class_names(), client.linked()
    if names is None or linked is None:
        NOTES.warning(
            "the board's firmware is older, and does not say its classes' names and the checksums of its "
            "weights and kernels: they are not compared with the bundle. Build and flash it again to have "
            "them compared."
        )
    if names is not None and (told := _other_classes(names, metadata.classes or ())):
        raise DeviceError(f"The board's firmware has other classes than the bundle: {told}.", _FLASH_AGAIN)
    if linked is None:
        return
    for what, found, wanted in (
        ("weights", linked.weights, (metadata.weights_bytes, metadata.weights_crc32)),
        ("kernels", linked.kernels, (metadata.kernels_bytes, metadata.kernels_crc32)),
    ):
        if found == wanted:
            continue
        told, meant = (f"{size:,} bytes with the CRC-32 {crc:08x}" for size, crc in (found, wanted))
        raise DeviceError(
            f"The board's firmware was linked with other {what} than the bundle: {told}, not {meant}.",
            f"{_FLASH_AGAIN} {_VERIFY}",
        )
    if linked.sources_bytes not in (None, metadata.sources_bytes):
        raise DeviceError(
            "The board's firmware was built from other C files than the bundle's: the linker was given "
            f"{linked.sources_bytes:,} bytes of different texts, not {metadata.sources_bytes:,}.",
            f"{_FLASH_AGAIN} {_VERIFY}",
        )


def _other_classes(board: Sequence[str], bundle: Sequence[str]) -> str:
    """Say how the classes of a board differ from a bundle's, by name and in order; empty if they do not."""
    if not board or not bundle:
        there = ", ".join(board or bundle)
        named, other = ("the board", "the bundle") if board else ("the bundle", "the board")
        return f"{named} names {there}, and {other} names none" if there else ""
    pairs = zip_longest(map(class_name, board), map(class_name, bundle))
    told = [
        f"output {place} is {ours or 'missing'} on the board and {theirs or 'missing'} in the bundle"
        for place, (ours, theirs) in enumerate(pairs)
        if ours != theirs
    ]
    more = [f"and {len(told) - _DIFFERENCES} more"] if len(told) > _DIFFERENCES else []
    return ", ".join(told[:_DIFFERENCES] + more)


def _release(number: str) -> list[str]:
    """The first two numbers of a version: only they change when the protocol or its features do."""
    return number.split(".")[:2]
