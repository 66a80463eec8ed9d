"""The application for a model of integers, under sanitizers: the live stream, and the results for MLPerf.

What the host sends comes from its own code, and what the board does with it is written again here, in numpy.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bundles import bundle_facts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor_bnn.compiler.metadata import InputGain, Metadata
from sensor_bnn.errors import DataError
from sensor_bnn.live.payloads import Answer, Payloads, Settings
from sensor_bnn.onnx.quantities import to_model_input

from .line import request
from .windows import write_window

HERE = Path(__file__).parent
FAKE, STANDIN = HERE / "host" / "fake", HERE / "standin16"
WRITE_INPUT, WRITE_CODED, OPEN, SAMPLES = 0x02, 0x09, 0x20, 0x21
UNKNOWN_TYPE, BAD_LENGTH, OUT_OF_RANGE = 1, 2, 3
VALUES, OUTPUTS, STEP = 400, 30, 0.0078125
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Talk = Callable[..., tuple[list[tuple[int, bytes]], bytes]]
Make = Callable[..., Talk]


CHANNELS = (1, 2, 40)


@pytest.fixture(scope="session")
def make(long_run: None, host_compile: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Make:
    """``make(channels, step, outputs, gain)``: the application with the stand-in; see ``talk``."""

    def build(
        channels: int = 2, step: str = str(STEP), outputs: int = OUTPUTS, gain: InputGain = "fixed"
    ) -> Talk:
        folder = tmp_path_factory.mktemp("windows")
        window = write_window(folder, "int16", channels, VALUES, outputs, float(step), gain)
        program = host_compile(
            f"integers-{channels}-{step}-{outputs}-{gain}",
            *("stream/stream.c", "stream/no_sensor.c", "app/main.c", "app/agent.c", "app/eembc.c"),
            *("app/header.c", "app/confirm.c", "runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
            *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
            *(window, FAKE / "fake.c"),
            options=(
                *("-fsanitize=address,undefined", f"-DSTANDIN_STEP={step}", f"-DSTANDIN_OUTPUTS={outputs}"),
                *("-I", str(FAKE), "-I", str(STANDIN), "-I", str(folder)),
            ),
        )

        def run(*requests: bytes, text: bytes = b"") -> tuple[list[tuple[int, bytes]], bytes]:
            """Send frames, then text commands; return status and payload of each answer, and what is said."""
            script = b"".join(b"b" + bytes([byte]) for byte in b"".join(requests) + text)
            done = subprocess.run([program], input=script, capture_output=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr.decode(errors="replace")
            found, rest = [], done.stdout
            for _ in requests:
                end = 8 + struct.unpack("<H", rest[6:8])[0]
                found.append((rest[5], rest[8:end]))
                rest = rest[end + 4 :]
            return found, rest

        return run

    return build


@pytest.fixture(scope="session")
def talks(make: Make) -> dict[int, Talk]:
    return {channels: make(channels) for channels in CHANNELS}


@pytest.fixture(scope="session")
def talk(talks: dict[int, Talk]) -> Talk:
    return talks[2]


def payloads(
    channels: int, chosen: Settings, steps: tuple[float, ...] | None = None, gain: InputGain = "fixed"
) -> Payloads:
    facts = bundle_facts(
        input={"dtype": "int16", "shape": [1, channels, VALUES // channels], "bytes": 2 * VALUES},
        output={"dtype": "int16", "shape": [1, OUTPUTS], "bytes": 2 * OUTPUTS},
        input_step=list(steps or (1.0,) * channels),
        input_gain=gain,
        output_step=STEP,
    )
    return Payloads(msgspec.convert(facts, Metadata), chosen)


def sending(raw: np.ndarray, step: int) -> list[bytes]:
    parts = ((at, raw[at : at + step].tobytes()) for at in range(0, len(raw), step))
    return [request(SAMPLES, struct.pack("<I", at) + part) for at, part in parts]


def model(window: np.ndarray) -> np.ndarray:
    """Return the output of the stand-in, int16 [30]; see standin16/kernels.c."""
    x = window.astype(np.int64).ravel()
    n = OUTPUTS
    return np.clip((4 * x[:n] - 3 * x[1 : n + 1] + 2 * x[2 : n + 2]) >> 2, -32768, 32767)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


@given(
    channels=st.sampled_from(CHANNELS),
    hop=st.integers(1, 10),
    step=st.integers(1, 6),
    length=st.integers(0, 30),
    share=st.sampled_from([0.25, 0.4, 1.0]),
    spread=st.sampled_from([5, 300, 30000]),
    seed=st.integers(0, 2**32 - 1),
)
@many
def test_decisions_are_as_defined(
    talks: dict[int, Talk],
    channels: int,
    hop: int,
    step: int,
    length: int,
    share: float,
    spread: int,
    seed: int,
) -> None:
    window = VALUES // channels
    hop = min(hop, window)
    rng = np.random.default_rng(seed)
    steps = tuple(rng.uniform(0.01, 2, channels).tolist())
    raw = (rng.normal(size=(window + length, channels)) * spread * steps).astype(np.float32)
    sent = payloads(channels, Settings(hop, share), steps)
    told, _ = talks[channels](request(OPEN, sent.opening()), *sending(sent.samples(raw), step))
    assert {status for status, _ in told} == {0}
    found: list[Answer] = [answer for _, data in told[1:] for answer in sent.answers(data[4:])]
    inputs = to_model_input(raw.T[np.newaxis], np.dtype(np.int16), steps)[0]
    average = None
    for answer, end in zip(found, range(window, len(raw) + 1, hop), strict=True):
        logits = model(inputs[:, end - window : end])
        shares = softmax(STEP * logits)
        average = shares if average is None else average + share * (shares - average)
        assert (answer.at, answer.answer) == (end, int(logits.argmax()))
        assert answer.logit == STEP * logits.max()
        assert answer.share == pytest.approx(average.max(), abs=1e-5)
        assert average[answer.steady] == pytest.approx(average.max(), abs=1e-5)
        if share == 1.0:
            assert answer.steady == answer.answer


def test_with_a_gain_per_window_floats_are_sent(make: Make) -> None:
    """Windows that differ a billion times in size, one after the other."""
    talk, steps, window, hop = make(gain="window"), (2.0**-15,) * 2, VALUES // 2, 50
    rng = np.random.default_rng(0)
    sizes = np.repeat(10.0 ** rng.uniform(-6, 3, 10), hop)[:, None]
    raw = (rng.normal(size=(10 * hop, 2)) * sizes).astype(np.float32)
    offset, gain = np.array([0.5, -2], np.float32), np.array([3, -0.1], np.float32)
    for chosen, values in (
        (Settings(hop, 1.0), raw),
        (Settings(hop, 1.0, tuple(offset.tolist()), tuple(gain.tolist())), (raw - offset) * gain),
    ):
        sent = payloads(2, chosen, steps, "window")
        samples = sent.samples(raw)
        assert samples.dtype == np.float32 and sent.sample_bytes == 8
        told, _ = talk(request(OPEN, sent.opening()), *sending(samples, hop))
        assert {status for status, _ in told} == {0}
        found = [answer for _, data in told[1:] for answer in sent.answers(data[4:])]
        ends = range(window, len(raw) + 1, hop)
        cut = np.stack([values[end - window : end].T for end in ends])
        whole = to_model_input(cut, np.dtype(np.int16), steps, "window")
        expected = [model(inputs) for inputs in whole]
        assert [answer.logit for answer in found] == [STEP * logits.max() for logits in expected]
        assert [answer.answer for answer in found] == [int(logits.argmax()) for logits in expected]
    with pytest.raises(DataError, match="Channel 1 of sample 0 is inf"):
        sent.samples(np.array([[0.0, np.inf]], np.float32))


INT32 = st.integers(-(2**31), 2**31 - 1)


@given(
    seed=st.integers(0, 2**32 - 1),
    offset=INT32 | st.sampled_from([0, -(2**31), 2**31 - 1]),
    gain=INT32 | st.sampled_from([-(2**31), 2**31 - 1, 1 << 22]),
    shift=st.integers(0, 62),
)
@many
def test_a_sample_is_scaled_as_defined(
    talks: dict[int, Talk], seed: int, offset: int, gain: int, shift: int
) -> None:
    opening = struct.pack("<IIi", 1, VALUES, 1 << 16) + struct.pack("<iiI", offset, gain, shift)
    samples = np.random.default_rng(seed).integers(-32768, 32768, (VALUES, 1)).astype("<i2")
    samples[:4, 0] = -32768, -1, 1, 32767
    raw: list[int] = samples[:, 0].tolist()
    told, said = talks[1](request(OPEN, opening), *sending(samples, 400), text=b"db print 800%")
    assert {status for status, _ in told} == {0}
    lines = re.findall(rb"m-buffer-([0-9a-f-]*)", said)
    staged = np.frombuffer(bytes.fromhex(b"".join(lines).replace(b"-", b"").decode()), "<i2")
    exact = (floor(Fraction((256 * one - offset) * gain, 1 << shift) + Fraction(1, 2)) for one in raw)
    assert staged.tolist() == [min(max(value, -32768), 32767) for value in exact]


@given(
    raw=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50),
    offset=st.floats(-40000, 40000, width=32),
    gain=st.floats(2**-20, 2**20) | st.floats(-(2**20), -(2**-20)),
    step=st.floats(1e-4, 1e4),
)
def test_the_hosts_offset_and_gain_are_what_the_board_computes(
    raw: list[int], offset: float, gain: float, step: float
) -> None:
    """An offset is rounded to a 256th of the sensor's numbers, a gain to 29 bits at least."""
    sent = payloads(1, Settings(1, 1.0, (offset,), (gain,)), (step,))
    moved, factor, shift = struct.unpack("<iiI", sent.opening()[12:])
    assert np.array_equal(sent.samples(np.array(raw, np.float32)[:, None])[:, 0], raw)
    for one in raw:
        exact = (one - offset) * gain / step
        there = ((256 * one - moved) * factor + ((1 << shift) >> 1)) >> shift
        room = 0.5 + abs(gain / step) / 512 + abs(exact) * 2.0**-28
        assert abs(there - exact) <= room * 1.001


