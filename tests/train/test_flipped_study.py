"""One flipped bit in the database of ``explore``: refused in a sentence, or without effect on the result."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from flips import PLACES, flip_in
from rich.console import Console

from sensor_bnn.errors import CheckpointError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.tracing import notes_shown
from sensor_bnn.train import sets
from sensor_bnn.train.recipe import Recipe, load_recipe
from sensor_bnn.workflows import explore as module
from sensor_bnn.workflows.explore import Budget, Cost, Plan, board_of, explore

RECIPE = """
preset = "sensor-nano"
[data]
set = "npz"
path = "{path}"
train_subjects = [1, 2, 3]
test_subjects = [4]
"""


pytestmark = pytest.mark.usefixtures("long_run")


@dataclass
class Exploration:
    """A small exploration whose costs and accuracies are made up, and how often one was asked for."""

    plan: Plan
    dataset: Any
    asked: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.plan.out / "study.db"

    def run(self) -> dict[str, Any]:
        self.asked.clear()
        result, busy = explore(self.plan, self.dataset, lambda *_: None, Console(quiet=True))
        assert busy == 0
        return result

    def cost(self, recipe: Recipe, _dataset: object, board: Board, *_: object) -> Cost:
        self.asked.append(recipe.name)
        count = 1000 * len(recipe.name) + len(self.asked)
        return Cost(board.target, board.name, count, count, None, 7000 + count, 500)

    def trained(self, recipe: Recipe, _dataset: object, seed: int, *_: object) -> SimpleNamespace:
        self.asked.append(f"{recipe.name} {seed}")
        return SimpleNamespace(metrics={"test_top1": (len(recipe.name) + seed) / 100})


@pytest.fixture
def exploration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exploration:
    y = np.tile([0, 1], 48)
    x = np.random.default_rng(0).normal(size=(96, 2, 24)).astype(np.float32)
    recording = np.repeat([1, 2, 3, 4], 24)
    np.savez(tmp_path / "x.npz", x=x, y=y, classes=["low", "high"], recording=recording)
    recipe = tmp_path / "own.toml"
    recipe.write_text(RECIPE.format(path=tmp_path / "x.npz"))
    base = load_recipe(str(recipe))
    out = tmp_path / "out"
    out.mkdir()
    budget = Budget(instructions=16_000)
    boards = (board_of("cortex-m0plus"),)
    plan = Plan(base, boards, ("1 bit", "mixed"), 1, 2, 2, budget, out)
    made = Exploration(plan, sets.load(base.data))
    monkeypatch.setattr(module, "_cost", made.cost)
    monkeypatch.setattr(module, "complete", made.trained)
    return made


def contents(file: Path) -> list[object]:
    """Return all that SQLite reads of a database: its schema, and every value of every table."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        if connection.execute("PRAGMA integrity_check").fetchall() != [(b"ok",)]:
            raise sqlite3.DatabaseError("the structure is damaged")
        schema = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = [connection.execute(f'SELECT * FROM "{name.decode()}"').fetchall() for (name,) in tables]
        return [schema, rows]


def test_in_the_database_of_an_exploration(exploration: Exploration) -> None:
    whole = exploration.run()
    assert {one["over"] is None for one in whole["points"]} == {True, False}
    assert exploration.run() == whole and not exploration.asked
    data, same, found, told = exploration.file.read_bytes(), contents(exploration.file), Counter(), set()
    for _ in flip_in(exploration.file):
        flipped = exploration.file.read_bytes()
        try:
            if contents(exploration.file) == same:
                found["no value differs"] += 1
                continue
        except (sqlite3.Error, UnicodeDecodeError):
            pass
        exploration.file.write_bytes(flipped)
        try:
            assert exploration.run() == whole
            found["computed again" if exploration.asked else "no effect"] += 1
        except CheckpointError as error:
            assert str(exploration.file) in error.message and "out" in error.remedy
            found["refused"] += 1
            told.add(error.message.partition(str(exploration.file))[2])
    print(dict(found), *sorted(told), sep="\n")
    assert found.total() == PLACES and found["refused"] > PLACES / 10
    assert exploration.file.read_bytes() == data


