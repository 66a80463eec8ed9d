"""Choices for layers: all give the same bits, a bundle uses those of a file, and bad files are refused."""

import json
from importlib.metadata import version

import numpy as np
import pytest
from flips import PLACES, flip_in

from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.lookup import choose_rows, kernels_of, row_splits
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.compiler.tuning import Choice, Tuning, choice_from_json, read_tuning
from sensor_bnn.digests import sealed
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.load import load_model
from sensor_bnn.tuning.measure import run_on_host
from sensor_bnn.tuning.search import every_point
from sensor_bnn.tuning.trials import Trial, trials_program

HOST = find_target("host")
SOME = 6
"""Points of a space, from its plainest to its most unrolled."""


@pytest.fixture
def model(random_folded, shape_of, tmp_path):
    from sensor_bnn.onnx.export import save_onnx, to_onnx

    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(random_folded(shape_of(tokens=12, heads=2, layers=1))), path)
    return path


def tunables_of(path, target):
    program = plan_program(match_patterns(import_onnx(load_model(path, STANDARD_OPERATORS))), target)
    return {step.tunable.ways.workload: step.tunable for step in program.steps if step.tunable}


def tuning_file(folder, choices, **changes):
    entries = [{"workload": workload, "best": choice} for workload, choice in choices.items()]
    content = {
        "schema": "sensor-bnn/tune/1",
        "version": version("sensor-bnn"),
        "target": "cortex-m7",
        "workloads": entries,
        **changes,
    }
    file = folder / "tuning.json"
    file.write_text(json.dumps(sealed(content)))
    return file


