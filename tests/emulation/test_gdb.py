"""GDB's protocol with QEMU's server, with the real GDB, and with servers that fail."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from peer import TOY

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import Debugger
from sensor_bnn.errors import FlashError, PortError
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image
from sensor_bnn.hardware.boards import Board, Setup, default_board

UNUSED = 0x100000  # offset in RAM that nothing of ours uses


@pytest.fixture(scope="module")
def board() -> Board:
    board = default_board()
    register = board.ram.origin + UNUSED
    return replace(
        board,
        setup=(
            Setup(register, 0, 0x35),
            Setup(register, 0x11, 0x42),
            Setup(register + 4, 0, 7, wait=5, until=5),
        ),
    )


@pytest.fixture(scope="module")
def emulator(
    cross_compiler: None, qemu: None, board: Board, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    kernel = build_bootloader(board, tmp_path_factory.mktemp("bootloader"))
    with Emulator(board, kernel) as emulator:
        yield emulator


def test_memory_is_written_and_read_and_the_core_goes_on(board: Board, emulator: Emulator) -> None:
    data = bytes(range(256)) * 4
    for _ in range(2):
        with Debugger(emulator.debugger) as core:
            core.write(board.slot.origin + 3, data)
            assert core.read(board.slot.origin + 3, len(data)) == data
    from sensor_bnn.wire.an3155 import An3155
    from sensor_bnn.wire.port import SerialPort

    with SerialPort(emulator.port, board.uart) as line:
        bootloader = An3155(line)
        assert bootloader.sync(10.0)
        assert bootloader.read(board.slot.origin + 3, 256) == data[:256]


def test_start_up_changes_the_registers_that_the_board_names(board: Board, emulator: Emulator) -> None:
    with Debugger(emulator.debugger) as core:
        words = core.read(board.ram.origin + UNUSED, 8)
    assert words == (0x66).to_bytes(4, "little") + (7).to_bytes(4, "little")


def test_the_real_gdb_shows_source_lines(emulator: Emulator) -> None:
    if shutil.which("gdb-multiarch") is None:
        pytest.fail("gdb-multiarch is missing: apt-get install gdb-multiarch")
    done = subprocess.run(
        [
            *("gdb-multiarch", "--batch", "-nx", str(emulator.kernel)),
            *("-ex", f"target remote {emulator.debugger}", "-ex", "break uart_receive"),
            *("-ex", "monitor system_reset", "-ex", "continue", "-ex", "bt", "-ex", "detach"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "firmware/hal/uart.c:" in done.stdout, done.stdout + done.stderr


def test_an_address_without_memory_is_refused(emulator: Emulator) -> None:
    with (
        Debugger(emulator.debugger) as core,
        pytest.raises(FlashError, match="read 4 bytes at 0xf8000000: E"),
    ):
        core.read(0xF8000000, 4)


def test_nobody_there(tmp_path: Path) -> None:
    for address in (str(tmp_path / "none"), "localhost:1"):
        with pytest.raises(PortError, match=f"No debugger serves at {address}"):
            Debugger(address)


# Nothing, a packet with a wrong checksum, and one that is cut off.
@pytest.mark.parametrize("answer", [b"", b"+$OK#00", b"+$S05#"])
def test_a_server_that_breaks_off(tmp_path: Path, answer: bytes) -> None:
    address = str(tmp_path / "server")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(100)
                peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(PortError, match="broken off"), Debugger(address):
            pass
        thread.join(20.0)
        assert not thread.is_alive()


def test_a_board_that_needs_a_debugger_asks_for_it() -> None:
    image = Image(bytes(1024), "toy", "00" * 32, "1", TOY.slot.origin)
    with pytest.raises(PortError, match=r"written by its debugger.*--debugger"):
        flash_image("/dev/null", image, replace(TOY, flasher="gdb"))
