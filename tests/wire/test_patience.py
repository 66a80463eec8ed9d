"""Waits grow with the machine's load."""

from __future__ import annotations

import os

import pytest

from sensor_bnn.wire import patience
from sensor_bnn.wire.patience import patient


@pytest.mark.parametrize(("load", "want"), [(0.1, 2.0), (2.0, 2.0), (11.0, 11.0), (1000.0, 32.0)])
def test_a_wait_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch, load: float, want: float) -> None:
    monkeypatch.setattr(patience, "_PROCESSORS", 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert patient(2.0) == want


def test_a_machine_that_tells_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert patient(2.0) == 2.0
