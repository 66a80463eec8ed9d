"""The host's AN3155 with the firmware's, which is independent of it, on the emulated board."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.hardware.boards import Board, default_board
from sensor_bnn.wire import an3155
from sensor_bnn.wire.an3155 import An3155, RefusalError, stm32_crc
from sensor_bnn.wire.port import SerialPort

BLOCK = bytes(range(1, 256)) + b"\x7e"


class LossyPort(SerialPort):
    """A port that loses the n-th byte that the host sends after ``lose`` was set."""

    lose = 0

    def write(self, data: bytes) -> None:
        if 0 < self.lose <= len(data):
            data = data[: self.lose - 1] + data[self.lose :]
            self.lose = 0
        self.lose = max(0, self.lose - len(data))
        super().write(data)


@pytest.fixture(scope="module")
def board() -> Board:
    return default_board()


@pytest.fixture(scope="module")
def port(
    cross_compiler: None, qemu: None, board: Board, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LossyPort]:
    kernel = build_bootloader(board, Path(tmp_path_factory.mktemp("bootloader")))
    with Emulator(board, kernel) as emulator, LossyPort(emulator.port, board.uart) as port:
        yield port


@pytest.fixture
def bootloader(port: LossyPort, monkeypatch: pytest.MonkeyPatch) -> An3155:
    bootloader = An3155(port)
    assert bootloader.sync(10.0)
    monkeypatch.setattr(an3155, "_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(an3155, "_ERASE_SECONDS", 2.0)
    return bootloader


def page(board: Board) -> int:
    return (board.slot.origin - board.flash.origin) // board.flash.page


def test_every_operation(bootloader: An3155, board: Board) -> None:
    assert bootloader.get().version == 0x33
    assert bootloader.get_id() == board.bootloader.chip_id
    bootloader.erase([page(board)])
    bootloader.write(board.slot.origin, BLOCK)
    assert bootloader.read(board.slot.origin, 256) == BLOCK
    assert bootloader.checksum(board.slot.origin, 256) == stm32_crc(BLOCK)
    assert bootloader.speed(board.uart.clock_hz) is False, "no divisor for it"
    assert bootloader.speed(921_600) is True
    assert bootloader.retries == 0
    with pytest.raises(RefusalError, match="does not start the image"):
        bootloader.go(board.slot.origin)
    # A damaged address is refused in the same way, so Go was repeated before it was believed.
    assert bootloader.retries == 3


@pytest.mark.parametrize("lose", [1, 2, 3, 7, 8, 9, 100, 265])
def test_a_lost_byte_of_a_write(bootloader: An3155, port: LossyPort, board: Board, lose: int) -> None:
    bootloader.erase([page(board)])
    port.lose = lose
    bootloader.write(board.slot.origin, BLOCK)
    assert bootloader.retries == 1
    assert bootloader.read(board.slot.origin, 256) == BLOCK


@pytest.mark.parametrize("lose", [1, 2, 3, 4, 5, 6, 7])
def test_a_lost_byte_of_an_erase(bootloader: An3155, port: LossyPort, board: Board, lose: int) -> None:
    port.lose = lose
    bootloader.erase([page(board)])
    assert bootloader.retries == 1
    assert bootloader.read(board.slot.origin, 256) == b"\xff" * 256
    bootloader.write(board.slot.origin, BLOCK)


@pytest.mark.parametrize("lose", [1, 4, 100, 266, 300, 531, 1000, 1855, 1856, 2500])
def test_a_lost_byte_among_blocks_that_were_sent_ahead(
    bootloader: An3155, port: LossyPort, board: Board, lose: int
) -> None:
    """After a refused block none of the following ones is written; all are repeated."""
    bootloader.hasty = True
    bootloader.ahead, _ = bootloader.options()
    assert bootloader.ahead == 6
    bootloader.erase([page(board)])
    blocks = [(board.slot.origin + 256 * i, bytes([i]) + BLOCK[1:]) for i in range(8)]
    places = [(address, 256) for address, _ in blocks]
    port.lose = lose
    assert len(list(bootloader.write_all(blocks))) == 8
    # Of a Write: 2 bytes of command, 5 of address, 1 of count, 256 of data, 1 of checksum.
    assert bootloader.retries == (1 if lose <= 8 * 265 else 0)
    assert list(bootloader.read_all(places)) == [data for _, data in blocks]
    assert list(bootloader.checksum_all(places)) == [stm32_crc(data) for _, data in blocks]
    port.lose = 0


@pytest.mark.parametrize("lose", [1, 2, 3, 7, 8, 9, 10, 300, 778, 779, 1033, 1034, 1035, 1500, 3000])
@pytest.mark.parametrize(("ahead", "sent"), [(0, 1034 + 778 + 266), (6, 2 * 778 + 2 * 266)])
def test_a_lost_byte_of_a_long_write(
    bootloader: An3155, port: LossyPort, board: Board, ahead: int, sent: int, lose: int
) -> None:
    """Data that the line damages are repeated in short blocks; a gap begins another Long Write.

    The bytes are noise: the XOR misses one loss in 256, and more losses in ascending bytes.
    """
    bootloader.hasty = bootloader.long_writes = True
    bootloader.ahead = ahead
    bootloader.erase([page(board), page(board) + 1, page(board) + 2])
    offsets = [*range(0, 7 * 256, 256), 8 * 256]
    noise = random.Random(6)
    blocks = [(board.slot.origin + at, noise.randbytes(256)) for at in offsets]
    port.lose = lose
    assert len(list(bootloader.write_all(blocks))) == 8
    lost = lose <= sent
    assert (bootloader.retries, bootloader.long_writes) == (int(lost), not lost)
    port.lose = 0
    assert list(bootloader.read_all([(address, 256) for address, _ in blocks])) == [
        data for _, data in blocks
    ]
    assert bootloader.read(board.slot.origin + 7 * 256, 256) == b"\xff" * 256
