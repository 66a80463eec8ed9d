"""Every command as a user sees it: its help, what it imports, how it fails."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from bundles import change_bundle
from click.testing import CliRunner

from sensor_bnn.cli import COMMANDS, root
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.workflows.demo import SHIPPED

BOARD = "qemu-mps2-an500"


def sensor_bnn(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sensor_bnn", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example(name, tmp_path):
    done = sensor_bnn(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"sensor-bnn {name}" in done.stdout.partition("Example")[2]


@pytest.mark.parametrize(
    "name",
    [
        *("flash", "bench", "profile", "evaluate", "monitor", "report", "compare"),
        *("boards", "emulate", "build", "targets", "doctor"),
    ],
)
def test_a_command_for_boards_imports_no_framework(name, tmp_path):
    """These imports determine the start-up time; torch alone takes seconds."""
    program = (
        "import sys, sensor_bnn.cli as cli\n"
        "try: cli.root(sys.argv[1:], prog_name='sensor-bnn')\n"
        "except SystemExit: pass\n"
        "except Exception as error: print(error, file=sys.stderr)\n"
        "loaded = {'torch', 'tvm', 'onnx', 'onnxruntime'} & set(sys.modules)\n"
        "print('loaded:', sorted(loaded), file=sys.stderr)\n"
    )
    arguments = {
        "flash": ["flash", "absent", "--port", "absent"],
        "bench": ["bench", "absent", "--port", "absent", "--samples", str(SHIPPED / "samples.npz")],
        "profile": ["profile", "absent", "--port", "p", "--samples", str(SHIPPED / "samples.npz")],
        "evaluate": ["evaluate", "absent", "--port", "p", "--data", str(SHIPPED / "samples.npz")],
        "monitor": ["monitor", "absent", "--port", "p", "--data", str(SHIPPED / "samples.npz")],
        "report": ["report", "absent"],
        "compare": ["compare", "absent", "absent"],
        "emulate": ["emulate", "absent"],
        "build": ["build", "absent", "--board", BOARD],
    }.get(name, [name])
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "loaded: []" in done.stderr


def truncated_checkpoint(folder: Path) -> Path:
    data = (SHIPPED / "ckpt.pt").read_bytes()
    (folder / "short.pt").write_bytes(data[: len(data) // 2])
    return folder / "short.pt"


def foreign_checkpoint(folder: Path) -> Path:
    import torch

    torch.save({"state_dict": {"weight": torch.zeros(3)}}, folder / "foreign.pt")
    return folder / "foreign.pt"


def absent_checkpoint(folder: Path) -> Path:
    return folder / "absent.pt"


@pytest.mark.parametrize("make", [truncated_checkpoint, foreign_checkpoint, absent_checkpoint])
@pytest.mark.parametrize("command", ["export", "evaluate"])
@pytest.mark.usefixtures("long_run")
def test_a_bad_checkpoint_is_one_sentence_and_leaves_nothing(command, make, tmp_path):
    path = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = sensor_bnn(command, path, cwd=tmp_path)
    assert done.returncode == 1
    assert path.name in done.stderr
    assert_one_sentence(done)
    assert sorted(tmp_path.iterdir()) == before


def assert_one_sentence(done: subprocess.CompletedProcess[str]) -> None:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert lines[-1].startswith("sensor-bnn: "), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("long_run")
def test_an_unknown_operator_names_its_node(mlp_onnx, tmp_path):
    import onnx

    path = mlp_onnx()
    model = onnx.load(path)
    node = next(node for node in model.graph.node if node.name == "/head")
    node.op_type = "Gelu"
    onnx.save(model, path)
    done = sensor_bnn("compile", path, "--target", "cortex-m7", "-o", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "Gelu" in done.stderr and "/head" in done.stderr
    assert_one_sentence(done)
    assert not (tmp_path / "out").exists()


def test_an_unknown_target_and_board_name_what_there_is(mlp_onnx, tmp_path):
    done = sensor_bnn("compile", mlp_onnx(), "--target", "cortex-m77", cwd=tmp_path)
    assert (done.returncode, "cortex-m7" in done.stderr) == (1, True)
    assert_one_sentence(done)
    done = sensor_bnn("emulate", "qemu-mps2-an50", cwd=tmp_path)
    assert (done.returncode, BOARD in done.stderr) == (1, True)
    assert_one_sentence(done)


def test_wrong_usage_is_2(tmp_path):
    assert sensor_bnn("flash", cwd=tmp_path).returncode == 2
    assert sensor_bnn("nonsense", cwd=tmp_path).returncode == 2
    assert sensor_bnn("bench", "bundle", "--limit", "0", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("compile", "a" * 300),
        ("build", "a" * 300, "--board", "nucleo-f446re"),
        ("build", ".", "--board", "a" * 300),
        ("evaluate", "a" * 300),
        ("train", "a" * 300 + ".toml"),
    ],
)
def test_a_name_that_the_system_does_not_take_is_one_sentence(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(root, list(words))
    assert isinstance(done.exception, SensorBnnError), done.exception
    assert len(str(done.exception)) < 2000


def test_an_empty_name_is_no_name(tmp_path):
    done = CliRunner().invoke(root, ["compile", str(tmp_path / "m.onnx"), "--name", ""])
    assert done.exit_code == 2 and "--name is empty" in done.output


def options_that_take_one_value() -> list[tuple[list[str], list[str]]]:
    """For every command, return the words that call it, and both spellings of an option."""
    found = []
    with click.Context(root) as context:
        waiting = [([name], root.get_command(context, name)) for name in COMMANDS]
        while waiting:
            words, command = waiting.pop()
            assert command is not None
            if isinstance(command, click.Group):
                waiting += [([*words, name], sub) for name, sub in command.commands.items()]
                continue
            for option in command.params:
                if not isinstance(option, click.Option) or option.multiple or option.count:
                    continue
                if not option.is_flag:
                    found.append((words, [option.opts[0], option.opts[-1]]))
    return found


def test_an_option_given_twice_is_refused_everywhere():
    options = options_that_take_one_value()
    assert {words[0] for words, _ in options} >= {"export", "compile", "build", "flash", "bench", "boards"}
    for words, (one, other) in options:
        done = CliRunner().invoke(root, [*words, one, "1", other, "2"])
        assert (done.exit_code, "is given twice: give it once." in done.output) == (2, True), (words, one)


def test_on_and_off_at_once_is_refused_and_what_may_be_given_often_is_not():
    done = CliRunner().invoke(root, ["bench", "--narrow", "--no-narrow"])
    assert (done.exit_code, "--narrow/--no-narrow is given twice" in done.output) == (2, True)
    done = CliRunner().invoke(root, ["targets", "--json", "--json"])
    assert done.exit_code == 0 and json.loads(done.output)["targets"]
    shapes = ["--shape", "1x2x3", "--shape", "4x5x6"]
    done = CliRunner().invoke(root, ["kernels", *shapes, "--growth", "a.svg", "--growth", "b.svg"])
    assert "--growth is given twice" in done.output and "--shape" not in done.output


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_no_option_takes_a_number_that_is_not_finite(number):
    """A NaN is within every range of click's."""
    found = []
    with click.Context(root) as context:
        for name in COMMANDS:
            command = root.get_command(context, name)
            found += [
                (name, one) for one in command.params if isinstance(one.type, click.types.FloatParamType)
            ]
    assert {name for name, _ in found} == {"flash", "record", "report", "stream"}
    for name, option in found:
        done = CliRunner().invoke(root, [name, option.opts[0], number])
        told = re.search(rf"{number} is not (a finite number|in the range)", done.output)
        assert done.exit_code == 2 and told, option.name


