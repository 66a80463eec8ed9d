"""The live-stream application on this machine, under sanitizers."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import list_boards, load_board

from .line import request
from .windows import write_window

HERE = Path(__file__).parent
FAKE, STANDIN = HERE / "host" / "fake", HERE / "standin"
OPEN, SAMPLES, HELLO = 0x20, 0x21, 0x01
VALUES, CLASSES = 400, 300  # of the stand-in
BAD_LENGTH, OUT_OF_RANGE, NO_RESULT = 2, 3, 4
DECISION = struct.Struct("<IHHffQQQ")
Answers = Callable[..., list[tuple[int, bytes]]]


CHANNELS = (1, 4, 40)


@pytest.fixture(scope="session")
def with_channels(
    host_compile: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Answers]:
    """``with_channels(n)(request, ...)``: status and payload of each answer; n is one of ``CHANNELS``."""
    folder = tmp_path_factory.mktemp("windows")

    @lru_cache
    def program(channels: int) -> Path:
        window = write_window(folder / str(channels), "float32", channels, VALUES, CLASSES)
        return host_compile(
            f"stream{channels}",
            *("stream/stream.c", "stream/no_sensor.c", "app/main.c", "app/agent.c", "app/eembc.c"),
            *("app/header.c", "app/confirm.c", "runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
            *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
            *(window, FAKE / "fake.c"),
            options=(
                *("-fsanitize=address,undefined", "-Wno-conversion"),
                *("-I", str(FAKE), "-I", str(STANDIN), "-I", str(window.parent), "-lm"),
            ),
        )

    def of(channels: int) -> Answers:
        def run(*requests: bytes) -> list[tuple[int, bytes]]:
            script = b"".join(b"b" + bytes([byte]) for byte in b"".join(requests))
            done = subprocess.run(
                [program(channels)], input=script, capture_output=True, check=False, timeout=60
            )
            assert done.returncode == 0, done.stderr.decode(errors="replace")
            found, rest = [], done.stdout
            while rest:
                end = 8 + struct.unpack("<H", rest[6:8])[0]
                found.append((rest[5], rest[8:end]))
                rest = rest[end + 4 :]
            return found

        return run

    return of


@pytest.fixture
def answers(with_channels: Callable[[int], Answers]) -> Answers:
    """The stand-in with four channels."""
    return with_channels(4)


def opening(
    channels: int, hop: int, share: float = 1.0, scales: list[tuple[float, float]] | None = None
) -> bytes:
    pairs = [(0.0, 1.0)] * channels if scales is None else scales
    return request(
        OPEN, struct.pack("<IIf", channels, hop, share) + b"".join(struct.pack("<ff", *p) for p in pairs)
    )


def sending(raw: np.ndarray, first: int = 0) -> bytes:
    return request(SAMPLES, struct.pack("<I", first) + raw.astype("<f4").tobytes())


def all_of(raw: np.ndarray, step: int) -> list[bytes]:
    return [sending(raw[at : at + step], at) for at in range(0, len(raw), step)]


def model(window: np.ndarray) -> np.ndarray:
    """Return the output of the stand-in, float32 [300]; see standin/kernels.c."""
    x = window.astype(np.float32).ravel()
    half, three, two = np.float32(0.5), np.float32(-1.5), np.float32(2.25)
    return half * x[:300] + three * x[1:301] + two * x[2:302] + np.float32(1)


def by_definition(
    raw: np.ndarray, hop: int, share: float, scales: np.ndarray
) -> list[tuple[int, int, int, float]]:
    """Return for each decision its sample, the window's class, the smoothed class and its share."""
    length = VALUES // raw.shape[1]
    average, found = None, []
    for end in range(length, len(raw) + 1, hop):
        window = (raw[end - length : end].astype(np.float32) - scales[:, 0]) * scales[:, 1]
        logits = model(window.T)
        shares = np.exp((logits - logits.max()).astype(np.float64))
        shares /= shares.sum()
        average = shares if average is None else average + share * (shares - average)
        found.append((end, int(logits.argmax()), int(average.argmax()), float(average.max())))
    return found


def shares_of(payloads: list[bytes]) -> list[float]:
    return [row[4] for payload in payloads for row in DECISION.iter_unpack(payload[4:])]


def decisions(payloads: list[bytes]) -> list[tuple[int, int, int]]:
    found = []
    for payload in payloads:
        rows = list(DECISION.iter_unpack(payload[4:]))
        assert struct.unpack("<I", payload[:4]) == (len(rows),)
        found += [row[:3] for row in rows]
    return found


