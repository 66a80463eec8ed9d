"""TOML and JSON from outside: a mistake is one sentence with file, key, value and rule, never a traceback."""

import ast
import copy
import json
import os
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from bundles import bundle_facts, write_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

import sensor_bnn
from sensor_bnn.compiler.metadata import FILE, FORMAT, Metadata, read_metadata
from sensor_bnn.digests import sealed
from sensor_bnn.errors import BundleError, DataError, SensorBnnError
from sensor_bnn.reading import LARGEST_BYTES, Source, read_json, read_toml, typed
from sensor_bnn.resources import cache_folder, resource

PACKAGE = Path(sensor_bnn.__file__).parent


@dataclass(frozen=True)
class Part:
    crop: Annotated[int, Meta(ge=0, le=8)] = 0
    rate: Annotated[float, Meta(gt=0)] = 1.0
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    parity: Literal["even", "odd"] = "even"
    word: Annotated[str, Meta(pattern=r"\A[a-z]+\Z", extra={"rule": "a word in small letters"})] = "a"
    subjects: Annotated[tuple[int, ...], Meta(min_length=1)] = (1,)
    named: dict[str, Annotated[int, Meta(le=3)]] | None = None


class Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    flag: bool
    title: Annotated[str, Meta(min_length=1)] = "x"
    part: Part = Part()
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.part.crop == 7:
            raise ValueError("part.crop is 7; it must be another")


OK = {"flag": True}


def source(name: str) -> Source:
    return Source(name, DataError, "Correct it.")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({**OK, "part": {"crop": -2}}, "part.crop is -2; it must be between 0 and 8"),
        (
            {**OK, "part": {"crop": 2.0}},
            "part.crop is 2.0; it must be a whole number between 0 and 8",
        ),
        (
            {**OK, "part": {"crop": True}},
            "part.crop is true; it must be a whole number",
        ),
        ({**OK, "part": {"crop": 10**30}}, "it must be between 0 and 8"),
        ({**OK, "part": {"crop": 7}}, "part.crop is 7; it must be another"),
        ({**OK, "part": {"rate": 0}}, "part.rate is 0; it must be more than 0"),
        ({**OK, "part": {"rate": float("inf")}}, "part.rate is inf; it must be a finite number"),
        ({**OK, "part": {"rate": 10**400}}, "part.rate is 1000"),
        ({**OK, "part": {"share": 1.0}}, "part.share is 1.0; it must be at least 0 and less than 1"),
        (
            {**OK, "part": {"parity": "odd "}},
            "part.parity is 'odd '; it must be one of 'even', 'odd'",
        ),
        ({**OK, "part": {"word": "A"}}, "part.word is 'A'; it must be a word in small letters"),
        ({**OK, "part": {"word": "a\n"}}, r"part.word is 'a\n'; it must be a word"),
        (
            {**OK, "part": {"subjects": []}},
            "part.subjects is []; it must be a list of one or more",
        ),
        (
            {**OK, "part": {"subjects": [1, "b"]}},
            "part.subjects[1] is 'b'; it must be a whole number",
        ),
        (
            {**OK, "part": {"named": {"a b": 3, "c-d": 4}}},
            "part.named.c-d is 4; it must be at most 3",
        ),
        ({**OK, "parts": [{}, {"crop": 9}]}, "parts[1].crop is 9; it must be between 0 and 8"),
        ({**OK, "parts": [{}, {"crap": 9}]}, "parts[1].crap is not a known key; did you mean crop"),
        ({**OK, "zzz": 1}, "zzz is not a known key; the known keys are flag, title, part, parts"),
        ({"flag": 1}, "flag is 1; it must be true or false"),
        ({"flag": None}, "flag is null; it must be true or false"),
        ({}, "flag is missing"),
        ({**OK, "title": ""}, "title is ''; it must be a text that is not empty"),
        ({**OK, "part": []}, "part is []; it must be a table"),
        ([], "it is []; it must be a table"),
    ],
)
def test_a_value_that_breaks_its_rule(values: object, told: str) -> None:
    with pytest.raises(DataError) as caught:
        typed(values, Whole, source("x.toml"))
    assert caught.value.message.startswith("x.toml: ") and told in caught.value.message
    assert caught.value.remedy == "Correct it."
    assert len(caught.value.message) < 200


