"""What the form of the shipped model without attention costs, as README and the results say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "sensor_bnn" / "zoo" / "sensor-small-conv" / "ckpt.pt"
COSTS = {"qemu-microbit": 433_204, "qemu-mps2-an500": 250_535, "qemu-mps3-an547": 57_073}
DIFFERENCES = {"qemu-mps3-an547": 5e-3}
"""The relative difference between samples: on Helium they say which tokens are computed in 32 bits."""


@pytest.mark.usefixtures("qemu", "cross_compiler", "long_compile")
@pytest.mark.parametrize("board", COSTS)
def test_sensor_small_conv_on(board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["demo", "--checkpoint", str(CHECKPOINT), "--board", board, "--limit", "16", "--json"]
    found = json.loads(CliRunner().invoke(root, line, catch_exceptions=False).stdout)
    assert found["bit_exact"]
    assert found["instructions"] == pytest.approx(COSTS[board], rel=DIFFERENCES.get(board, 1e-3))
    zoo = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
    row = next(line for line in zoo.splitlines() if f"| `{board}` | {COSTS[board]:,} |" in line)
    flash, arena = (int(cell.replace(",", "")) for cell in row.strip("| ").split("|")[-2:])
    # Another GCC generates other code.
    assert (found["flash_bytes"], found["arena_bytes"]) == pytest.approx((flash, arena), rel=0.02)
    for page in ("README.md", "docs/results.md"):
        assert f"{COSTS[board]:,}" in (ROOT / page).read_text(encoding="utf-8")
