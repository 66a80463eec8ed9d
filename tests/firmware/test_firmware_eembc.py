"""The text commands of MLPerf Tiny's runners, tested by a client written from their published behaviour.

Such a runner sends a command and '%', and reads lines until one contains "m-ready". It loads inputs with at
most 31 bytes per command, and extracts values from the lines by patterns.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.hardware.boards import Board

from .line import Line
from .standin.facts import INPUT_BYTES, OUTPUT_BYTES
from .test_firmware_on_host import FAKE, SANITIZED, STANDIN, Program, comes, example_settings, program

HELLO, WRITE_INPUT, INFER, READ_OUTPUT = 1, 2, 3, 6
READY = "m-ready"
CHUNK = 31


class Runner:
    """A runner connected to a board."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def send(self, command: str) -> list[str]:
        """Send a command; return the lines of its answer without the last."""
        self.line.send(command.encode() + b"%")
        lines = []
        while True:
            text = b""
            while not text.endswith(b"\n"):
                byte = self.line.take(1)
                assert byte, f"no answer to {command}: {lines} {text!r}"
                text += byte
            found = text.decode("ascii").strip("\r\n")
            if READY in found:
                assert found == READY
                return lines
            lines.append(found)

    def load(self, data: bytes) -> list[str]:
        assert self.send(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        answers = [self.send(f"db {data[i : i + CHUNK].hex()}") for i in range(0, len(data), CHUNK)]
        assert not any(answers[:-1])
        return answers[-1]

    def infer(self, count: int, warmups: int) -> tuple[list[float], int]:
        """Return the results, and the microseconds between the two timestamps."""
        laps, results = [], []
        for line in self.send(f"infer {count} {warmups}"):
            if match := re.match(r"^m-lap-us-([0-9]+)$", line):
                laps.append(int(match[1]))
            if match := re.match(r"^m-results-\[([^]]+)\]$", line):
                results.append([float(value) for value in match[1].split(",")])
        assert len(laps) == 2 and len(results) == 1
        return results[0], laps[1] - laps[0]


@pytest.fixture
def runner(application: Line) -> Runner:
    return Runner(application)


def some_input(rounds: int = 0) -> np.ndarray:
    x = np.random.default_rng(7).normal(size=INPUT_BYTES // 4).astype(np.float32)
    x[:2] = rounds, 0
    return x


def linear(x: np.ndarray) -> np.ndarray:
    w = np.array([0.5, -1.5, 2.25, 1.0], np.float32)
    n = OUTPUT_BYTES // 4
    return ((w[0] * x[:n] + w[1] * x[1 : n + 1]) + w[2] * x[2 : n + 2]) + w[3]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


def test_who_is_there(runner: Runner, board: Board) -> None:
    (name,) = runner.send("name")
    match = re.match(r"^m-(name)-dut-\[([^]]+)]$", name)
    assert match is not None and match[2] == board.name
    assert runner.send("profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[stand-in]"]
    told = runner.send("help")
    for word in ("help", "name", "profile", "timestamp", "db load", "db print", "infer", "results"):
        assert any(line.startswith(word) for line in told), word


def test_a_performance_run(runner: Runner) -> None:
    x = some_input(rounds=50_000)
    assert runner.load(x.tobytes()) == ["m-load-done"]
    results, once = runner.infer(1, 0)
    # Three decimals are printed: 0.0005 off at most, and the exponential's own error.
    assert results == pytest.approx(softmax(linear(x)), abs=6e-4)
    assert sum(results) == pytest.approx(1, abs=len(results) * 5e-4)
    again, ten_times = runner.infer(10, 2)
    assert again == results
    # 64 ns per instruction: 50,000 rounds of two instructions are 6.4 ms.
    assert once > 6400
    assert ten_times == pytest.approx(10 * once, rel=0.02)


def test_the_lines_of_an_inference(runner: Runner) -> None:
    runner.load(some_input().tobytes())
    lines = runner.send("infer 3 2")
    shapes = [re.sub(r"us-\d+", "us-N", line).partition("[")[0] for line in lines]
    assert shapes == [
        "m-warmup-start-2",
        "m-warmup-done",
        "m-infer-start-3",
        "m-lap-us-N",
        "m-lap-us-N",
        "m-infer-done",
        "m-results-",
    ]
    assert runner.send("results") == lines[-1:]
    assert runner.send("infer")[0] == "m-warmup-start-10"
    assert runner.send("infer 2")[2] == "m-infer-start-2"


def test_an_accuracy_run(runner: Runner) -> None:
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=INPUT_BYTES // 4).astype(np.float32)
        x[:2] = 0
        x[2:] -= 20  # logits with a negative sum: dividing by it would reverse their order
        assert linear(x).sum() < 0
        runner.load(x.tobytes())
        results, _ = runner.infer(1, 0)
        assert int(np.argmax(np.array(results) / sum(results))) == int(np.argmax(linear(x)))


def test_time_goes_on(runner: Runner) -> None:
    def now() -> int:
        (line,) = runner.send("timestamp")
        match = re.match(r"^m-lap-us-([0-9]+)$", line)
        assert match is not None
        return int(match[1])

    times = [now() for _ in range(5)]
    assert times == sorted(times) and times[-1] > times[0]


def test_the_buffer_is_printed(runner: Runner) -> None:
    data = bytes(range(64, 64 + 19))
    runner.load(data)
    assert runner.send("db print") == [
        "m-buffer-" + data[:8].hex("-"),
        "m-buffer-" + data[8:16].hex("-"),
        "m-buffer-" + data[16:].hex("-"),
        "",
    ]
    assert runner.send("db print 8 8") == ["m-buffer-" + data[8:16].hex("-")]
    assert runner.send("db print 0") == []


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        (["bogus 1 2"], "e-[Unknown command: bogus]"),
        (["Name"], "e-[Unknown command: Name]"),
        (["db"], "e-[Command 'db' requires a subcommand]"),
        (["db load"], "e-[Command 'db load' requires the # of bytes]"),
        (["db load 0"], "e-[Command 'db load' must be >0 bytes]"),
        (["db load many"], "e-[Command 'db load' must be >0 bytes]"),
        (["db load -4"], "e-[Command 'db load' must be >0 bytes]"),
        (["db load 1601"], "e-[Supplied buffer size 1601 exceeds maximum of 1600]"),
        (["db load 99999999999999999999"], "e-[Supplied buffer size 100000000 exceeds maximum of 1600]"),
        (["db load 4", "db 012"], "e-[Insufficent number of hex digits]"),
        (["db load 4", "db 01xy"], "e-[Invalid hex digit 'xy']"),
        (["db load 2", "db 0102", "db 03"], "e-[Command 'db load' must come first]"),
        (["db print 1601"], "e-[Command 'db print' reaches beyond the input]"),
        (["db print 1 1600"], "e-[Command 'db print' reaches beyond the input]"),
        (["infer 0"], "e-[Inference iterations must be >0]"),
        (["infer -1"], "e-[Inference iterations must be >0]"),
        (["infer x"], "e-[Inference iterations must be >0]"),
        (["infer 1 -1"], "e-[Inference warmup must be >=0]"),
        (["db load 2", "db 0102", "db load 9999", "db 03"], "e-[Command 'db load' must come first]"),
        (["db load 4", "db 0102", "infer 1"], "e-[Input has 2 bytes, expected 1600]"),
        (["x" * 256], "e-[Command too long]"),
    ],
)
def test_what_is_wrong_is_told(runner: Runner, commands: list[str], told: str) -> None:
    for command in commands[:-1]:
        runner.send(command)
    assert runner.send(commands[-1]) == [told]
    assert runner.send("name")


