"""Flashing over a cable that damages bytes ends right or with a clear error, never with a wrong image.

    python -m pytest -q -s tests/firmware/test_line_errors.py

prints what happened on the line.
"""

from __future__ import annotations

from collections import Counter

import pytest

from sensor_bnn.errors import SensorBnnError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.flashing.flash import FlashResult, flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire import an3155

from .line import ACK, NACK, Machine
from .noise import NoisyCable

HELLO, BOOTLOADER = 1, 8


@pytest.mark.usefixtures("longest")
@pytest.mark.parametrize(
    ("rate", "rounds"), [(1e-5, (0, 1)), (1e-4, (0, 1, 2)), (1e-3, (0, 1)), (1e-3, (2, 3))]
)
def test_a_line_with_errors(
    machine: Machine,
    board: Board,
    built: BuildResult,
    rate: float,
    rounds: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Lost bytes are waited for often here, and an emulated board answers at once.
    monkeypatch.setattr(an3155, "_ANSWER_SECONDS", 1.0)
    image = read_image(built.folder)
    line, slot = machine.line, board.slot.origin
    assert line.call() == ACK
    ended: list[FlashResult | SensorBnnError] = []
    happened: Counter[str] = Counter()
    carried = 0
    for index in rounds:
        with NoisyCable(machine.emulator.port, rate, seed=1000 * index + int(1 / rate)) as cable:
            try:
                ended.append(flash_image(cable.port, image, board, rewrite_all=True, read_back=True))
            except SensorBnnError as error:
                ended.append(error)
                assert error.message and error.remedy
        happened += cable.events
        carried += cable.bytes
        # In any case, the image in the slot is started only if it is whole.
        machine.emulator.reset()
        line.call()
        while line.take(4096, 0.3):
            pass
        found = b"".join(line.read(slot + at, 256) for at in range(0, len(image.data), 256))
        whole = found[: len(image.data)] == image.data
        assert line.go(slot) == (ACK if whole else NACK)
        assert whole or isinstance(ended[-1], SensorBnnError), "a wrong image, and no error"
        if whole:
            assert line.ask(HELLO)[1][:32] == bytes.fromhex(image.model_hash)
            assert line.ask(BOOTLOADER)[0] == 0
            assert line.call() == ACK
    right = [end for end in ended if isinstance(end, FlashResult)]
    print(
        f"\n{rate:g}: {carried:,} bytes, {dict(happened)}; {len(right)} of {len(rounds)} flashed, "
        f"{sum(end.retries for end in right)} commands repeated; errors: "
        f"{[end.message for end in ended if isinstance(end, SensorBnnError)]}"
    )
    assert rate > 1e-4 or len(right) == len(rounds)
    assert flash_image(machine.emulator.port, image, board).model_hash == image.model_hash
