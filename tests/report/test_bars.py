"""The progress bars of a transfer."""

from __future__ import annotations

import pytest

from sensor_bnn.report.progress import transfer_bars


def test_a_stage_that_is_told_once_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """An erase is one answer: nothing says how fast it was, and no question mark does."""
    with transfer_bars() as report:
        report("erase", 4096, 4096)
        report("write", 0, 100)
        report("write", 100, 100)
    told = capsys.readouterr().err
    assert "erase" in told and "100%" in told and "?" not in told
