"""Every command with ``--json``, found by a walk through all commands, is validated against its schema."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root

TESTS = Path(__file__).parents[1]
STAGES = "cli/test_commands.py::test_each_stage_alone_with_an_emulated_board_held_open"

HERE = {
    "boards": ["boards", "--json"],
    "boards check": ["boards", "check", "qemu-mps2-an500", "--json"],
    "doctor": ["doctor", "--json"],
    "kernels": ["kernels", "--target", "cortex-m7", "--shape", "4x32x32", "--no-baselines", "--json"],
    "keygen": ["keygen", "key.pem", "--json"],
    "models": ["models", "--json"],
    "targets": ["targets", "--json"],
}
"""Commands that take nothing that another command makes."""

ELSEWHERE = {
    "ablate": "train/test_train_ablation.py::test_command",
    "bench": STAGES,
    "build": "cli/test_commands.py::compiled",
    "compare": "report/test_compare.py::test_the_command",
    "data": "report/test_contents.py::test_the_json_is_of_its_schema_and_says_what_is_there",
    "compile": "cli/test_commands.py::compiled",
    "demo": "demo/test_demo.py::test_demo_from_checkpoint_to_measured_board",
    "emulate": STAGES,
    "evaluate": "cli/test_evaluate.py::test_without_arguments_the_shipped_model_is_evaluated",
    "explore": "cli/test_explore.py::test_a_model_is_measured_trained_and_recommended",
    "export": "cli/test_commands.py::compiled",
    "flash": STAGES,
    "monitor": "report/test_monitor.py::test_what_is_counted",
    "profile": "report/test_profile.py::test_the_command_at_a_port",
    "report": "report/test_report.py::test_the_command_tells_what_it_wrote",
    "stream": "report/test_stream.py::test_the_shipped_model_hears_its_recordings",
    "survey": "train/test_train_survey.py::test_settings_are_chosen_on_held_out_training_subjects",
    "train": "train/test_train_cli.py::test_train_then_eval_then_samples",
    "tune": "tuning/test_tune.py::test_the_command_counts_keeps_and_compiles",
    "verify": "compiler/test_verify.py::test_every_layer_of_every_backend_agrees_on_an_emulated_board_too",
}
"""The function that runs each other command and validates what it prints."""


def with_json(command: click.Command, path: tuple[str, ...], context: click.Context) -> Iterator[str]:
    """Names of a command and of those below it that have the option."""
    if any("--json" in parameter.opts for parameter in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from with_json(below, (*path, name), context)


def test_every_command_with_json_is_known() -> None:
    found = list(with_json(root, (), click.Context(root)))
    assert sorted(found) == sorted([*HERE, *ELSEWHERE]), "add the command, with a test that validates it"


@pytest.mark.parametrize("command", HERE)
@pytest.mark.usefixtures("cross_compiler", "qemu", "long_compile")
def test_what_it_prints_is_of_its_schema(
    command: str, conforms: Callable[[str, object], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(root, HERE[command])
    assert done.exception is None, done.output
    (line,) = done.stdout.splitlines()
    conforms(command.replace(" ", "-"), json.loads(line))


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_named_function_runs_and_validates_the_command(command: str) -> None:
    file, name = ELSEWHERE[command].split("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    assert any(isinstance(call.func, ast.Name) and call.func.id == "conforms" for call in calls)
    texts = {
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert command in texts