# Far deeper than the parsers of TOML and JSON can recurse.
DEEP = 200_000


@pytest.mark.parametrize(
    ("read", "content", "told"),
    [
        (read_toml, b"flag = true\na = = 3", r"no valid TOML: .*line 2, column 5"),
        (read_toml, b"flag = true\nflag = true", "no valid TOML: Cannot overwrite"),
        (read_toml, b"flag = true\n# \xff", "no valid TOML: line 2 is not UTF-8"),
        (read_toml, b"\xef\xbb\xbfflag = true", "starts with a byte order mark"),
        (read_toml, b"[part]\nrate = nan", "part.rate is nan; it must be a finite number"),
        (read_toml, b"flag = " + b"[" * DEEP, "nested more than"),
        (read_toml, b"a." * 100 + b"a = 1", "nested more than"),
        (read_toml, b"flag = 2020-01-01", "flag is datetime"),
        # Python converts numbers of up to 4,300 digits.
        (read_toml, b"flag = " + b"9" * 5000, "no valid TOML"),
        (read_json, b'{"flag": true, "flag": false}', "the key 'flag' is there twice"),
        (read_json, b'{"flag": NaN}', "NaN is no number in JSON"),
        (read_json, b'{"flag": 1e999}', "flag is inf; it must be a finite number"),
        (read_json, b'{"flag": ' + b"9" * 5000 + b"}", "no valid JSON"),
        (read_json, b"[" * DEEP, "nested more than"),
        (read_json, b"", "no valid JSON: Expecting value: line 1 column 1"),
        (read_json, b'{"flag": true} x', "no valid JSON: Extra data"),
        (read_json, b'{"title": "\\ud800", "flag": true}', "half of a surrogate pair"),
        (read_json, b"\xff\xfe{\x00}\x00", "line 1 is not UTF-8"),
        (read_json, b"\xef\xbb\xbf{}", "starts with a byte order mark"),
    ],
)
def test_a_file_that_is_damaged(
    tmp_path: Path, read: Callable[..., object], content: bytes, told: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        read(file, Whole, source(str(file)))
    assert str(file) in caught.value.message and len(caught.value.message) < len(str(file)) + 200


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for file, told in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / ("n" * 300), "File name too long"),
        (tmp_path / "a\0b", "that is no path"),
        (Path("/dev/zero"), f"more than {LARGEST_BYTES >> 20} MiB"),
    ):
        with pytest.raises(DataError, match=told):
            read_json(file, Whole, source(str(file)))


def test_a_pair_of_surrogates_is_a_letter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"title": "\\ud83d\\ude00", "flag": true}')
    assert read_json(tmp_path / "file", Whole, source("file")).title == "\U0001f600"


