"""What a board's firmware was linked with, compared with the bundle: its classes, weights and kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from peer import TOY, Application, Peer

from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import DeviceError
from sensor_bnn.live.monitor import watch
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import Recording
from sensor_bnn.live.stream import stream_at
from sensor_bnn.measure.bench import run_bench
from sensor_bnn.measure.evaluate import run_evaluate
from sensor_bnn.measure.profile import run_profile
from sensor_bnn.tracing import notes_shown
from sensor_bnn.wire import application, client

NAMES = ("rest", "walk", "run")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(application, "_HELLO_SECONDS", 0.2)


def some() -> Samples:
    x = np.random.default_rng(1).normal(size=(2, 6, 100)).astype(np.float32)
    return Samples(x, np.argmax(x[:, 0, :3], axis=1).astype(np.int64), NAMES)


def bench(port: str, bundle: Path) -> object:
    return run_bench(port, TOY, bundle, some())


def evaluate(port: str, bundle: Path) -> object:
    return run_evaluate(port, TOY, bundle, some(), bundle.parent / "state")


def profile(port: str, bundle: Path) -> object:
    return run_profile(port, TOY, bundle, some(), runs=1, warmup=0)


def monitor(port: str, bundle: Path) -> object:
    return list(islice(watch(port, TOY, bundle, some()), 1))


def stream(port: str, bundle: Path) -> object:
    recording = Recording(np.zeros((100, 6), np.float32), ())
    return list(stream_at(port, TOY, bundle, recording, Settings(hop=100)))


EVERY = pytest.mark.parametrize("run", [bench, evaluate, profile, monitor, stream])


@EVERY
@pytest.mark.parametrize(
    ("board", "bundle", "told"),
    [
        (
            ("walk", "rest", "run"),
            NAMES,
            "output 0 is walk on the board and rest in the bundle, "
            "output 1 is rest on the board and walk in the bundle.",
        ),
        (("rest", "walk", "swim"), NAMES, "output 2 is swim on the board and run in the bundle."),
        (("rest", "walk"), NAMES, "output 2 is missing on the board and run in the bundle."),
        ((), NAMES, "the bundle names rest, walk, run, and the board names none."),
        (NAMES, None, "the board names rest, walk, run, and the bundle names none."),
    ],
)
def test_other_names_on_the_board_are_refused(
    run: Callable[[str, Path], object],
    board: tuple[str, ...],
    bundle: tuple[str, ...] | None,
    told: str,
    tmp_path: Path,
) -> None:
    folder = write_bundle(tmp_path / "bundle", classes=bundle)
    with Peer("application", Application(classes=board)) as peer, pytest.raises(DeviceError) as caught:
        run(peer.port, folder)
    assert caught.value.message == f"The board's firmware has other classes than the bundle: {told}"
    assert 0x03 not in peer.log, "nothing was inferred"


def test_equal_names_are_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that take several frames, and letters that have two forms in Unicode."""
    names = ("ge\u0308hen", "walk " * 300, "run")
    folder = write_bundle(tmp_path / "bundle", classes=names)
    board = Application(classes=("g\u00ebhen", *names[1:]))
    samples = replace(some(), classes=names)
    with notes_shown(), Peer("application", board) as peer:
        assert run_bench(peer.port, TOY, folder, samples).top1_device == 1.0
    assert peer.log.count(0x0B) == 2
    assert capsys.readouterr().err == ""


@EVERY
def test_other_weights_on_the_board_are_refused(run: Callable[[str, Path], object], tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    wrong = Application(weights=1)
    with Peer("application", wrong) as peer, pytest.raises(DeviceError, match="other weights") as caught:
        run(peer.port, folder)
    assert "cmake -P BUNDLE/cmake/verify.cmake" in caught.value.remedy
    assert 0x03 not in peer.log


def test_other_kernels_on_the_board_are_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    told = "other kernels than the bundle: 0 bytes with the CRC-32 00000001, not 0 bytes"
    with (
        Peer("application", Application(kernels=1)) as peer,
        pytest.raises(DeviceError, match=told) as caught,
    ):
        bench(peer.port, folder)
    assert "cmake -P BUNDLE/cmake/verify.cmake" in caught.value.remedy
    assert 0x03 not in peer.log


def test_other_texts_of_c_files_are_refused(tmp_path: Path) -> None:
    """Of a build that compares them; one that says nothing has compared the files itself."""
    folder = write_bundle(tmp_path / "bundle", sources_bytes=12_000)
    for size in (None, 12_000):
        with Peer("application", Application(sources_bytes=size)) as peer:
            assert run_bench(peer.port, TOY, folder, some()).samples == 2
    told = "other C files than the bundle's: the linker was given 12,001 bytes of different texts, not 12,000"
    with (
        Peer("application", Application(sources_bytes=12_001)) as peer,
        pytest.raises(DeviceError, match=told) as caught,
    ):
        bench(peer.port, folder)
    assert "cmake -P BUNDLE/cmake/verify.cmake" in caught.value.remedy
    assert 0x03 not in peer.log


def test_an_older_firmware_says_neither_and_a_note_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_bundle(tmp_path / "bundle", classes=NAMES)
    older = Application(classes=None, weights=None)
    with notes_shown(), Peer("application", older) as peer:
        assert run_bench(peer.port, TOY, folder, some()).samples == 2
    told = capsys.readouterr().err
    assert told.count("note: the board's firmware is older") == 1
    assert "classes' names and the checksums of its weights and kernels: they are not compared" in told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\0\0", "CLASSES"),
        (b"\5\0\0\0rest", "8 bytes, not 5"),
        (b"\5\0\0\0rest\0walk\0", "10 bytes, not 5"),
        (b"\5\0\0\0rest!", "5 bytes, not 5"),
        (b"\3\0\0\0\xff\xfe\0", "utf-8"),
        (b"\xff\xff\xff\xff" + b"x" * 1000, "bytes, not 4294967295"),
    ],
)
def test_names_that_are_no_answer_are_refused(answer: bytes, told: str, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", classes=NAMES)
    board = Application(instead={0x0B: answer})
    with Peer("application", board) as peer, pytest.raises(DeviceError, match=told):
        bench(peer.port, folder)


def test_a_checksum_of_another_length_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    board = Application(instead={0x0C: bytes(7)})
    with Peer("application", board) as peer, pytest.raises(DeviceError, match="WEIGHTS cannot be read"):
        bench(peer.port, folder)


def test_another_firmware_in_the_middle_of_an_evaluation(tmp_path: Path) -> None:
    """It answers HELLO as the first one did; a lost answer makes the host look again."""
    folder = write_bundle(tmp_path / "bundle")
    board = Application()
    with Peer("application", board) as peer:

        def changed(stage: str, done: int, wanted: int) -> None:
            board.weights, board.refused = 1, 1

        with pytest.raises(DeviceError, match="other weights"):
            run_evaluate(peer.port, TOY, folder, some(), tmp_path / "state", progress=changed)
