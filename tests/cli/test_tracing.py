"""-v, -vv and --trace: on every command; they say what is done, and without them nothing is formatted."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner, Result
from peer import TOY, Application, Peer, toy_folder

from sensor_bnn import tracing
from sensor_bnn.cli import COMMANDS, root
from sensor_bnn.tracing import FIRST_LINE, TraceError
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

ENTRY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) sensor_bnn[.\w]* .+")
ON_SCREEN = re.compile(r" *\d+\.\d{3} [\w.]+: .+")


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, [str(argument) for argument in arguments])


def sensor_bnn(*arguments: str | Path, limit_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """As a user runs it; no file may grow over the limit."""
    limit = [] if limit_bytes is None else ["prlimit", f"--fsize={limit_bytes}", "--"]
    return subprocess.run(
        # Without -B the limit would also apply to Python's compiled modules.
        [*limit, sys.executable, "-B", "-m", "sensor_bnn", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def entries(file: Path) -> list[str]:
    """The trace without its first line; what continues an entry is indented."""
    text = file.read_text()
    assert text.startswith(FIRST_LINE)
    lines = text.removeprefix(FIRST_LINE).splitlines()
    assert lines and all(ENTRY.fullmatch(line) or line.startswith("    ") for line in lines), text
    return lines


def screen(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if ON_SCREEN.fullmatch(line)]


def every_command() -> Iterator[tuple[str, click.Command]]:
    def walk(
        name: str, command: click.Command, parent: click.Context | None
    ) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, parent=parent)
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                assert found is not None
                yield from walk(f"{name} {below}", found, context)

    return walk("sensor-bnn", root, None)


@pytest.fixture
def talkative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose only program is a ``cc`` that says something on standard error."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cc").write_text("#!/bin/sh\necho cc 1.2\nprintf 'a \\033[31mred\\033[0m word\\n' >&2\n")
    (folder / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_every_command_has_the_options_once() -> None:
    found = dict(every_command())
    assert {f"sensor-bnn {name}" for name in COMMANDS} | {"sensor-bnn boards check"} <= found.keys()
    for name, command in [*found.items(), *every_command()]:
        options = [option for parameter in command.params for option in parameter.opts]
        assert [options.count(option) for option in ("-v", "--verbose", "--trace")] == [1, 1, 1], name


@pytest.mark.parametrize(
    "line",
    ["-v doctor", "doctor -v", "doctor --verbose", "-v boards -v new", "boards new -v"],
)
def test_the_options_are_in_the_help(line: str) -> None:
    result = invoke(*line.split(), "--help")
    assert result.exit_code == 0
    assert "--trace FILE" in result.stdout and "-v, --verbose" in result.stdout


@pytest.mark.parametrize("line", ["-v doctor --json", "doctor --json -v"])
def test_v_shows_programs_and_leaves_standard_output_clean(line: str, talkative: None) -> None:
    result = invoke(*line.split())
    assert json.loads(result.stdout)["ok"] is False
    lines = screen(result)
    assert lines == result.stderr.splitlines()
    assert lines[0][10:] == "programs: run: cc --version"
    assert re.fullmatch(r"programs: cc: exit status 0 after \d\.\d{3} s", lines[1][10:])
    assert not any("says" in line for line in lines)


@pytest.mark.parametrize(
    "line", ["-vv doctor", "doctor -vv", "doctor -v -v", "-v doctor -v", "-v doctor -vvv"]
)
def test_vv_shows_all_and_steers_no_terminal(line: str, talkative: None) -> None:
    result = invoke(*line.split(), "--json")
    json.loads(result.stdout)
    assert r"programs: cc: says: a \x1b[31mred\x1b[0m word" in [line[10:] for line in screen(result)]
    assert "\x1b" not in result.stderr


def test_without_the_options_nothing_is_said(talkative: None) -> None:
    assert invoke("doctor", "--json").stderr == ""


def test_nothing_is_left_when_a_command_ends(tmp_path: Path, talkative: None) -> None:
    logger = logging.getLogger("sensor_bnn")
    before = (list(logger.handlers), logger.level)
    invoke("-v", "doctor", "--trace", tmp_path / "trace")
    invoke("-v", "doctor", "--no-such-option", "--trace", tmp_path / "trace")
    assert (logger.handlers, logger.level) == before
    assert invoke("doctor", "--json").stderr == ""


def test_a_trace_has_everything_whatever_the_screen_shows(tmp_path: Path, talkative: None) -> None:
    for more in ((), ("-v",), ("-vv",)):
        result = invoke("doctor", "--json", "--trace", tmp_path / "trace", *more)
        json.loads(result.stdout)
        lines = entries(tmp_path / "trace")
        assert re.search(
            r"INFO sensor_bnn\.tracing sensor-bnn \S+, Python [\d.]+, \w+ \w+: sensor-bnn\b", lines[0]
        )
        assert lines[1].endswith("Z INFO sensor_bnn.programs run: cc --version")
        assert lines[2].endswith(r"Z DEBUG sensor_bnn.programs cc: says: a \x1b[31mred\x1b[0m word")
        assert re.search(r"INFO sensor_bnn.programs cc: exit status 0 after \d\.\d{3} s$", lines[3])
        assert lines[-1].endswith("INFO sensor_bnn.cli ends with exit status 1")
        assert ("says" in result.stderr, "run: cc" in result.stderr) == (more == ("-vv",), bool(more))


@pytest.mark.usefixtures("long_run")
def test_a_trace_of_compile_has_passes_stages_and_compilers(mlp_onnx, tmp_path: Path) -> None:
    file, out = tmp_path / "trace", tmp_path / "out"
    line = ("compile", mlp_onnx(), "--target", "host", "-o", out, "--json", "--no-cache")
    result = invoke(*line, "--trace", file)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["bundle"] == str(out)
    text = "\n".join(entries(file))
    for expected in (
        r"INFO sensor_bnn\.compiler\.pipeline loaded .*\.onnx, \d+ nodes: \d+\.\d{3} s",
        r"INFO sensor_bnn\.compiler\.pipeline planned \d+ steps for host: \d+\.\d{3} s",
        r"DEBUG sensor_bnn\.compiler\.lowering pass tirx\.VectorizeLoop: \d+us",
        r"DEBUG sensor_bnn\.compiler\.lowering built them with LLVM for host: \d+\.\d{3} s",
        r"INFO sensor_bnn\.programs run: cd \S+ && \w*gcc .*-shared .*-o libmodel\.so \S*model\.o ",
        r"INFO sensor_bnn\.programs \w*gcc: exit status 0 after \d+\.\d{3} s",
        rf"INFO sensor_bnn\.compiler\.pipeline wrote the bundle {re.escape(str(out))}: \d+\.\d{{3}} s",
    ):
        assert re.search(f"{expected}$" if expected.endswith(" s") else expected, text, re.M), (
            expected,
            text,
        )


@pytest.fixture
def bench_line(tmp_path: Path) -> list[str | Path]:
    """A ``bench`` of two samples on the played board, all but its port."""
    folder = write_bundle(tmp_path / "bundle")
    x = np.random.default_rng(1).normal(size=(2, 6, 100)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x=x, y=np.zeros(2, np.int64), classes=np.array(["a", "b", "c"]))
    board = ["--board", toy_folder(tmp_path)]
    return ["bench", folder, "--samples", tmp_path / "samples.npz", *board, "--json"]


@pytest.mark.usefixtures("long_run")
def test_a_trace_of_bench_has_every_byte_with_its_direction(bench_line, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    with Peer("application", Application(damaged=1)) as peer:
        result = invoke(*bench_line, "--port", peer.port, "--trace", file, "-vv")
        received, sent = peer.received, peer.sent
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["samples"] == 2
    lines = entries(file)
    moved = {}
    for sign in ("->", "<-"):
        mark = f"DEBUG sensor_bnn.wire.port {peer.port} {sign} "
        data = [bytes.fromhex(line.partition(mark)[2]) for line in lines if mark in line]
        assert all(data)
        moved[sign] = b"".join(data)
    assert (len(moved["->"]), len(moved["<-"])) == (received, sent)
    samples = np.load(tmp_path / "samples.npz")["x"]
    assert all(sample.tobytes()[:1000] in moved["->"] for sample in samples)  # not cut short
    text = "\n".join(lines)
    assert re.search(r"DEBUG sensor_bnn\.wire\.client asks INFER, sequence \d+, 0 bytes$", text, re.M)
    assert re.search(r"DEBUG sensor_bnn\.wire\.client INFER, sequence \d+: status 0, 8 bytes$", text, re.M)
    assert re.search(r"INFO sensor_bnn\.wire\.client HELLO: no answer, attempt 1 of \d+$", text, re.M)
    assert re.search(r"INFO sensor_bnn\.measure\.bench ran 2 samples on toy: \d+\.\d{3} s$", text, re.M)
    shown = [line for line in screen(result) if "wire.port" in line]
    assert any(re.search(r"-> (\w\w ){32}\.\.\. and [\d,]+ more$", line) for line in shown)
    assert max(map(len, shown)) < 200


def test_without_the_options_a_frame_costs_no_formatting(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def factory(*arguments: object, **named: object) -> logging.LogRecord:
        made.append(str(arguments[3]))
        return logging.LogRecord(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tracing, "_spelled", lambda data: made.append("spelled") or "")
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(factory)
    try:
        with Peer("application") as peer, SerialPort(peer.port, TOY.uart) as port:
            Client(port).hello()
            assert made == []
            logging.getLogger("sensor_bnn").setLevel(logging.DEBUG)
            Client(port).hello()
            assert len(made) >= 4
    finally:
        logging.setLogRecordFactory(before)
        logging.getLogger("sensor_bnn").setLevel(logging.NOTSET)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_trace_that_cannot_be_written_is_refused_before_any_work(
    mlp_onnx, tmp_path: Path, at_the_end: bool
) -> None:
    foreign = tmp_path / "model.bin"
    foreign.write_bytes(b"my own\xff")
    cases = {
        tmp_path / "gone" / "trace": "No such file or directory",
        tmp_path: "Is a directory",
        Path("/dev/full"): "No space left on device",
        foreign / "trace": "Not a directory",
        foreign: "is there and is no trace",
    }
    for file, reason in cases.items():
        trace = ["--trace", file]
        line = ["compile", mlp_onnx(), "-o", tmp_path / "out"]
        result = invoke(*line, *trace) if at_the_end else invoke(*trace, *line)
        assert isinstance(result.exception, TraceError)
        assert reason in str(result.exception) and "Name another file with --trace" in str(result.exception)
        assert not (tmp_path / "out").exists()
    assert foreign.read_bytes() == b"my own\xff"
    done = sensor_bnn("targets", "--trace", foreign)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sensor-bnn: ") and len(done.stderr.splitlines()) == 1


def test_a_trace_takes_the_place_of_a_trace_and_of_an_empty_file(tmp_path: Path, talkative: None) -> None:
    file = tmp_path / "trace"
    file.touch()
    (tmp_path / "link").symlink_to(file)
    for _ in range(2):
        invoke("doctor", "--trace", tmp_path / "link")
        assert sum("tracing sensor-bnn " in line for line in entries(file)) == 1
    assert (tmp_path / "link").is_symlink()


def test_two_traces_are_refused(tmp_path: Path) -> None:
    names = [tmp_path / name for name in "ab"]
    for line in (
        ["--trace", names[0], "targets", "--trace", names[1]],
        ["targets", "--trace", names[0], "--trace", names[1]],
    ):
        result = invoke(*line)
        assert result.exit_code == 2
        assert "--trace is given twice: give it once." in result.output


@pytest.mark.parametrize("device", ["/dev/stderr", "/proc/self/fd/2"])
def test_a_trace_to_standard_error_follows_what_is_there(tmp_path: Path, device: str) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr:
        stderr.write("earlier\n")
        stderr.flush()
        command = [sys.executable, "-m", "sensor_bnn", "doctor", "--json", "--trace", device]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr)
    json.loads(done.stdout)
    earlier, first, *rest = log.read_text().splitlines(keepends=True)
    assert (earlier, first) == ("earlier\n", FIRST_LINE)
    assert all(ENTRY.fullmatch(line.strip()) for line in rest) and len(rest) > 5


def test_a_disk_that_fills_up_ends_the_trace_and_not_the_work(tmp_path: Path) -> None:
    done = sensor_bnn("doctor", "--json", "--trace", tmp_path / "trace", limit_bytes=600)
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True
    assert done.stderr == f"The trace {tmp_path / 'trace'} is incomplete: File too large.\n"
    assert 0 < (tmp_path / "trace").stat().st_size <= 600


def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "sensor_bnn", "doctor", "--json", "-vv"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=write)
    os.close(write)
    assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize(
    "problem", [RuntimeError("a bug"), TraceError("It is wrong.", "Do this."), KeyboardInterrupt()]
)
def test_a_trace_has_the_traceback_and_the_screen_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    def breaks() -> None:
        raise problem

    broken = SimpleNamespace(command=click.Command("targets", callback=breaks))
    monkeypatch.setitem(sys.modules, "sensor_bnn.cli.targets", broken)
    result = invoke("targets", "-vv", "--trace", tmp_path / "trace")
    assert result.exit_code == 1
    lines = entries(tmp_path / "trace")
    at = next(
        i for i, line in enumerate(lines) if f"ERROR sensor_bnn.cli ends by {type(problem).__name__}" in line
    )
    assert lines[at + 1] == "    Traceback (most recent call last):"
    assert any(line.endswith("in breaks") for line in lines[at:])
    assert "Traceback" not in result.stderr and "ends by" not in result.stderr


def test_a_key_is_never_in_a_trace(tmp_path: Path) -> None:
    key, file = tmp_path / "release.pem", tmp_path / "trace"
    assert invoke("keygen", key, "--trace", file).exit_code == 0
    _, _, pem = key.read_text().partition("-----BEGIN PRIVATE KEY-----")
    secrets = ["".join(pem.splitlines()[1:-1])]
    seed = base64.b64decode(secrets[0])[-32:]
    secrets += [seed.hex(), seed.hex(" ")]
    traced = file.read_text()
    result = invoke("build", tmp_path / "none", "--board", "qemu-mps2-an500", "--sign", key, "--trace", file)
    assert result.exit_code == 1  # the bundle is missing, and the key was read before
    traced += file.read_text()
    assert "BundleError" in traced
    assert not any(secret in traced for secret in secrets)


def test_further_processes_of_a_training_run_have_their_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talkative: None
) -> None:
    for node, device, name in (("0", "0", "trace"), ("0", "1", "trace.0.1"), ("2", "0", "trace.2.0")):
        monkeypatch.setenv("NODE_RANK", node)
        monkeypatch.setenv("LOCAL_RANK", device)
        invoke("doctor", "--trace", tmp_path / "trace")
        assert entries(tmp_path / name)
    assert sorted(file.name for file in tmp_path.glob("trace*")) == ["trace", "trace.0.1", "trace.2.0"]


def test_lines_are_printed_above_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console
    from rich.progress import Progress

    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    console = Console(file=terminal, force_terminal=True, width=100, legacy_windows=False)
    log = logging.getLogger("sensor_bnn.test")
    said = tracing.Tracing()
    said.raise_verbosity(1)
    try:
        with Progress(console=console, auto_refresh=False) as progress:
            progress.add_task("work", total=3)
            progress.refresh()
            log.info("a step [1/2] with brackets")
            progress.refresh()
    finally:
        said.close()
    lines = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()).replace("\r", "\n").splitlines()
    assert any(re.fullmatch(r" *\d+\.\d{3} test: a step \[1/2\] with brackets *", line) for line in lines), (
        lines
    )


def test_the_page_shows_a_trace_of_this_form(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "tracing.md").read_text(encoding="utf-8")
    (tmp_path / "excerpt").write_text(page.split("```\n")[1])
    loggers = {line.split()[2] for line in entries(tmp_path / "excerpt")}
    assert len(loggers) >= 6
    assert all(importlib.util.find_spec(name) for name in loggers)