@pytest.mark.parametrize("command", ["db load", "db load 0", "db load 1601"])
def test_after_a_refused_load_the_input_from_before_does_not_count(runner: Runner, command: str) -> None:
    runner.load(bytes(INPUT_BYTES))
    assert runner.send("infer 1 0")[0] == "m-warmup-start-0"
    runner.send(command)
    assert runner.send("infer 1 0") == ["e-[Input has 0 bytes, expected 1600]"]
    runner.load(bytes(INPUT_BYTES))
    assert runner.send("infer 1 0")[0] == "m-warmup-start-0"


def test_digits_behind_the_last_byte_are_disregarded(runner: Runner) -> None:
    runner.send("db load 2")
    assert runner.send("db aBCdzz") == ["m-load-done"]
    assert runner.send("db print")[0] == "m-buffer-ab-cd"


def test_a_terminator_alone_clears_the_line(runner: Runner) -> None:
    assert runner.send("") == []
    runner.line.send(b"half a comm\x7f")
    assert len(runner.send("\r\nname\r\n")) == 1


def test_both_protocols_on_one_line(runner: Runner) -> None:
    """Text and frames use the same input and output; a frame in the middle of a command loses none of it."""
    line = runner.line
    x = some_input()
    runner.load(x.tobytes())
    line.send(b"infer ")
    assert line.ask(HELLO)[0] == 0
    assert runner.send("1 0")[-1].startswith("m-results-[")
    output = line.ok(READ_OUTPUT, struct.pack("<II", 0, 1024))
    assert np.array_equal(np.frombuffer(output, np.float32), linear(x)[:256])
    # In a frame, text is payload.
    assert line.ok(WRITE_INPUT, struct.pack("<I", 40) + b"name%") == b""
    assert runner.send("db print 5 40") == ["m-buffer-6e-61-6d-65-25", ""]
    assert line.is_quiet()


