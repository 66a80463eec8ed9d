"""The schemas, the small validator that reads results with them, and the reader of result files."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from flips import PLACES, flip_in
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from sensor_bnn.cli import COMMANDS, Pipeline
from sensor_bnn.compiler.metadata import FORMAT
from sensor_bnn.digests import sealed
from sensor_bnn.errors import DataError
from sensor_bnn.flashing.drive import DriveResult
from sensor_bnn.flashing.flash import FlashResult
from sensor_bnn.flashing.probe import ProbeResult
from sensor_bnn.flashing.slot import SlotReport
from sensor_bnn.measure.bench import BenchResult, Layer
from sensor_bnn.report.result import read_result, result_of, write_result
from sensor_bnn.report.schema import FOLDER, load_schema, violation
from sensor_bnn.workflows.demo import Demo

from .conftest import bench

SCHEMAS = {file.stem: json.loads(file.read_text()) for file in FOLDER.glob("*.json")}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_each_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"].endswith(f"/{name}.json")


def test_each_command_is_listed_once() -> None:
    assert len(set(COMMANDS)) == len(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_with_json_has_one(name: str) -> None:
    command = Pipeline().get_command(click.Context(click.Command("root")), name)
    assert command is not None
    prints = any("--json" in parameter.opts for parameter in command.params)
    assert prints == (name in SCHEMAS), f"write sensor_bnn/report/schemas/{name}.json"


@pytest.mark.parametrize(
    ("described", "kind"),
    [
        (SCHEMAS["common"]["$defs"]["measurement"], BenchResult),
        (SCHEMAS["common"]["$defs"]["layer"], Layer),
        (SCHEMAS["flash"]["$defs"]["written"], FlashResult),
        (SCHEMAS["flash"]["$defs"]["looked"], SlotReport),
        (SCHEMAS["flash"]["$defs"]["drive"], DriveResult),
        (SCHEMAS["flash"]["$defs"]["probe"], ProbeResult),
    ],
)
def test_each_field_is_described(described: dict[str, Any], kind: type) -> None:
    names = {field.name for field in fields(kind)}
    assert names - set(described["properties"]) == set(), "describe them in sensor_bnn/report/schemas"
    assert set(described["required"]) - names - {"environment"} == set(), "no longer printed"


def test_the_demos_own_fields_are_described() -> None:
    assert {field.name for field in fields(Demo)} - {"bench", "flash"} <= set(SCHEMAS["demo"]["properties"])


def test_only_keywords_that_the_reader_checks() -> None:
    known = {"$schema", "$id", "$defs", "title", "description", "type", "properties", "required", "items"}
    known |= {"enum", "const", "minimum", "maximum", "minItems", "pattern", "allOf", "anyOf", "$ref"}
    known |= {"additionalProperties"}

    def look(schema: dict[str, Any]) -> None:
        assert set(schema) <= known
        for key in ("properties", "$defs"):
            for part in schema.get(key, {}).values():
                look(part)
        for part in (
            *schema.get("allOf", []),
            *schema.get("anyOf", []),
            schema.get("items"),
            schema.get("additionalProperties"),
        ):
            if part is not None:
                look(part)

    for schema in SCHEMAS.values():
        look(schema)


def paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return [at] * bool(at) + [path for key, member in members for path in paths(member, (*at, key))]


anything = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1e9, "", "text", [], {}])


@pytest.mark.usefixtures("long_run")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_reader_says_what_a_full_validator_says(data: st.DataObject) -> None:
    value: Any = copy.deepcopy(bench())
    for _ in range(data.draw(st.integers(1, 2))):
        *way, key = data.draw(st.sampled_from(paths(value)))
        parent = value
        for step in way:
            parent = parent[step]
        if data.draw(st.booleans()):
            parent[key] = data.draw(anything)
        else:
            del parent[key]
    full = Draft202012Validator(SCHEMAS["bench"], registry=REGISTRY).is_valid(value)
    assert (violation(value, "bench") is None) == full


def test_a_result_is_read(tmp_path: Path, bench_result: Callable[..., dict[str, Any]]) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench_result(of_the_future=1)))
    assert read_result(file)["instructions"] == 76_000
    assert load_schema("bench") is load_schema("bench")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is no valid JSON: Expecting value"),
        ('{"a": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested more than 32 levels deep"),
        ("[" * 40 + "]" * 40, "nested more than 32 levels deep"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": 1e999}', "a is inf; it must be a finite number"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ("\ufeff{}", "starts with a byte order mark"),
        ("[]", "no field `schema`"),
        ("{}", "no field `schema`"),
        ('{"schema": 1}', "no field `schema`"),
        ('{"schema": "sensor-bnn/bench/2"}', "'sensor-bnn/bench/2'; version 1 of bench, demo, profile"),
        ('{"schema": "sensor-bnn/boards/1"}', "is read"),
        ('{"schema": "sensor-bnn/bench/1"}', "lacks board"),
    ],
)
def test_a_file_that_is_no_result(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "result.json"
    file.write_text(content)
    with pytest.raises(DataError, match=told):
        read_result(file)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"layers": []}, r"layers is \[\]; it must contain at least 1 items"),
        ({"layers": "none"}, 'layers is "none"; it must be array'),
        ({"layers": [{"name": "a"}]}, r"layers\[0\] lacks op"),
        ({"ticks": -1}, "ticks is -1; it must be bigger than or equal to 0"),
        ({"top1_device": 1.5}, "top1_device is 1.5; it must be smaller than or equal to 1"),
        ({"emulated": 1}, "emulated is 1; it must be boolean"),
        ({"model_hash": "xyz"}, 'model_hash is "xyz"; it must match pattern'),
        ({"environment": {"date": "today"}}, "environment lacks"),
    ],
)
def test_a_damaged_result_names_the_field(
    tmp_path: Path, bench_result: Callable[..., dict[str, Any]], changes: dict[str, object], told: str
) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench_result(**changes)))
    with pytest.raises(DataError, match=told):
        read_result(file)


def test_a_flipped_bit_is_refused_or_changes_no_value(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    facts = bench()
    whole = result_of(
        "bench", {key: facts[key] for key in facts if key not in ("schema", "environment")}, None
    )
    write_result(whole, file)
    harmless = 0
    for _ in flip_in(file):
        try:
            found = read_result(file)
            assert {key: found.get(key) for key in facts} == {key: whole[key] for key in facts}
            harmless += 1
        except DataError:
            pass
    assert harmless < PLACES / 4  # white space, and the name of the digest
    print(f"{PLACES - harmless} refused, {harmless} without effect")


def test_a_result_that_is_changed_on_purpose_has_no_digest(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    result = sealed(bench())
    file.write_text(json.dumps({**result, "instructions": 75_000}))
    with pytest.raises(DataError, match=r"has changed since it was written.*delete its field digest"):
        read_result(file)
    del result["digest"]
    file.write_text(json.dumps({**result, "instructions": 75_000}))
    assert read_result(file)["instructions"] == 75_000


def test_a_file_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Cannot read"):
        read_result(tmp_path / "absent.json")


def test_the_format_of_a_bundle_is_the_one_that_is_written() -> None:
    common = json.loads((FOLDER / "common.json").read_text())
    assert common["$defs"]["metadata"]["properties"]["format"] == {"const": FORMAT}