@pytest.mark.parametrize(
    ("offset", "gain", "value", "told"),
    [
        (1e8, 1.0, 0.0, "offset of 1e[+]08"),
        (np.nan, 1.0, 0.0, "offset of nan"),
        (0.0, 1e30, 0.0, "gain of 1e[+]30"),
        (0.0, np.inf, 0.0, "gain of inf"),
        (0.0, np.nan, 0.0, "gain of nan"),
        (0.0, 1.0, 0.5, "Channel 0 of sample 1 is 0.5"),
        (0.0, 1.0, 32768.0, "Channel 0 of sample 1 is 32768"),
        (0.0, 1.0, np.nan, "Channel 0 of sample 1 is nan"),
    ],
)
def test_what_is_no_integer_of_the_sensor_is_refused(
    offset: float, gain: float, value: float, told: str
) -> None:
    sent = payloads(1, Settings(1, 1.0, (offset,), (gain,)))
    with pytest.raises(DataError, match=told):
        sent.opening()
        sent.samples(np.array([[0.0], [value]], np.float32))


def test_a_gain_that_makes_everything_zero_is_no_other_gain() -> None:
    sent = payloads(1, Settings(1, 1.0, (0.0,), (1e-12,)))
    assert struct.unpack("<iiI", sent.opening()[12:]) == (0, 0, 0)


