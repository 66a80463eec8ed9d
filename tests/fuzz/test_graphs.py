"""A part of ``python -m tests.fuzz.graphs --count 2000``, and that it finds what is read wrongly."""

from __future__ import annotations

from collections import Counter

import pytest

from sensor_bnn.onnx import rewrite

from .graphs import OPSETS, outcome, random_graph

PARTS = 4
GRAPHS_OF_A_PART = 20


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.usefixtures("long_run")
def test_random_graphs_compute_what_onnxruntime_computes(part: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(part * GRAPHS_OF_A_PART, (part + 1) * GRAPHS_OF_A_PART):
        kind, said = outcome(random_graph(seed))
        counts[kind] += 1
        assert kind != "finding", f"seed {seed}: {said}"
    assert counts["equal"] >= 0.8 * GRAPHS_OF_A_PART, counts


def test_the_graphs_have_every_operator_set_and_rank() -> None:
    models = [random_graph(seed) for seed in range(300)]
    assert {model.opset_import[0].version for model in models} == set(OPSETS)
    ranks = {len(model.graph.input[0].type.tensor_type.shape.dim) for model in models}
    assert ranks == {1, 2, 3, 4}


@pytest.mark.usefixtures("long_run")
def test_a_misreading_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "_SOFTMAX_OF_ONE_AXIS", 0)
    seeds = (seed for seed in range(1000) if _has_old_softmax(seed))
    assert any(outcome(random_graph(next(seeds)))[0] == "finding" for _ in range(20))


def _has_old_softmax(seed: int) -> bool:
    model = random_graph(seed)
    old = model.opset_import[0].version < 13
    return old and any(node.op_type == "Softmax" for node in model.graph.node)
