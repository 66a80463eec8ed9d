"""The models without a network in docs/results.md: their C answers as they do, and the table is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensor_bnn.resources import resource


@pytest.mark.usefixtures("cross_compiler", "long_run")
def test_the_table_of_what_needs_no_network(tmp_path: Path) -> None:
    # Imported here: it takes a tenth of the time in which each process of the tests collects them.
    from .without_network import CORES, measure

    reached, costs, answers = measure(tmp_path, range(1))
    text = (resource("docs") / "results.md").read_text(encoding="utf-8")
    for name, each in reached.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        # Another processor adds the fit's floats in another order: trees and weights may differ a little.
        assert float(cells[4].split()[0]) == pytest.approx(each[0], abs=0.5), name
        for core, cell in zip(CORES, cells[1:3], strict=True):
            cost = costs[name, core]
            assert np.array_equal(cost.answers, answers[name]), (name, core)
            assert cost.instructions.mean() == pytest.approx(int(cell.replace(",", "")), rel=0.02), (
                name,
                core,
            )
        assert costs[name, "cortex-m0plus"].flash == pytest.approx(int(cells[3].replace(",", "")), rel=0.05)