@pytest.fixture(scope="module")
def on_host(host_compile: Callable[..., Path]) -> Program:
    return program(
        host_compile(
            "eembc",
            *("app/main.c", "app/benchmark.c", "app/agent.c", "app/eembc.c", "app/header.c"),
            *("app/confirm.c", "runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
            *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
            FAKE / "fake.c",
            options=(*SANITIZED, "-Wno-conversion", "-I", str(FAKE), "-I", str(STANDIN)),
        )
    )


floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


@pytest.mark.usefixtures("long_run")
@given(values=st.lists(floats, min_size=1, max_size=20))
@example_settings
def test_every_float_is_printed_as_c_prints_it(on_host: Program, values: list[float]) -> None:
    """The floats are outputs of the model, which numpy computes to the last bit; a NaN avoids softmax."""
    x = np.zeros(INPUT_BYTES // 4, np.float32)
    x[3 : 3 + len(values)] = values
    x[OUTPUT_BYTES // 4 + 1] = np.nan  # the last value that the last output depends on
    with np.errstate(all="ignore"):
        expected = linear(x)
    said_outputs = printed(on_host, x)
    assert len(said_outputs) == len(expected)
    for text, value in zip(said_outputs, expected, strict=True):
        if np.isfinite(value) and abs(value) < 1e15:
            assert text == f"{value:.3f}"
        elif np.isfinite(value):
            assert float(text) == pytest.approx(float(value), rel=1e-3)
        else:
            assert text.lstrip("-") == ("nan" if np.isnan(value) else "inf")


@pytest.mark.usefixtures("long_run")
@given(values=st.lists(st.floats(-200, 200, width=32), min_size=1, max_size=20))
@example_settings
def test_outputs_are_printed_as_probabilities(on_host: Program, values: list[float]) -> None:
    x = np.zeros(INPUT_BYTES // 4, np.float32)
    x[3 : 3 + len(values)] = values
    shares = [float(text) for text in printed(on_host, x)]
    assert shares == pytest.approx(softmax(linear(x)), abs=6e-4)


def printed(on_host: Program, x: np.ndarray) -> list[str]:
    """Return the results of one inference as printed."""
    script = b"db load 1600%" + b"".join(
        b"db " + x.tobytes()[i : i + 100].hex().encode() + b"%" for i in range(0, 1600, 100)
    )
    said = on_host(comes(script + b"infer 1 0%"))
    found = re.search(rb"m-results-\[(.*)\]", said)
    assert found is not None
    return found[1].decode().split(",")


TOKENS = "name profile timestamp help db load print results infer 0 1 7 8 1600 1601 -1 -- 00 0g abcdef"
words = st.sampled_from([*TOKENS.split(), "%", "\r", "\x7f"]) | st.text("0123456789abcdef-% ", max_size=300)


@pytest.mark.usefixtures("long_run")
@given(st.lists(words, min_size=1, max_size=40))
@example_settings
def test_no_text_breaks_it(on_host: Program, text: list[str]) -> None:
    """The sanitizers report nothing, every line belongs to the protocol, and `name` is answered after it."""
    said = on_host(comes(" ".join(text).encode() + b"\x7f" + b"name%"))
    lines = said.decode("ascii").split("\r\n")
    assert lines[-3:] == ["m-name-dut-[fake]", "m-ready", ""]
