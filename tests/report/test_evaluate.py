"""Evaluations: interrupted and resumed, resets, NaN, and what the command prints."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner
from flips import flipped
from peer import TOY, Application, Peer  # the played board of the device's tests

from sensor_bnn.cli import root
from sensor_bnn.cli.evaluate import command
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import BundleError, DataError, DeviceError, PortError
from sensor_bnn.hardware.boards import default_board
from sensor_bnn.measure.bench import host_outputs
from sensor_bnn.measure.evaluate import Evaluation, _State, run_evaluate
from sensor_bnn.report.evaluation import evaluation_facts
from sensor_bnn.report.result import result_of
from sensor_bnn.wire import application, client

HASH = bytes(range(32)).hex()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(client, "INFER_SECONDS", 0.2)
    monkeypatch.setattr(application, "_HELLO_SECONDS", 0.2)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


def some(count: int = 6, seed: int = 1) -> Samples:
    x = np.random.default_rng(seed).normal(size=(count, 6, 100)).astype(np.float32)
    return Samples(x, np.argmax(x[:, 0, :3], axis=1), ("a", "b", "c"))


def right(samples: Samples) -> np.ndarray:
    return 2 * samples.x[:, 0, :3]


def test_every_sample_is_answered(bundle: Path, tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.jsonl"
    samples = some()
    with Peer("application") as peer:
        found = run_evaluate(peer.port, TOY, bundle, samples, state)
    assert np.array_equal(found.outputs, right(samples))
    assert (found.unit, found.counts.median, found.taken_up, found.repeated) == ("instructions", 2500, 0, 0)
    assert not state.exists(), "nothing is left to take up"


@pytest.mark.parametrize("knows", [True, False])
def test_pixels_go_as_bytes_where_the_firmware_knows_them(bundle: Path, tmp_path: Path, knows: bool) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (6, 6, 100)).astype(np.float32) / np.float32(255)
    samples = Samples(pixels, np.argmax(pixels[:, 0, :3], axis=1), ("a", "b", "c"))
    with Peer("application", Application(knows_codes=knows)) as peer:
        found = run_evaluate(peer.port, TOY, bundle, samples, tmp_path / "state.jsonl")
        coded, plain = peer.log.count(0x09), peer.log.count(0x02)
    assert np.array_equal(found.outputs, right(samples))
    # One refusal is enough; the 2,400 bytes of a sample take three plain writes.
    assert (coded, plain) == ((6, 0) if knows else (1, 6 * 3))
    assert found.retries == 0


def interrupted(bundle: Path, state: Path, samples: Samples, after: int) -> None:
    """A run in which the board becomes silent after a number of bytes."""
    with Peer("application") as peer:
        peer.faults.silent_after = after
        with pytest.raises(PortError, match="are kept in") as caught:
            run_evaluate(peer.port, TOY, bundle, samples, state)
    assert "does not answer" in str(caught.value) and "give the same command again" in str(caught.value)


@pytest.mark.usefixtures("long_run")
def test_an_interrupted_run_is_taken_up(bundle: Path, tmp_path: Path) -> None:
    state, samples = tmp_path / "state.jsonl", some()
    interrupted(bundle, state, samples, 450)
    kept = len(state.read_text().splitlines()) - 1
    assert 0 < kept < 6
    with Peer("application") as peer:
        found = run_evaluate(peer.port, TOY, bundle, samples, state)
        assert peer.log.count(0x03) == 6 - kept
    assert found.taken_up == kept
    assert np.array_equal(found.outputs, right(samples))


@pytest.mark.usefixtures("long_run")
def test_what_is_known_of_an_interrupted_run_is_marked(
    bundle: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    samples, parts = some(), []

    def keep(part: Evaluation) -> str:
        parts.append(part)
        return " Look here."

    with Peer("application") as peer:
        peer.faults.silent_after = 450
        with pytest.raises(PortError, match=r"are kept in .* Look here\."):
            run_evaluate(peer.port, TOY, bundle, samples, tmp_path / "state.jsonl", interrupted=keep)
    facts = evaluation_facts(parts[0], samples, None)
    conforms("evaluate", result_of("evaluate", facts, TOY))
    assert (facts["complete"], facts["samples_wanted"]) == (False, 6)
    assert 0 < facts["samples"] < 6 and facts["top1_device"] == 1.0
    assert np.sum(facts["confusion"]) == facts["samples"]


def test_an_unplugged_port(bundle: Path, tmp_path: Path) -> None:
    state, samples, parts = tmp_path / "state.jsonl", some(), []

    def unplug(stage: str, done: int, total: int) -> None:
        if done == 2:
            peer.unplug()

    with Peer("application") as peer, pytest.raises(PortError, match="2 of 6 samples are kept"):
        run_evaluate(
            peer.port,
            TOY,
            bundle,
            samples,
            state,
            progress=unplug,
            interrupted=lambda part: str(parts.append(part)),
        )
    assert len(parts[0].outputs) == 2 and parts[0].wanted == 6
    with Peer("application") as peer:
        assert run_evaluate(peer.port, TOY, bundle, samples, state).taken_up == 2


@pytest.mark.parametrize("cut", [1, 5, 30])
@pytest.mark.usefixtures("long_run")
def test_a_torn_last_line_is_measured_again(bundle: Path, tmp_path: Path, cut: int) -> None:
    state, samples = tmp_path / "state.jsonl", some()
    interrupted(bundle, state, samples, 450)
    whole = state.read_bytes()
    state.write_bytes(whole[:-cut])
    with Peer("application") as peer:
        found = run_evaluate(peer.port, TOY, bundle, samples, state)
    assert found.taken_up == whole.count(b"\n") - 2
    assert np.array_equal(found.outputs, right(samples))


@pytest.mark.usefixtures("long_run")
def test_a_state_of_something_else(bundle: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    interrupted(bundle, state, some(), 450)
    before = state.read_bytes()
    with Peer("application") as peer:
        with pytest.raises(DataError, match="data differs"):
            run_evaluate(peer.port, TOY, bundle, some(seed=2), state)
        with pytest.raises(DataError, match="samples differs"):
            run_evaluate(peer.port, TOY, bundle, some(5), state)
        assert state.read_bytes() == before
        found = run_evaluate(peer.port, TOY, bundle, some(seed=2), state, fresh=True)
    assert found.taken_up == 0 and np.array_equal(found.outputs, right(some(seed=2)))


@pytest.mark.parametrize("content", [b"text\n", b"{}\n{\n", b'["a"]\n', b"\xff\n"])
def test_a_damaged_state(bundle: Path, tmp_path: Path, content: bytes) -> None:
    state = tmp_path / "state.jsonl"
    state.write_bytes(content)
    with Peer("application") as peer, pytest.raises(DataError, match=r"no valid JSON|another evaluation"):
        run_evaluate(peer.port, TOY, bundle, some(), state)
    assert state.read_bytes() == content


@pytest.mark.usefixtures("long_run")
def test_rows_that_do_not_fit(bundle: Path, tmp_path: Path) -> None:
    state, samples = tmp_path / "state.jsonl", some()
    interrupted(bundle, state, samples, 486)
    for row, told in (
        (b'{"ticks": 1, "output": "00", "crc": 2818637927}\n', "line 6: output has 1 bytes; it must have 12"),
        (
            b'{"ticks": 1, "output": "0", "crc": 0}\n',
            "line 6: output is '0'; it must be hexadecimal digits in pairs",
        ),
        (b'{"ticks": -1, "output": "", "crc": 0}\n', "line 6: ticks is -1; it must be between 0 and"),
        (b'{"ticks": 1, "crc": 0}\n', "line 6: output is missing"),
        (b'{"ticks": 1, "output": "00", "crc": 0}\n', "line 6: the line has changed since it was written"),
        (b"3\n", "line 6: it is 3; it must be a table"),
    ):
        good = state.read_bytes()
        state.write_bytes(good + row)
        with Peer("application") as peer, pytest.raises(DataError, match=told):
            run_evaluate(peer.port, TOY, bundle, samples, state)
        state.write_bytes(good)


def test_a_state_that_cannot_be_written(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Peer("application") as peer:
        for place in (tmp_path, tmp_path / "file" / "state.jsonl"):
            with pytest.raises(DataError, match="cannot be"):
                run_evaluate(peer.port, TOY, bundle, some(), place)


class Forgetful(Peer):
    """A board that resets before its n-th inference: it does not answer, and the input is lost."""

    forgets = (3, 6)
    becomes: bytes | None = None

    def _serve(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        if kind == 0x03 and self.log.count(0x03) in self.forgets:
            self._staged = bytearray(self.application.input_bytes)
            self.faults.drop_sent = set(range(self.sent + 1, self.sent + 21))
            if self.becomes is not None:
                self.application.model_hash = self.becomes
        return super()._serve(kind, payload)


@pytest.mark.usefixtures("long_run")
def test_a_board_that_resets_in_the_middle(bundle: Path, tmp_path: Path) -> None:
    samples = some()
    with Forgetful("application") as peer:
        found = run_evaluate(peer.port, TOY, bundle, samples, tmp_path / "state.jsonl")
    assert np.array_equal(found.outputs, right(samples))
    assert found.repeated == 2 and found.retries >= 2


@pytest.mark.usefixtures("long_run")
def test_a_board_that_is_exchanged_in_the_middle(bundle: Path, tmp_path: Path) -> None:
    peer = Forgetful("application")
    peer.becomes = bytes(32)
    with peer, pytest.raises(DeviceError, match="Another firmware answers now") as caught:
        run_evaluate(peer.port, TOY, bundle, some(), tmp_path / "state.jsonl")
    assert "2 of 6 samples are kept" in str(caught.value)


@pytest.mark.parametrize(
    ("application", "error", "told"),
    [
        (Application(model_hash=bytes(32)), DeviceError, "runs the model"),
        (Application(status={0x03: 3}), DeviceError, "0 of 6 samples are kept"),
        (Application(board="other"), DeviceError, "it is other, not toy"),
    ],
)
def test_a_board_that_answers_something_else(
    bundle: Path, tmp_path: Path, application: Application, error: type[Exception], told: str
) -> None:
    with Peer("application", application) as peer, pytest.raises(error, match=told):
        run_evaluate(peer.port, TOY, bundle, some(), tmp_path / "state.jsonl")


def test_samples_of_other_classes(bundle: Path, tmp_path: Path) -> None:
    samples = replace(some(), classes=("a", "b", "c", "d"))
    with pytest.raises(DataError, match="3 outputs; there are 4 classes"):
        run_evaluate("/dev/null", TOY, bundle, samples, tmp_path / "state.jsonl")
    with pytest.raises(BundleError, match="holds bundles, and is none"):
        run_evaluate("/dev/null", TOY, tmp_path, some(), tmp_path / "state.jsonl")


def test_outputs_that_are_no_numbers(bundle: Path, tmp_path: Path) -> None:
    nan = struct.pack("<3f", 1.0, float("nan"), 0.0)
    with Peer("application", Application(instead={0x06: nan})) as peer:
        found = run_evaluate(peer.port, TOY, bundle, some(4), tmp_path / "state.jsonl")
    facts = evaluation_facts(found, some(4), None)
    assert (facts["not_a_number"], facts["top1_device"]) == (4, 0.0)
    assert np.sum(facts["confusion"]) == 0


def made(outputs: list[list[float]], hello: Any) -> Evaluation:
    from sensor_bnn.measure.profile import Spread

    array = np.array(outputs, np.float32)
    return Evaluation(hello, array, Spread(1, 2, 3, 3), "ticks", len(outputs), 1, 2.0, 0, 0)


def test_what_is_counted(bundle: Path, tmp_path: Path) -> None:
    with Peer("application") as peer:
        hello = run_evaluate(peer.port, TOY, bundle, some(1), tmp_path / "s").hello
    samples = Samples(np.zeros((4, 6, 100), np.float32), np.array([0, 0, 1, 1]), ("a", "b", "c"))
    found = made([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], hello)
    expected = np.array([[1, 0, 0], [0, 1, 0], [0, 2, 0], [0, 1, 0]], np.float32)
    facts = evaluation_facts(found, samples, expected)
    assert facts["confusion"] == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert facts["recall"] == [0.5, 0.5, None]
    assert (facts["top1_device"], facts["top1_host"], facts["agreement"]) == (0.5, 0.75, 0.75)
    assert (facts["bit_exact"], facts["different"]) == (False, 2)
    assert facts["samples_per_second"] == 1.5


def test_a_reference_of_another_model(shipped_file: Path) -> None:
    host = shipped_file.parent / "build" / "profile" / "host"
    with pytest.raises(BundleError, match="different models"):
        host_outputs(host, some(), "00" * 32)


def test_the_command_on_the_emulated_board(
    shipped_file: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    """With the bundles of the shipped model that the profile built."""
    from sensor_bnn.hardware.boards import default_board
    from sensor_bnn.workflows.demo import SHIPPED

    built = shipped_file.parent / "build" / "profile"
    board = default_board()
    line = [sys.executable, "-m", "sensor_bnn", "evaluate", str(built / board.target), "--json"]
    line += ["--board", board.name, "--data", str(SHIPPED / "samples.npz"), "--limit", "10"]
    line += ["--reference", str(built / "host"), "-o", str(tmp_path)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    conforms("evaluate", result)
    assert result["top1_device"] == result["top1_host"]
    assert (result["agreement"], result["bit_exact"], result["different"]) == (1.0, True, 0)
    assert np.sum(result["confusion"]) == 10
    assert "rows: truth" in done.stderr
    assert not (tmp_path / "state.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "p"], "give the bundle"),
        (["--board", "b", "--reference", "r"], "goes with a bundle"),
        (["bundle", "--board", "b"], "Give --data"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2 and told in done.output


@pytest.mark.parametrize(
    ("name", "option"), [("evaluate", "--data"), ("monitor", "--data"), ("profile", "--samples")]
)
def test_samples_are_looked_at_before_anything_is_built(
    name: str, option: str, bundle: Path, tmp_path: Path
) -> None:
    file, output = tmp_path / "other.npz", tmp_path / "output"
    np.savez(
        file, x=np.zeros((1, 6, 50), np.float32), y=np.zeros(1, np.int64), classes=np.array(["a", "b", "c"])
    )
    arguments = [name, str(bundle), "--board", default_board().name, option, str(file), "-o", str(output)]
    done = CliRunner().invoke(root, arguments)
    assert isinstance(done.exception, DataError) and "float32 [1, 6, 50]" in str(done.exception)
    assert not output.exists()


def test_a_flipped_bit_in_the_state(tmp_path: Path) -> None:
    """An interrupted run is continued only from what it wrote; a last line without its end is done again."""
    state, about = tmp_path / "state.jsonl", {"evaluation": 2, "output_bytes": 12, "samples": 3}
    ticks, outputs = [4000, 4001], [struct.pack("<3f", 1, 2, 3), struct.pack("<3f", 4, 5, 6)]
    kept = _State(state, about, False)
    for row in zip(ticks, outputs, strict=True):
        kept.add(*row)
    kept.close(False)
    refused = 0
    for content in flipped(state.read_bytes()):
        state.write_bytes(content)
        try:
            again = _State(state, about, False)
        except DataError:
            refused += 1
            continue
        again.close(False)
        assert (again.ticks, again.outputs) == (ticks[: len(again.ticks)], outputs[: len(again.ticks)])
    assert refused > 190
