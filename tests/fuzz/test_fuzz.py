"""A short run of the fuzzer; ``python -m tests.fuzz.fuzz --minutes 60`` is the long one."""

from __future__ import annotations

from collections import Counter

import pytest

from .corpus import make_corpus
from .fuzz import TARGETS, Worker, fuzz
from .mutations import BYTES, MODEL, damage


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("name", make_corpus())
def test_what_is_damaged_was_valid(name: str) -> None:
    with Worker() as worker:
        for target in TARGETS:
            assert worker.compile(make_corpus()[name], target)[0] == "compiled"


@pytest.mark.parametrize("mutation", [*BYTES, *MODEL])
def test_every_mutation_changes_some_file(mutation: str) -> None:
    data = make_corpus()["chain"] if mutation != "change_function" else make_corpus()["window"]
    assert any(damage(data, [(mutation, seed)]) != data for seed in range(20))


@pytest.mark.usefixtures("cross_compiler")
def test_damaged_files_are_refused_in_one_sentence_or_compile() -> None:
    counts: Counter[str] = Counter()
    with Worker() as worker:
        fuzz(worker, 0, 80, counts)
    assert counts["refused"] >= 40 and counts["finding"] == 0