def test_a_port_that_is_absent(compiled, tmp_path):
    done = sensor_bnn("flash", compiled / BOARD, "--port", tmp_path / "no-port", cwd=tmp_path)
    assert done.returncode == 1
    assert "no-port" in done.stderr
    assert_one_sentence(done)


def test_a_model_that_does_not_fit_is_told_before_flashing(compiled, tmp_path):
    """A board with 22 KB of RAM: refused with sizes by the build; no port is ever opened."""
    from sensor_bnn.resources import resource

    folder = tmp_path / "small"
    folder.mkdir()
    facts = (resource("boards") / BOARD / "board.toml").read_text()
    small = facts.replace("size = 0x00400000", "size = 0x00005800").replace(BOARD, "small")
    # Flash and RAM had the same size, and only RAM is to be small.
    assert small.count("0x00005800") == 2
    (folder / "board.toml").write_text(small.replace("size = 0x00005800", "size = 0x00100000", 1))
    done = sensor_bnn(
        "build", compiled / "cortex-m7", "--board", folder, "-o", tmp_path / "out", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "does not fit" in done.stderr and "KB" in done.stderr
    assert "(most at layer /" in done.stderr
    assert_one_sentence(done)
    assert not (tmp_path / "out" / "firmware.bin").exists()


@pytest.fixture(scope="module")
def compiled(cross_compiler: None, qemu: None, tmp_path_factory, conforms) -> Path:
    """The shipped model, compiled and built by the commands, one after the other."""
    folder = tmp_path_factory.mktemp("stages")
    for arguments in (
        ["export", SHIPPED / "ckpt.pt", "--target", "cortex-m7", "-o", folder, "--json"],
        ["compile", folder / "model.onnx", "--target", "cortex-m7", "--json"],
        ["build", folder / "cortex-m7", "--board", BOARD, "--json"],
    ):
        done = sensor_bnn(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
        conforms(arguments[0], json.loads(done.stdout))
    return folder


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_each_stage_alone_with_an_emulated_board_held_open(compiled, conforms, tmp_path):
    """Two terminals, as the help says: emulate in one, flash and bench in the other."""
    command = [
        sys.executable,
        "-m",
        "sensor_bnn",
        "emulate",
        BOARD,
        "--build",
        str(compiled / BOARD),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as emulator:
        try:
            assert emulator.stdout is not None
            started = json.loads(emulator.stdout.readline())
            conforms("emulate", started)
            port = started["port"]
            flashed = sensor_bnn("flash", compiled / BOARD, "--port", port, "--json", cwd=tmp_path)
            assert flashed.returncode == 0, flashed.stderr
            conforms("flash", json.loads(flashed.stdout))
            bench = [
                *("bench", compiled / "cortex-m7", "--port", port, "--limit", "5", "--json"),
                *("--samples", SHIPPED / "samples.npz", "--reference", compiled / "host"),
            ]
            measured = sensor_bnn(*bench, cwd=tmp_path)
            assert measured.returncode == 0, measured.stderr
            result = json.loads(measured.stdout)
            conforms("bench", result)
            assert result["bit_exact"] is True
            # The application is running now: flashing again must get back into the bootloader.
            again = sensor_bnn("flash", compiled / BOARD, "--port", port, "--json", cwd=tmp_path)
            assert again.returncode == 0, again.stderr
            wrong = tmp_path / "wrong"
            shutil.copytree(compiled / "cortex-m7", wrong)
            change_bundle(wrong, model_hash="0" * 64)
            refused = sensor_bnn(
                "bench", wrong, "--port", port, "--samples", SHIPPED / "samples.npz", cwd=tmp_path
            )
            assert refused.returncode == 1
            assert result["model_hash"][:12] in refused.stderr
            assert_one_sentence(refused)
        finally:
            emulator.terminate()
            emulator.wait(timeout=20)
    assert not Path(port).exists()