def test_a_bundle_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    def layers(**changes: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = bundle_facts()["layers"]
        return [found[0], found[1], {**found[2], **changes}]

    for changes, told in (
        (
            {"input": {"dtype": "float31", "shape": [1], "bytes": 4}},
            "input.dtype is 'float31'; it must be",
        ),
        (
            {"input": {"dtype": "float32", "shape": [1, 6], "bytes": 25}},
            "bytes is 25; float32 [1, 6] has 24",
        ),
        ({"layers": layers(op=3)}, "layers[2].op is 3; it must be a text"),
        ({"layers": layers(index=5)}, "layers[2].index is 5; it must be 2"),
        ({"layers": layers(macs=-1)}, "layers[2].macs is -1; it must be between 0 and"),
        ({"layers": layers(product={"m": 1})}, "layers[2].product.count is missing"),
        ({"library": "libx.a"}, "library is 'libx.a'; it must be 'libstand_in.a' or null"),
        (
            {"arena": [{"name": "a", "offset": 1000, "bytes": 100, "first": 0, "last": 1}]},
            "arena[0].bytes is 100; with its offset 1000 it must be at most 1024, the arena",
        ),
        (
            {"arena": [{"name": "a", "offset": 0, "bytes": 100, "first": 1, "last": 3}]},
            "arena[0].last is 3; it must be between 1, its first, and 2, the last layer",
        ),
        (
            {"format": FORMAT + 1},
            f"format is {FORMAT + 1}; the bundle was made by a newer version of sensor-bnn",
        ),
        ({"weight_bytes": 7}, "weight_bytes is not a known key; did you mean weights_bytes"),
    ):
        with pytest.raises(BundleError) as caught:
            read_metadata(write_bundle(tmp_path, **changes))
        assert str(tmp_path / FILE) in caught.value.message and told in caught.value.message
        assert "Compile the model again with `sensor-bnn compile`." in caught.value.remedy


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    metadata = read_metadata(write_bundle(tmp_path))
    assert isinstance(metadata, Metadata)
    assert metadata.to_json() == json.dumps(sealed(bundle_facts()), indent=2) + "\n"
    with pytest.raises(AttributeError):
        metadata.model = "another"  # type: ignore[misc]


def test_the_layers_that_take_most(tmp_path: Path) -> None:
    assert read_metadata(write_bundle(tmp_path)).fullest_layer == ""
    arena = [
        {"name": "a", "offset": 0, "bytes": 100, "first": 0, "last": 1},
        {"name": "b", "offset": 100, "bytes": 10, "first": 1, "last": 2},
    ]
    layers = bundle_facts()["layers"]
    layers[2]["weights_bytes"] = 99
    metadata = read_metadata(write_bundle(tmp_path, arena=arena, layers=layers))
    assert (metadata.fullest_layer, metadata.largest_layer) == ("/layer1", "/layer2")


def bundle_json(folder: Path, content: bytes) -> object:
    (folder / FILE).write_bytes(content)
    return read_metadata(folder)


def board_toml(folder: Path, content: bytes) -> object:
    from sensor_bnn.hardware.file import read_board

    (folder / "board.toml").write_bytes(content)
    return read_board(folder)


def recipe_toml(folder: Path, content: bytes) -> object:
    from sensor_bnn.train.recipe import load_recipe

    (folder / "recipe.toml").write_bytes(content)
    return load_recipe(str(folder / "recipe.toml")).config((6, 100), ("a", "b"))


def ablation_toml(folder: Path, content: bytes) -> object:
    from sensor_bnn.train.ablation import load_ablation

    (folder / "ablation.toml").write_bytes(content)
    return load_ablation(str(folder / "ablation.toml"))


def tuning_json(folder: Path, content: bytes) -> object:
    from sensor_bnn.compiler.tuning import read_tuning

    (folder / "tuning.json").write_bytes(content)
    return read_tuning(folder / "tuning.json", "cortex-m7")


def result_json(folder: Path, content: bytes) -> object:
    from sensor_bnn.report.result import read_result

    (folder / "result.json").write_bytes(content)
    return read_result(folder / "result.json")


def tuning_example() -> bytes:
    from importlib.metadata import version

    best = [None, {"rows": [["popcount", 12]]}, {"schedule": {"rows": 2, "columns": 1}}]
    workloads = [{"workload": f"Dense {n}", "best": choice} for n, choice in enumerate(best)]
    facts = {"schema": "sensor-bnn/tune/1", "version": version("sensor-bnn"), "target": "cortex-m7"}
    return json.dumps(sealed({**facts, "workloads": workloads})).encode()


def shipped(*parts: str) -> bytes:
    return PACKAGE.joinpath(*parts).read_bytes()


READERS: dict[str, tuple[Callable[[Path, bytes], object], Callable[[], bytes]]] = {
    "bundle": (bundle_json, lambda: json.dumps(sealed(bundle_facts())).encode()),
    "board": (board_toml, lambda: (resource("boards") / "nucleo-f446re" / "board.toml").read_bytes()),
    "recipe": (recipe_toml, lambda: shipped("train", "recipes", "watch-tiny.toml")),
    "ablation": (ablation_toml, lambda: shipped("train", "ablations", "watch-tiny.toml")),
    "tuning": (tuning_json, tuning_example),
    "result": (
        result_json,
        lambda: b'{"schema": "sensor-bnn/bench/1", "board": "toy", "layers": []}',
    ),
}

ODD = [
    *("", "-1", "0", "1e999", "-inf", "nan", "NaN", "null", "true", "[]", "{}", "[[1]]", '"\\ud800"', "1.5"),
    *(
        '""',
        "'x'",
        "99999999999999999999",
        "=",
        "\n",
        "[",
        "]]",
        "\0",
        "\ufeff",
        "x = 1\n",
        "[a]\n",
        "{'a': 1}",
    ),
]


def mutated(content: bytes, seed: int) -> bytes:
    """The content with one to three tokens, lines or bytes replaced, dropped or doubled."""
    rng, data = random.Random(seed), bytearray(content)
    for _ in range(rng.randint(1, 3)):
        first = rng.randrange(len(data) + 1)
        last = min(len(data), first + rng.choice((0, 1, 1, 2, 5, 20, 200)))
        odd = rng.choice(ODD).encode("utf-8", "surrogatepass")
        match rng.randrange(4):
            case 0:
                data[first:last] = odd
            case 1:
                data[first:last] = rng.randbytes(rng.randint(0, 3))
            case 2:
                data[first:first] = data[first:last]
            case _:
                data[first:last] = rng.choice(string.printable).encode()
    return bytes(data)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("name", READERS)
@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_changed_file_is_taken_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    read, example = READERS[name]
    folder = tmp_path_factory.getbasetemp() / f"nucleo-{name}"
    folder.mkdir(exist_ok=True)
    try:
        read(folder, mutated(example(), seed))
    except SensorBnnError as error:
        assert error.message.endswith(".") and error.remedy
        error.message.encode()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_value_is_taken_or_refused_in_a_sentence(data: st.DataObject) -> None:
    """Every reader of values goes through ``typed``: the bundle's facts, the deepest, represent all."""
    values = copy.deepcopy(bundle_facts())
    at: Any = values
    while True:
        keys = list(at) if isinstance(at, dict) else range(len(at))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(anything)
    try:
        found = typed(values, Metadata, source("metadata.json"))
        assert found.plain() == json.loads(json.dumps(values))
    except DataError as error:
        assert error.message.startswith("metadata.json: ")


def test_the_cache_is_where_the_system_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SENSOR_BNN_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "sensor-bnn"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "sensor-bnn"
    monkeypatch.setenv("SENSOR_BNN_DATA", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENSOR_BNN_DATA", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)  # a number that the list of users does not have
    with pytest.raises(DataError, match="no home folder") as caught:
        cache_folder()
    assert "SENSOR_BNN_DATA" in caught.value.remedy


def names_of(file: Path) -> set[str]:
    """The modules that a Python file imports, and every text in it but the docstrings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            found.add(node.value)
    return found


def modules_with(name: str) -> list[str]:
    return sorted(str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if name in names_of(file))


@pytest.mark.usefixtures("long_run")
def test_one_module_reads_each_kind_of_file() -> None:
    """Another reader of TOML or of a bundle's facts would be another set of rules."""
    assert modules_with("tomllib") == ["reading.py"]
    assert modules_with("metadata.json") == ["compiler/metadata.py"]
    assert modules_with("fastjsonschema") == ["report/schema.py"]


def test_constants_are_stated_once() -> None:
    for name in ("WORD_BITS", "HEADER_BYTES"):
        stated = [
            str(file.relative_to(PACKAGE))
            for file in PACKAGE.rglob("*.py")
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id == name
        ]
        assert len(stated) == 1, (name, stated)