@pytest.mark.usefixtures("long_compile")
def test_choices_of_every_layer_give_the_same_bits(model):
    tunables = tunables_of(model, HOST)
    operators = {workload.rpartition(" ")[0] for workload in tunables}
    assert operators == {
        *("Dense", "BnnLinearPacked", "BnnLinear + Add", "MeanRows"),
        *("BnnMatMul + BnnAttentionMap", "BnnBoolMatMul + BnnPack"),
    }
    trials = []
    for workload, tunable in tunables.items():
        space = tunable.ways.space()
        points = every_point(space) if space else []
        some = points[:: max(len(points) // SOME, 1)] + points[-1:]
        choices = (None, *tunable.ways.splits, *(Choice(schedule=point) for point in some))
        assert len(choices) > 3, workload
        trials += [Trial(workload, choice) for choice in choices]
    digests = run_on_host(trials_program(tunables, trials, 7).program)
    wanted = {
        trial.workload: digest for trial, digest in zip(trials, digests, strict=True) if not trial.choice
    }
    assert len(set(wanted.values())) == len(wanted)
    wrong = [
        str(trial) for trial, digest in zip(trials, digests, strict=True) if digest != wanted[trial.workload]
    ]
    assert wrong == []


@pytest.mark.usefixtures("long_compile")
def test_a_kernel_that_leaves_nothing_or_other_bits_has_another_digest(model):
    """The data of another seed simulate wrong bits; so does the poison after the previous trial."""
    tunables = tunables_of(model, HOST)
    trials = [Trial(workload, None) for workload in tunables]
    first, second = (run_on_host(trials_program(tunables, trials, seed).program) for seed in (1, 2))
    assert not (first == second).any()
    total = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for _ in range(64):
            total = (total ^ np.uint32(0xA5A5A5A5)) * np.uint32(16777619)
    assert total not in first


def test_splits_hold_what_the_rule_chooses():
    for target in (find_target("cortex-m7"), find_target("cortex-m55"), find_target("cortex-a53")):
        for M in (1, 7, 16, 20, 33, 65):
            splits = row_splits(target, M, 192)
            assert all(sum(count for _, count in split) == M for split in splits)
            assert len(set(splits)) == len(splits)
            chosen = choose_rows(target, M, 64, 192, packed=True)
            assert tuple((rows.kernel.name, rows.count) for rows in chosen) in splits
        assert ((kernels_of(target)[-1].name, 33),) in row_splits(target, 33, 192)


@pytest.mark.usefixtures("cross_compiler")
def test_a_tuning_chooses_the_calls_of_its_layers_alone(model, tmp_path):
    tunables = tunables_of(model, find_target("cortex-m7"))
    packed = next(workload for workload in tunables if workload.startswith("BnnLinearPacked 12x64x64"))
    (dense, *_) = (workload for workload in tunables if workload.startswith("Dense"))
    choices = {
        packed: {"rows": [["popcount", 12]]},
        dense: {"schedule": {"rows": 3, "columns": 4, "terms": 2}},
        "BnnLinear 1x2x3": {"rows": [["popcount", 1]]},  # a shape that the model does not have
    }
    file = tuning_file(tmp_path, choices)
    plain = compile_model(model, "cortex-m7", tmp_path / "plain")
    tuned = compile_model(model, "cortex-m7", tmp_path / "tuned", tuning=file)
    differ = {
        new.name
        for old, new in zip(plain.metadata.layers, tuned.metadata.layers, strict=True)
        if old.kernel != new.kernel
    }
    assert differ == {
        "/embed/project",
        *(f"/blocks.0/attention/{name}" for name in ("query", "key", "value")),
    }
    embed = next(layer for layer in tuned.metadata.layers if layer.name == "/embed/project")
    assert embed.kernel.endswith("_rows3_columns4_terms2")
    assert plain.metadata.tuning is None
    assert tuned.metadata.tuning == read_tuning(file, "cortex-m7").sha256
    again = compile_model(model, "cortex-m7", tmp_path / "again", tuning=file, cache=False)
    for path in sorted(tuned.folder.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (again.folder / path.relative_to(tuned.folder)).read_bytes(), path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "cortex-m4"}, "is for the target 'cortex-m4'"),
        ({"version": "0.0.1"}, "was made by sensor-bnn 0.0.1"),
        ({"schema": "sensor-bnn/bench/1"}, "is not a tuning file"),
        ({"workloads": [{"workload": "x"}]}, r"workloads\[0\]\.best is missing"),
        (
            {"workloads": [{"workload": "x", "best": {"rows": [["popcount"]]}}]},
            "it must be a list of 2 items",
        ),
        (
            {"workloads": [{"workload": "x", "best": {"schedule": {"rows": "2"}}}]},
            "best.schedule.rows is '2'",
        ),
        ({"workloads": [{"workload": "x", "best": {}}]}, r"it must have either rows or schedule"),
        (
            {"workloads": [{"workload": "x", "best": {"row": []}}]},
            "did you mean rows",
        ),
        ({"workloads": 3}, "workloads is 3; it must be a list"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(changes, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        read_tuning(tuning_file(tmp_path, {}, **changes), "cortex-m7")


def test_a_flipped_bit_is_refused_or_changes_no_value(tmp_path):
    """A changed choice would compile, and give the same bits from a slower kernel than was measured."""
    choices = {"Dense 1x7x64": {"schedule": {"rows": 1, "columns": 7, "terms": 8}}, "MeanRows 20x64": None}
    choices["BnnLinearPacked 20x64x64"] = {"rows": [["lookup16", 16], ["popcount", 4]]}
    file = tuning_file(tmp_path, choices)
    whole, harmless = read_tuning(file, "cortex-m7"), 0
    for _ in flip_in(file):
        try:
            assert read_tuning(file, "cortex-m7").choices == whole.choices
            harmless += 1
        except ModelError:
            pass
    assert harmless < PLACES / 4  # white space
    print(f"{PLACES - harmless} refused, {harmless} without effect")


def test_a_file_without_a_digest_is_refused(tmp_path):
    file = tuning_file(tmp_path, {})
    content = json.loads(file.read_text())
    del content["digest"]
    file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"it has changed since it was written.*Tune the model again"):
        read_tuning(file, "cortex-m7")


@pytest.mark.parametrize("text", [None, "", "[1]", "{", "\xff" * 3])
def test_a_file_that_is_no_json_object_is_one_sentence(text, tmp_path):
    file = tmp_path / "tuning.json"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="tune"):
        read_tuning(file, "cortex-m7")


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    ("operator", "choice", "message"),
    [
        ("BnnLinearPacked", {"rows": [["neon", 12]]}, "no kernel 'neon'"),
        ("BnnLinearPacked", {"rows": [["popcount", 11]]}, "not have the layer's 12 rows"),
        ("BnnLinearPacked", {"schedule": {"rows": 1}}, "its kernel does not have the choice"),
        ("BnnBoolMatMul", {"schedule": {"rows": 1}}, "its kernel does not have the choice"),
        ("Dense", {"rows": [["popcount", 12]]}, "its kernel does not have the choice"),
        (
            "Dense",
            {"schedule": {"rows": 5, "columns": 1, "terms": 1}},
            "'rows' is 5, not one of 1, 2, 3, 4, 6",
        ),
        ("Dense", {"schedule": {"rows": 1, "columns": 1}}, "'terms' is None"),
        ("MeanRows", {"schedule": {"rows": 1, "columns": 1, "x": 1}}, "no schedule parameter 'x'"),
    ],
)
def test_a_choice_that_is_none_for_its_layer_names_the_node(model, operator, choice, message):
    graph = match_patterns(import_onnx(load_model(model, STANDARD_OPERATORS)))
    target = find_target("cortex-m7")
    workload = next(name for name in tunables_of(model, target) if name.startswith(operator))
    with pytest.raises(ModelError, match=f"tuning of node /.*{message}"):
        plan_program(graph, target, Tuning({workload: choice_from_json(choice)}))


@pytest.mark.usefixtures("long_run")
def test_a_layer_that_is_not_tuned_has_the_kernel_at_the_point_of_the_rule(model):
    """The rule is a point of the space of schedules that `tune` searches, over the same TIR kernel."""
    for workload, tunable in tunables_of(model, find_target("cortex-m7")).items():
        space = tunable.ways.space()
        if space is None:
            continue
        assert dict(space.rule) in every_point(space), workload
        (call,) = tunable.ways.plan(Choice(schedule=space.rule)).calls
        (own, *_) = tunable.ways.plan(None).calls
        if own.function is not None and workload.startswith(("Dense", "MeanRows")):
            assert call.function.script() == own.function.script(), workload