@pytest.mark.usefixtures("long_run")
@given(
    channels=st.sampled_from(CHANNELS),
    hop=st.integers(1, 10),
    step=st.integers(1, 6),
    length=st.integers(0, 30),
    share=st.sampled_from([0.25, 0.5, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_decisions_are_as_defined(
    with_channels: Callable[[int], Answers],
    channels: int,
    hop: int,
    step: int,
    length: int,
    share: float,
    seed: int,
) -> None:
    window = VALUES // channels
    hop = min(hop, window)
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 64, (window + length, channels)).astype(np.float32)
    scales = np.column_stack([rng.integers(0, 4, channels), 2.0 ** rng.integers(-2, 2, channels)])
    raw += scales[:, 0]  # the first values are the stand-in's rounds and bytes, so none may be negative
    told = with_channels(channels)(
        opening(channels, hop, share, [(float(a), float(b)) for a, b in scales]), *all_of(raw, step)
    )
    assert {status for status, _ in told} == {0}
    found = decisions([payload for _, payload in told[1:]])
    meant = by_definition(raw, hop, share, scales)
    assert [row[:2] for row in found] == [row[:2] for row in meant]
    told_shares = shares_of([payload for _, payload in told[1:]])
    assert told_shares == pytest.approx([row[3] for row in meant], rel=1e-5)
    if share == 1.0:
        assert [row[2] for row in found] == [row[1] for row in found]


def test_the_average_moves_slowly(answers: Answers) -> None:
    """One window of another class among many does not change the smoothed answer."""
    quiet = np.zeros((100, 4), np.float32)
    quiet[20, 0] = 9.0
    other = np.zeros((100, 4), np.float32)
    other[60, 1] = 9.0
    raw = np.concatenate([quiet, quiet, other, quiet])
    told = answers(opening(4, 100, 0.3), *all_of(raw, 20))
    rows = decisions([payload for _, payload in told[1:]])
    usual, strange = rows[0][1], rows[2][1]
    assert [row[1] for row in rows] == [usual, usual, strange, usual] and usual != strange
    assert [row[2] for row in rows] == [usual] * 4
    assert answers(opening(4, 100, 0.3), *all_of(raw, 20)) == told


def test_samples_that_are_sent_again_are_not_taken_twice(answers: Answers) -> None:
    raw = np.arange(400, dtype=np.float32).reshape(100, 4) % 7
    parts = all_of(raw, 50)
    once = answers(opening(4, 100), *parts)
    again = answers(opening(4, 100), parts[0], parts[0], parts[1], parts[1], sending(raw[:1], 100))
    assert [again[1], again[3]] == once[1:] and again[2] == again[1] and again[4] == again[3]
    assert again[5] == (0, struct.pack("<I", 0)), "the next sample is number 100"


def test_what_is_refused(answers: Answers, with_channels: Callable[[int], Answers]) -> None:
    raw = np.zeros((10, 4), np.float32)
    assert answers(sending(raw)) == [(NO_RESULT, b"")]
    for channels, hop in ((0, 1), (3, 1), (5, 1), (4, 0), (4, 101)):
        assert answers(opening(channels, hop)) == [(OUT_OF_RANGE, b"")], (channels, hop)
    assert answers(request(OPEN, b"")) == [(BAD_LENGTH, b"")]
    assert answers(request(OPEN, struct.pack("<IIf", 4, 1, 1.0))) == [(BAD_LENGTH, b"")]
    told = answers(
        opening(4, 1), sending(raw, 1), request(SAMPLES, bytes(4)), request(SAMPLES, bytes(7)), request(HELLO)
    )
    assert [status for status, _ in told] == [0, OUT_OF_RANGE, BAD_LENGTH, BAD_LENGTH, 0]
    for share in (0.0, -0.5, 1.5, float("nan")):
        assert answers(opening(4, 1, share)) == [(OUT_OF_RANGE, b"")], share
    many = with_channels(1)(opening(1, 1), sending(np.zeros((26, 1), np.float32)))
    assert many[1] == (OUT_OF_RANGE, b""), "more decisions than an answer holds"


OF_A_TARGET = {board.target: board.name for board in list_boards()}


@pytest.mark.parametrize("name", OF_A_TARGET.values())
def test_it_builds_for_every_target(name: str, standin_for: Callable[[str], Path], tmp_path: Path) -> None:
    board = load_board(name)
    built = build_firmware(standin_for(board.target), board, tmp_path / "out", "stream")
    assert built.firmware_bin.read_bytes() != b""