def test_each_value_of_a_trial_is_sealed(exploration: Exploration) -> None:
    """A changed value is refused with the number of its trial, and what to do."""
    exploration.run()
    data = exploration.file.read_bytes()
    for change, said in (
        ("UPDATE trial_values SET value = value + 0.5 WHERE objective = 0", "the state or a value"),
        ("UPDATE trial_params SET param_value = 1 - param_value WHERE param_name = 'mlp'", "parameter"),
        ("UPDATE trials SET state = 'PRUNED' WHERE state = 'COMPLETE'", "the state or a value"),
        (
            "UPDATE trial_user_attributes SET value_json = replace(value_json, '500', '501')"
            " WHERE key = 'measured'",
            "the attribute 'measured'",
        ),
        (
            "UPDATE trial_user_attributes SET value_json = replace(value_json, '\"seed\": 0', '\"seed\": 1')"
            " WHERE key = 'planned'",
            "the attribute 'planned'",
        ),
        ("UPDATE trial_user_attributes SET key = 'tole' WHERE key = 'told'", "the attribute 'tole'"),
        ("DELETE FROM trial_user_attributes WHERE key = 'told'", "the set of attributes"),
        ("UPDATE trials SET number = 99 WHERE number = 0", "trial 0 is missing"),
        (
            "UPDATE trials SET state = 'COMPLEUE' WHERE number = 1",
            "Optuna cannot read one of its values ('COMPLEUE' is not",
        ),
        (
            "UPDATE study_user_attributes SET value_json = replace(value_json, 'npz', 'npy')",
            "its recipe, targets or data have changed",
        ),
    ):
        with closing(sqlite3.connect(exploration.file)) as connection:
            assert connection.execute(change).rowcount, change
            connection.commit()
        with pytest.raises(CheckpointError, match="is damaged") as refused:
            exploration.run()
        assert said in refused.value.message, change
        assert refused.value.remedy.startswith(f"Delete {exploration.file}, and repeat the command")
        exploration.file.write_bytes(data)


def test_after_the_damaged_file_is_deleted_the_result_is_the_same(exploration: Exploration) -> None:
    whole = exploration.run()
    exploration.file.unlink()
    assert exploration.run() == whole and exploration.asked


def test_a_study_of_an_earlier_version_goes_on_with_a_note(
    exploration: Exploration, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the same values in attributes without digests; what is added to it has digests."""
    plan = exploration.plan
    exploration.plan = replace(plan, seeds=1)
    exploration.run()
    with closing(sqlite3.connect(exploration.file)) as connection:
        rows = connection.execute("SELECT trial_id, key, value_json FROM trial_user_attributes").fetchall()
        connection.execute("DELETE FROM trial_user_attributes")
        for trial, key, value in rows:
            kept = json.loads(value)
            earlier = {
                "planned": {"seed": kept.get("seed")},
                "process": {"process": [kept.get("host"), kept.get("alive")]},
                "measured": {"costs": kept.get("costs"), "program": kept.get("program")},
                "told": {},
            }[key]
            for name, one in earlier.items():
                connection.execute(
                    "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)",
                    (trial, name, json.dumps(one)),
                )
        ((value,),) = connection.execute("SELECT value_json FROM study_user_attributes").fetchall()
        identity = json.loads(value)
        data = identity.pop("data")
        del identity["digest"]
        connection.execute("UPDATE study_user_attributes SET value_json = ?", (json.dumps(identity),))
        connection.execute(
            "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (1, 'data', ?)",
            (json.dumps(data),),
        )
        connection.commit()
    exploration.plan = plan
    with notes_shown():
        grown = exploration.run()
    assert capsys.readouterr().err.count("note: an earlier version of sensor-bnn began the study own") == 1
    # Costs are known, and only the second seed is trained.
    assert exploration.asked and all(name.endswith(" 1") for name in exploration.asked)
    assert [run["seed"] for run in grown["points"][0]["runs"]] == [0, 1]
    with closing(sqlite3.connect(exploration.file)) as connection:
        connection.execute("UPDATE trial_values SET value = value + 0.5 WHERE objective = 0")
        connection.commit()
    with pytest.raises(CheckpointError, match="is damaged: of trial"):
        exploration.run()


def test_an_empty_file_is_no_new_study(exploration: Exploration) -> None:
    """SQLite would take it for a database without tables, and all trials would be run again unsaid."""
    exploration.run()
    exploration.file.write_bytes(b"")
    with pytest.raises(CheckpointError, match="is damaged: the file is empty") as refused:
        exploration.run()
    assert "Delete" in refused.value.remedy and not exploration.file.stat().st_size
    exploration.file.unlink()
    exploration.run()


def test_how_far_it_is_is_told(exploration: Exploration) -> None:
    told: list[tuple[int, int]] = []

    def done(finished: int, total: int) -> None:
        told.append((finished, total))

    explore(exploration.plan, exploration.dataset, lambda *_: None, Console(quiet=True), done)
    total = told[0][1]
    assert told == [(finished, total) for finished in range(total + 1)] and total > 2
    told.clear()
    explore(exploration.plan, exploration.dataset, lambda *_: None, Console(quiet=True), done)
    assert told == [(total, total)]
