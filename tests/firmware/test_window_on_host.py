"""The bundle's window helper on this machine: its decisions, its refusals, and that no window has a gap."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sensor_bnn.compiler.metadata import InputGain
from sensor_bnn.onnx.quantities import to_model_input

from .windows import write_window

HERE = Path(__file__).parent
CHANNELS, WINDOW, CLASSES = 2, 6, 3
RING = 9
OK, NOT_YET, NULL, NOT_READY, BAD_CONFIG, LOST, NO_NUMBER = 0, 1, -1, -4, -5, -6, -7
STEP = 0.25
NUMBERS = {"float32": (ctypes.c_float, ctypes.c_float), "int16": (ctypes.c_int16, ctypes.c_int32)}
Types = tuple[type[ctypes.Structure], type[ctypes.Structure]]


def types_of(dtype: str) -> Types:
    """The configuration and the decision, as the header declares them."""
    floats = dtype == "float32"
    _, number = NUMBERS[dtype]

    class Scaling(ctypes.Structure):
        _fields_ = (
            [("offset", ctypes.c_float), ("gain", ctypes.c_float)]
            if floats
            else [("offset", ctypes.c_int32), ("gain", ctypes.c_int32), ("shift", ctypes.c_uint32)]
        )

    class Config(ctypes.Structure):
        _fields_ = [
            ("hop", ctypes.c_uint32),
            ("share", ctypes.c_float if floats else ctypes.c_uint32),
            ("scales", Scaling * CHANNELS),
        ]

    class Decision(ctypes.Structure):
        _fields_ = [
            *(("at", ctypes.c_uint32), ("alone", ctypes.c_uint16), ("steady", ctypes.c_uint16)),
            *(("logit", number), ("share", number)),
        ]

    return Config, Decision


class Window:
    """A stream of the compiled files."""

    def __init__(self, library: ctypes.CDLL, dtype: str) -> None:
        self.library, self.dtype = library, np.dtype(dtype)
        self.config, self.decision = types_of(dtype)
        self.memory = ctypes.create_string_buffer(4096)

    def init(self, hop: int, share: float, scales: Any = None) -> int:
        floats = self.dtype == np.float32
        config = self.config(hop=hop, share=share if floats else round(share * 65536))
        for place in range(CHANNELS):
            values = (0, 1) if floats else (0, 1 << 22, 30)
            config.scales[place] = (scales or [values] * CHANNELS)[place]
        return self.library.stand_in_window_init(self.memory, ctypes.byref(config))

    def push(self, sample: Any) -> int:
        array = np.ascontiguousarray(sample, self.dtype)
        return self.library.stand_in_window_push(self.memory, ctypes.c_void_p(array.ctypes.data))

    def fill(self) -> tuple[int, Any]:
        out = np.zeros((CHANNELS, WINDOW), self.dtype)
        return self.library.stand_in_window_fill(self.memory, ctypes.c_void_p(out.ctypes.data)), out

    def take(self) -> tuple[int, list[float]]:
        out = np.zeros(CHANNELS, self.dtype)
        status = self.library.stand_in_window_take(self.memory, ctypes.c_void_p(out.ctypes.data))
        return status, out.tolist()

    def decide(self, output: Any) -> tuple[int, Any]:
        array, found = np.ascontiguousarray(output, self.dtype), self.decision()
        pointer = ctypes.c_void_p(array.ctypes.data)
        return self.library.stand_in_window_decide(self.memory, pointer, ctypes.byref(found)), found

    def lost(self) -> int:
        return self.library.stand_in_window_lost(self.memory)


Library = Callable[[str, InputGain], ctypes.CDLL]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """``library(dtype, gain)``: the compiled files."""

    @lru_cache
    def compiled(dtype: str, gain: InputGain) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("window")
        step = STEP if dtype == "int16" else None
        source = write_window(folder, dtype, CHANNELS, CHANNELS * WINDOW, CLASSES, step, gain)
        flags = [
            "-std=c11",
            "-O2",
            "-ffp-contract=off",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wconversion",
            "-Wundef",
        ]
        subprocess.run(["cc", *flags, "-shared", "-fPIC", "-o", folder / "window.so", source], check=True)
        return ctypes.CDLL(str(folder / "window.so"))

    return compiled


@pytest.fixture(scope="session")
def windows(library: Library) -> Callable[[str], Window]:
    """``windows(dtype)``: a stream that is not yet initialised."""
    return lambda dtype: Window(library(dtype, "fixed"), dtype)


both = pytest.mark.parametrize("dtype", ["float32", "int16"])


def samples(count: int, first: int = 0) -> np.ndarray:
    return np.arange(first * CHANNELS, (first + count) * CHANNELS).reshape(-1, CHANNELS)


@both
@given(hop=st.integers(1, WINDOW), bursts=st.lists(st.integers(1, 3), max_size=30))
def test_windows_are_the_last_samples_channel_by_channel(
    windows: Callable[[str], Window], dtype: str, hop: int, bursts: list[int]
) -> None:
    """In bursts that fit the ring, nothing is lost and each window is whole and on time."""
    window = windows(dtype)
    assert window.init(hop, 1.0) == OK
    total, ends = 0, []
    for burst in bursts:
        for sample in samples(burst, total):
            assert window.push(sample) == OK
        total += burst
        while True:
            status, found = window.fill()
            if status != OK:
                break
            ends.append(WINDOW + hop * len(ends))
            assert found.T.tolist() == samples(WINDOW, ends[-1] - WINDOW).tolist()
            status, decision = window.decide(np.zeros(CLASSES))
            assert (status, decision.at) == (OK, ends[-1])
        assert status == NOT_YET
    assert ends == list(range(WINDOW, total + 1, hop)) and window.lost() == 0


@both
def test_a_full_ring_starts_over_without_a_gap_in_a_window(
    windows: Callable[[str], Window], dtype: str
) -> None:
    window = windows(dtype)
    assert window.init(WINDOW, 1.0) == OK
    assert [window.push(sample) for sample in samples(RING + 3)] == [OK] * RING + [LOST] * 3
    assert window.lost() == 3
    status, found = window.fill()
    assert status == OK and found.T.tolist() == samples(WINDOW).tolist()
    assert window.push(samples(1)[0]) == LOST, "there is room again, but a sample is missing before this one"
    assert window.fill()[0] == LOST and window.fill()[0] == NOT_YET
    assert [window.push(sample) for sample in samples(WINDOW, 50)] == [OK] * WINDOW
    status, found = window.fill()
    assert status == OK and found.T.tolist() == samples(WINDOW, 50).tolist()
    assert window.lost() == 4


@both
def test_samples_can_be_taken_as_they_came(windows: Callable[[str], Window], dtype: str) -> None:
    window = windows(dtype)
    assert window.init(1, 1.0) == OK
    for sample in samples(RING + 1):
        window.push(sample)
    assert [window.take() for _ in range(RING)] == [(OK, sample) for sample in samples(RING).tolist()]
    assert [window.take()[0] for _ in range(2)] == [LOST, NOT_YET]


@both
@given(data=st.data(), share=st.sampled_from([0.25, 0.5, 1.0]))
def test_decisions_are_the_running_average_of_probabilities(
    windows: Callable[[str], Window], dtype: str, data: st.DataObject, share: float
) -> None:
    window = windows(dtype)
    assert window.init(1, share) == OK
    for sample in samples(WINDOW):
        window.push(sample)
    assert window.fill()[0] == OK
    logits = st.lists(st.integers(-40, 40), min_size=CLASSES, max_size=CLASSES)
    average = None
    for output in data.draw(st.lists(logits, min_size=1, max_size=8)):
        scale = STEP if dtype == "int16" else 1.0
        powers = np.exp(scale * (np.array(output) - max(output)))
        shares = powers / powers.sum()
        average = shares if average is None else average + share * (shares - average)
        status, found = window.decide(output)
        unit = 1 if dtype == "float32" else 1 << 30
        assert status == OK and found.alone == int(np.argmax(output)) and found.logit == max(output)
        assert average[found.steady] == pytest.approx(average.max(), abs=1e-5)
        assert found.share / unit == pytest.approx(average.max(), abs=1e-5)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_no_number_is_no_class(windows: Callable[[str], Window], wrong: float) -> None:
    window = windows("float32")
    assert window.init(1, 0.5) == OK
    status, found = window.decide([0.0, wrong, 1.0])
    assert (status, found.alone, found.steady) == (NO_NUMBER, 0xFFFF, 0xFFFF)
    status, found = window.decide([0.0, 0.0, 1.0])
    assert (status, found.steady) == (OK, 2), "the average has nothing of it"


@both
def test_misuse_is_a_value(windows: Callable[[str], Window], dtype: str) -> None:
    window = windows(dtype)
    assert window.push([1, 1]) == NOT_READY and window.fill()[0] == NOT_READY
    assert window.decide(np.zeros(CLASSES))[0] == NOT_READY and window.take()[0] == NOT_READY
    for hop, share in ((0, 1.0), (WINDOW + 1, 1.0), (1, 0.0), (1, 1.5)):
        assert window.init(hop, share) == BAD_CONFIG
        assert window.push([1, 1]) == NOT_READY, "a window that was refused is not used"
    if dtype == "int16":
        assert window.init(1, 1.0, [(0, 1, 63), (0, 1, 30)]) == BAD_CONFIG
    assert window.init(1, 1.0) == OK
    library = window.library
    assert library.stand_in_window_init(None, None) == NULL
    assert library.stand_in_window_push(window.memory, None) == NULL
    assert library.stand_in_window_fill(None, window.memory) == NULL
    assert library.stand_in_window_take(window.memory, None) == NULL
    assert library.stand_in_window_decide(window.memory, None, None) == NULL
    assert library.stand_in_window_lost(None) == 0


@pytest.fixture(scope="module")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("threads")
    source = write_window(folder, "int16", 1, 32, 2)
    flags = ["-std=gnu11", "-O1", "-g", "-fsanitize=thread", "-Wall", "-Werror", "-pthread", f"-I{folder}"]
    program = folder / "threads"
    subprocess.run(["cc", *flags, "-o", program, HERE / "window_threads.c", source], check=True)
    yield program


@pytest.mark.usefixtures("long_run")
def test_one_thread_gives_and_one_takes_without_a_race(threaded: Path) -> None:
    """Under ThreadSanitizer, which reports every access that is not ordered."""
    done = subprocess.run([threaded], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    windows, restarts, lost = map(int, done.stdout.split())
    assert windows > 0 and (lost == 0) == (restarts == 0)


@pytest.fixture(scope="session")
def by_power(library: Library) -> ctypes.CDLL:
    """The files of a model with a gain per window: samples are floats, the input is int16."""
    return library("int16", "window")


def filled(library: ctypes.CDLL, x: np.ndarray, scales: Any = ((0, 1),) * CHANNELS) -> tuple[int, np.ndarray]:
    """Push samples, float32 ``[WINDOW, CHANNELS]``, and fill the input with the window of them."""

    class Scaling(ctypes.Structure):
        _fields_ = [("offset", ctypes.c_float), ("gain", ctypes.c_float)]

    class Config(ctypes.Structure):
        _fields_ = [("hop", ctypes.c_uint32), ("share", ctypes.c_uint32), ("scales", Scaling * CHANNELS)]

    memory = ctypes.create_string_buffer(4096)
    config = Config(WINDOW, 65536, (Scaling * CHANNELS)(*scales))
    assert library.stand_in_window_init(memory, ctypes.byref(config)) == OK
    for sample in np.ascontiguousarray(x, np.float32):
        assert library.stand_in_window_push(memory, ctypes.c_void_p(sample.ctypes.data)) == OK
    found = np.zeros((CHANNELS, WINDOW), np.int16)
    status = library.stand_in_window_fill(memory, ctypes.c_void_p(found.ctypes.data))
    assert library.stand_in_window_fill(memory, ctypes.c_void_p(found.ctypes.data)) == NOT_YET
    return status, found


ONE = st.floats(width=32, allow_nan=False, allow_infinity=False)
NEAR = st.floats(-2, 2, width=32) | st.integers(-66000, 66000).map(lambda ties: ties / 65536)


@given(arrays.arrays(np.float32, (WINDOW, CHANNELS), elements=ONE | NEAR))
def test_with_a_gain_per_window_the_board_rounds_as_the_host(by_power: ctypes.CDLL, x: np.ndarray) -> None:
    status, found = filled(by_power, x)
    expected = to_model_input(x.T[None].copy(), np.dtype(np.int16), [2.0**-15] * CHANNELS, "window")
    assert status == OK and found.tolist() == expected[0].tolist()


@given(
    arrays.arrays(np.float32, (WINDOW, CHANNELS), elements=st.floats(-2, 2, width=32)),
    st.tuples(st.floats(-4, 4, width=32), st.floats(-4, 4, width=32)),
)
def test_offset_and_gain_come_before_the_gain_of_a_window(
    by_power: ctypes.CDLL, x: np.ndarray, scale: tuple[float, float]
) -> None:
    status, found = filled(by_power, x, (scale, (0, 1)))
    offset, gain = np.array([[scale[0], 0]], np.float32), np.array([[scale[1], 1]], np.float32)
    moved = ((x - offset) * gain).T[None].copy()
    expected = to_model_input(moved, np.dtype(np.int16), [2.0**-15] * CHANNELS, "window")
    assert status == OK and found.tolist() == expected[0].tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_window_with_what_is_no_number_is_left_out(by_power: ctypes.CDLL, value: float) -> None:
    x = np.ones((WINDOW, CHANNELS), np.float32)
    x[2, 1] = value
    assert filled(by_power, x)[0] == NO_NUMBER
