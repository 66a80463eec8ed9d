"""Waits for an emulated board grow with the machine's load, and not without end."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from peer import TOY

from sensor_bnn.wire import patience, port
from sensor_bnn.wire.patience import patient
from sensor_bnn.wire.port import SerialPort


@pytest.mark.parametrize(
    ("load", "want"), [(0.1, 2.0), (2.0, 2.0), (11.0, 11.0), (44.0, 44.0), (1000.0, 62.0)]
)
def test_a_wait_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch, load: float, want: float) -> None:
    monkeypatch.setattr(patience, "_PROCESSORS", 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert patient(2.0) == want


def test_a_machine_that_tells_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert patient(2.0) == 2.0


def test_a_real_board_is_not_slowed_by_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    master, slave = os.openpty()
    try:
        path = os.ttyname(slave)
        with SerialPort(path, TOY.uart) as line:
            assert line.patient(60.0) == 120.0
        monkeypatch.setattr(port, "_PSEUDO_TERMINALS", range(0))
        with SerialPort(path, replace(TOY.uart, parity="none")) as line:
            assert line.patient(60.0) == 60.0
    finally:
        os.close(master)
        os.close(slave)