def test_what_the_board_refuses(talk: Talk) -> None:
    scale = struct.pack("<iiI", 0, 1 << 22, 30)
    for shift in (63, 64, 2**32 - 1):
        wrong = struct.pack("<IIi", 2, 1, 1) + scale + struct.pack("<iiI", 0, 1, shift)
        assert talk(request(OPEN, wrong))[0] == [(OUT_OF_RANGE, b"")], shift
    opening = struct.pack("<IIi", 2, 1, 1) + 2 * scale
    assert talk(request(OPEN, opening[:-4]))[0] == [(BAD_LENGTH, b"")]
    told, _ = talk(request(OPEN, opening), request(SAMPLES, bytes(4 + 6)), request(WRITE_CODED, bytes(16)))
    assert [status for status, _ in told] == [0, BAD_LENGTH, UNKNOWN_TYPE]


def results(talk: Talk, x: np.ndarray) -> list[str]:
    """Return the results of one inference as they are printed for MLPerf Tiny's runners."""
    data = struct.pack("<I", 0) + x.astype("<i2").tobytes()
    _, said = talk(request(WRITE_INPUT, data), text=b"infer 1 0%")
    found = re.search(rb"m-results-\[(.*)\]", said)
    assert found is not None
    return found[1].decode().split(",")


@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([3, 100, 3000, 40000]))
@many
def test_outputs_are_printed_as_probabilities(talk: Talk, seed: int, spread: int) -> None:
    x = np.clip(np.random.default_rng(seed).normal(size=VALUES) * spread, -32768, 32767).astype(np.int16)
    told = results(talk, x)
    assert all(re.fullmatch(r"[01]\.\d{3}", text) for text in told)
    assert [float(text) for text in told] == pytest.approx(softmax(STEP * model(x)), abs=5.1e-4)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("step", ["1e-12", "3"])
def test_every_step_gives_probabilities(make: Make, step: str) -> None:
    talk = make(step=step)
    rng = np.random.default_rng(7)
    for spread in (1, 50, 20000):
        x = np.clip(rng.normal(size=VALUES) * spread, -32768, 32767).astype(np.int16)
        shares = [float(text) for text in results(talk, x)]
        assert shares == pytest.approx(softmax(float(step) * model(x)), abs=5.1e-4)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("step", ["0.3333", "1e9"])
def test_a_single_output_is_printed_in_units_of_its_step(make: Make, step: str) -> None:
    talk = make(step=step, outputs=1)
    for value in (0, 1, -1, 3, 1000, 32767, -32768):
        x = np.zeros(VALUES)
        x[0] = value
        (text,) = results(talk, x)
        exact = Fraction(float(step)) * value
        assert re.fullmatch(r"-?\d+\.\d{3}", text)
        assert abs(Fraction(text) - exact) <= Fraction(501, 1_000_000)
        assert text.startswith("-") == (value < 0)
