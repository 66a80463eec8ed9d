"""``sensor-bnn doctor --port``: an emulated board in every step, and boards that are silent or too fast."""

from __future__ import annotations

import functools
import json
import operator
import os
import shutil
import struct
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.doctor import command
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BoardError, FlashError
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.firmware.image import read_image
from sensor_bnn.hardware.boards import HEADER_BYTES, list_boards, load_board
from sensor_bnn.report.environment import environment
from sensor_bnn.resources import resource
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.workflows import checkup
from sensor_bnn.workflows.checkup import (
    STEPS,
    check_board,
    clock_ratio,
    find_baud,
    hanging_image,
    is_clock_right,
)


def impatient_copy(name: str, parent: Path) -> Path:
    """An emulated board with a watchdog of five seconds, not ten minutes."""
    folder = Path(shutil.copytree(resource("boards") / name, parent / "impatient"))
    facts = (folder / "board.toml").read_text()
    facts = facts.replace(f'name = "{name}"', 'name = "impatient"')
    assert "seconds = 600" in facts
    (folder / "board.toml").write_text(facts.replace("seconds = 600", "seconds = 5"))
    return folder


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """QEMU's Cortex-M7 board."""
    return impatient_copy("qemu-mps2-an500", tmp_path)


OTHERS = [
    board.name
    for board in list_boards()
    if board.emulator is not None and board.watchdog is not None and board.name != "qemu-mps2-an500"
]


@pytest.mark.usefixtures("qemu", "cross_compiler")
@pytest.mark.parametrize("name", OTHERS)
def test_the_watchdog_of_every_other_emulated_board(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that hangs is reset; then the model is flashed again."""
    flashed: list[str] = []
    monkeypatch.setattr(checkup, "flash_image", lambda port, *given, **rest: flashed.append(port))
    board = load_board(impatient_copy(name, tmp_path))
    image = hanging_image(board, board.slot.origin)
    bench = checkup._Bench(
        *("", board, tmp_path, None, (), lambda stage, done, total: None), image, tmp_path, tmp_path
    )
    with Emulator(board, build_bootloader(board, tmp_path / "bootloader")) as emulator:
        bench.port = emulator.port
        assert checkup._watchdog(bench)["expected_seconds"] == 5
    assert flashed == [bench.port]


@pytest.mark.usefixtures("qemu", "cross_compiler", "long_compile")
def test_every_step_of_an_emulated_board(
    impatient: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    board = load_board(impatient)
    out = tmp_path / "out"
    with Emulator(board, build_bootloader(board, tmp_path / "bootloader")) as emulator:
        arguments = ["--port", emulator.port, "--board", str(impatient), "-o", str(out), "--json"]
        done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    conforms("doctor-board", report)
    assert json.loads((out / "impatient.json").read_text()) == report
    steps = {step["name"]: step for step in report["steps"]}
    assert tuple(steps) == STEPS
    assert {name for name, step in steps.items() if step["outcome"] != "ok"} == {"protection", "power cut"}
    assert steps["bootloader"]["found"]["resident"] is True
    assert steps["banner"]["found"]["board"] == "impatient"
    assert steps["rates"]["found"]["115200"] == 0
    assert steps["model"]["found"]["bit_exact"] is True
    assert min(steps["counter"]["found"]["ticks"]) > 0
    assert report["environment"] | {"date": ""} == environment(board) | {"date": ""}


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Skip the model: no step of these tests gets as far as that."""
    monkeypatch.setattr(checkup, "prepare_model", lambda *given: SimpleNamespace(bundle=None, host=None))
    monkeypatch.setattr(checkup, "build_firmware", lambda *given: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(checkup, "read_image", lambda folder: None)


@contextmanager
def pseudo_terminal(answers: Callable[[bytes, int], bytes]) -> Iterator[str]:
    """A played board: ``answers(received, baud)`` returns what it sends, at termios' code of the rate."""
    host, board = os.openpty()
    tty.setraw(board)
    ended = threading.Event()

    def answer() -> None:
        while not ended.is_set():
            data = os.read(host, 64)
            os.write(host, answers(data, termios.tcgetattr(board)[4]))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield os.ttyname(board)
    finally:
        ended.set()
        os.write(board, b"\0")  # The thread reads this last byte.
        thread.join()
        os.close(host)
        os.close(board)


def at_rate(baud: int | None) -> Callable[[bytes, int], bytes]:
    """A bootloader that answers a call at one rate only, as one whose clock is another; None if at none."""
    return lambda data, now: b"\x79" if now == baud and b"\x7f" in data else b""


@pytest.mark.parametrize(
    ("answers", "found"), [(termios.B57600, 57600), (termios.B230400, 230400), (None, None)]
)
def test_the_rate_of_a_board_with_another_crystal_is_found(
    monkeypatch: pytest.MonkeyPatch, long_run: None, answers: int | None, found: int | None
) -> None:
    monkeypatch.setattr(checkup, "CRYSTALS", (8, 16))
    with pseudo_terminal(at_rate(answers)) as port:
        assert find_baud(port, load_board("nucleo-f446re")) == found


def test_a_board_with_another_crystal_is_told_so(
    monkeypatch: pytest.MonkeyPatch, long_run: None, uncompiled: None, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkup, "CRYSTALS", (8, 16))
    with pseudo_terminal(at_rate(termios.B57600)) as port:
        findings = {
            finding.name: finding for finding in check_board(port, load_board("nucleo-f446re"), tmp_path)
        }
    assert findings["port"].outcome == "ok"
    wrong = findings["bootloader"]
    assert (wrong.outcome, wrong.found) == ("failed", {"baud": 57600})
    assert "a crystal of 8 MHz where 16 are expected" in wrong.advice[1]
    for name in ("protection", "flash", "banner", "clock", "rates", "counter", "model", "watchdog"):
        assert findings[name].outcome == "not checked", name
        assert findings[name].advice[0].startswith("It requires: ")


def test_an_image_that_hangs_is_whole_and_branches_to_itself() -> None:
    board = load_board("nucleo-f446re")
    image = hanging_image(board, board.slots[1].origin)
    header = read_image(image.data)
    assert (header.board, header.address) == (board.name, board.slots[1].origin)
    stack, *vectors = struct.unpack_from(f"<{16 + board.uart.irq + 1}I", image.data, HEADER_BYTES)
    assert board.ram.origin < stack <= board.ram.end and stack % 8 == 0
    assert len(set(vectors)) == 1 and vectors[0] & 1
    code = image.data[vectors[0] - 1 - image.address :]
    assert code[:2] == b"\xfe\xe7"  # Thumb: a branch to itself


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--board", "pico2"], ["--debugger", "x"]], ids=lambda given: given[0]
)
def test_options_that_belong_together(arguments: list[str]) -> None:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2


def test_nothing_is_compiled_for_a_port_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is written all the same."""

    def never(*given: object) -> None:
        raise AssertionError("a model is compiled for no board")

    monkeypatch.setattr(checkup, "prepare_model", never)
    words = [
        "--port",
        str(tmp_path / "none"),
        "--board",
        "nucleo-f446re",
        "-o",
        str(tmp_path / "out"),
        "--json",
    ]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 1 and "there is no such port" in done.stderr
    report = json.loads((tmp_path / "out" / "nucleo-f446re.json").read_text())
    assert [step["name"] for step in report["steps"]] == list(STEPS)
    assert [step["outcome"] for step in report["steps"]] == ["failed", *["not checked"] * (len(STEPS) - 1)]


def test_a_linux_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="neither flash nor start-up"):
        next(check_board("x", load_board("aarch64-linux"), tmp_path))


def test_a_board_with_a_drive_says_how_to_flash_it(uncompiled: None, tmp_path: Path) -> None:
    board = load_board("pico2")
    with pseudo_terminal(at_rate(None)) as port:
        steps = check_board(port, board, tmp_path)
        findings = [next(steps) for _ in range(3)]
    assert [finding.outcome for finding in findings] == ["ok", "not checked", "not checked"]
    assert "drive of its ROM" in findings[1].advice[0]


def test_the_ratio_of_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In five seconds of this machine the board counts 1.5625: its clock is at five sixteenths."""
    monkeypatch.setattr(checkup, "CLOCK_SECONDS", 0.0)
    laps = iter([1_000_000, 2_562_500])
    times = iter([10.0, 10.2, 15.0, 15.2])

    def says(data: bytes, baud: int) -> bytes:
        return b"m-lap-us-%d\r\nm-ready\r\n" % next(laps) if data == b"timestamp%" else b""

    with pseudo_terminal(says) as path, SerialPort(path, load_board("nucleo-f446re").uart) as port:
        assert clock_ratio(port, lambda: next(times)) == pytest.approx(0.3125)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("nucleo-f446re", (0.996, 1.004), (0.99, 1.01)),
        ("nucleo-g0b1re", (0.987, 1.013), (0.98, 1.02)),
        ("nucleo-l4r5zi", (0.987, 1.013), (0.98, 1.02)),
        ("nucleo-u575zi-q", (0.987, 1.013), (0.98, 1.02)),
        ("pico", (0.996, 1.004), (0.99, 1.01)),
        ("qemu-mps2-an500", (0.5, 2.0), ()),
    ],
)
def test_a_clock_is_judged_by_its_source(
    name: str, right: tuple[float, ...], wrong: tuple[float, ...]
) -> None:
    """A crystal, or the oscillator of the chip, which may be off by one per cent."""
    assert all(is_clock_right(load_board(name), ratio) for ratio in right)
    assert not any(is_clock_right(load_board(name), ratio) for ratio in wrong)


@pytest.mark.parametrize("reason", [0, 10])
def test_a_board_on_its_own_oscillator_is_told_so(uncompiled: None, tmp_path: Path, reason: int) -> None:
    """Our bootloader says in Get Version that the board's clock did not start."""
    board = load_board("nucleo-f446re")
    commands = bytes([0x00, 0x01, 0x02, 0x03, 0x11, 0x21, 0x31, 0x44, 0xA1])
    replies = {
        b"\x7f": b"\x79",
        b"\x00\xff": b"\x79" + bytes([len(commands), 0x33]) + commands + b"\x79",
        b"\x01\xfe": b"\x79\x33\x00" + bytes([reason]) + b"\x79",
        b"\x02\xfd": b"\x79\x01" + struct.pack(">H", board.bootloader.chip_id) + b"\x79",
    }
    with pseudo_terminal(lambda data, baud: replies.get(data, b"")) as port:
        steps = check_board(port, board, tmp_path)
        assert next(steps).outcome == "ok"
        found = next(steps)
    assert found.outcome == "ok", found
    assert found.found["resident"] is True
    assert found.found["on_own_clock"] is (reason == 10)


OPTCR = (
    # value, outcome, what is said
    (0x0FFF_AAE1, "ok", ""),
    (0x0FFF_AAED, "ok", "Brown-out reset (BOR) is off"),
    (0x0FFF_00E1, "ok", "Read protection (RDP) is on, level 1"),
    (0x0FFC_AAE1, "ok", ""),  # the bootloader's own sectors 0 and 1: as docs/security.md says
    (0x0FFB_AAE1, "failed", "write-protected (WRP) at 0x08008000 to 0x0800bfff"),
    (0x0F7F_AAE1, "failed", "write-protected (WRP) at 0x08060000 to 0x0807ffff"),
    (0x8FFF_AAE1, "failed", "SPRMOD is 0"),
)


@pytest.mark.parametrize(("value", "outcome", "said"), OPTCR)
def test_each_protection_has_its_own_advice(
    uncompiled: None, tmp_path: Path, value: int, outcome: str, said: str
) -> None:
    """The option bytes of an STM32F446, as our bootloader shows them; nothing is erased after a failure."""
    board = load_board("nucleo-f446re")
    codes = bytes([0x00, 0x01, 0x02, 0x03, 0x11, 0x21, 0x31, 0x44, 0xA1, 0xB2])
    words = b"\x01" + struct.pack(">I", value)
    check = functools.reduce(operator.xor, words)
    replies = {
        b"\x7f": b"\x79",
        b"\x00\xff": b"\x79" + bytes([len(codes), 0x33]) + codes + b"\x79",
        b"\x01\xfe": b"\x79\x33\x00\x00\x79",
        b"\x02\xfd": b"\x79\x01" + struct.pack(">H", board.bootloader.chip_id) + b"\x79",
        b"\xb2\x4d": b"\x79" + words + bytes([check]),
    }
    came = []

    def answer(data: bytes, baud: int) -> bytes:
        came.append(data)
        return replies.get(data, b"")

    with pseudo_terminal(answer) as port:
        steps = check_board(port, board, tmp_path)
        found = {finding.name: finding for _, finding in zip(range(3), steps, strict=False)}["protection"]
        assert found.outcome == outcome, found
        assert said in " ".join(found.advice)
        assert bool(found.advice) is bool(said)
        if outcome == "failed":
            flash = next(steps)
            assert (flash.outcome, flash.advice) == ("not checked", ("It requires: protection.",))
    assert b"\x44\xbb" not in came, "an Extended Erase"


@pytest.fixture
def played(uncompiled: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A NUCLEO-F446RE in which everything is right: what a test changes of it is the fault."""
    sound = SimpleNamespace(
        own_clock=False,
        ratio=1.0,
        retries=0,
        ticks=1,
        flash=SimpleNamespace(
            **dict.fromkeys(("pages_written", "written_bytes", "write_seconds", "verify_seconds"), 1),
            **{"verified_by": "checksum", "baud": 115200, "retries": 0},
        ),
        bench=SimpleNamespace(
            **{"samples": 4, "bit_exact": True, "different": 0, "first_different": None},
            **{"repeat_exact": True, "ticks": [1], "stack_bytes": 1, "stack_reserved_bytes": 2, "retries": 0},
        ),
        comes_back=True,
    )

    class Device:
        counter, counter_hz, board, model_hash, firmware_version = "dwt", 180_000_000, "b", "0", "1"
        baud, retries = 115200, 0

        def __enter__(self) -> Device:
            return self

        def __exit__(self, *given: object) -> None:
            pass

        def hello(self) -> None:
            pass

        def change_speed(self, baud: int) -> None:
            pass

        def write_input(self, data: bytes) -> None:
            self.retries += sound.retries

        def infer(self) -> int:
            return int(sound.ticks)

        def sync(self, seconds: float) -> bool:
            return bool(sound.comes_back)

    device = Device()

    def session(*given: object) -> SimpleNamespace:
        return SimpleNamespace(
            **{"is_ours": True, "checks_signatures": False, "is_on_own_clock": sound.own_clock},
            **{"version": 0x33, "commands": {1, 2}, "port": device},
        )

    def flashed(*given: object, **options: object) -> SimpleNamespace:
        if isinstance(sound.flash, Exception):
            raise sound.flash
        return sound.flash

    said = {
        "SerialPort": lambda *given: device,
        "Client": lambda *given: device,
        "An3155": lambda *given: device,
        "open_session": lambda *given: nullcontext(session()),
        "application_at": lambda *given: nullcontext((device, device)),
        "read_options": lambda *given: None,
        "read_metadata": lambda *given: None,
        "flash_image": flashed,
        "_start_hanging": lambda *given: None,
        "clock_ratio": lambda *given: sound.ratio,
        "run_bench": lambda *given, **options: sound.bench,
    }
    for name, value in said.items():
        monkeypatch.setattr(checkup, name, value)
    return sound


def test_a_board_in_which_everything_is_right(played: SimpleNamespace, tmp_path: Path) -> None:
    found = {step.name: step for step in check_board("x", load_board("nucleo-f446re"), tmp_path)}
    outcomes = {name: step.outcome for name, step in found.items()}
    assert outcomes == dict.fromkeys(STEPS, "ok") | dict.fromkeys(("protection", "power cut"), "not checked")


FAULTS = {
    "flash does not take it": (
        {"flash": FlashError("The page at 0x08010000 holds other bytes.", "Write it again.")},
        ("flash", "The page at 0x08010000 holds other bytes.", "Is the flash protected (RDP, WRP)"),
    ),
    "the crystal does not start": (
        {"own_clock": True},
        ("clock", "the chip runs from its own oscillator", "solder bridges of the debugger's clock"),
    ),
    "another crystal": (
        {"ratio": 8 / 25},
        ("clock", "57,600,000 Hz", "a crystal of 8 MHz where 25 are expected"),
    ),
    "the line loses bytes": ({"retries": 1}, ("rates", "lost or damaged bytes", "a shorter cable")),
    "the counter does not move": ({"ticks": 0}, ("counter", "dwt did not move", "is locked by a debugger")),
    "the counter is too fast": ({"ticks": 18_000_000_000}, ("counter", "by the counter, and", "its clock")),
    "too few wait states": (
        {"bench.bit_exact": False, "bench.different": 2, "bench.first_different": 1},
        ("model", "2 of 4 outputs differ from this machine's; the first is sample 1", "too few wait states"),
    ),
    "no watchdog": ({"comes_back": False}, ("watchdog", "did not come back from a hang", "`watchdog.base`")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_own_advice(fault: str, played: SimpleNamespace, tmp_path: Path) -> None:
    changes, (name, *words) = FAULTS[fault]
    for key, value in changes.items():
        place, _, key_in_it = key.rpartition(".")
        setattr(getattr(played, place) if place else played, key_in_it, value)
    found = {step.name: step for step in check_board("x", load_board("nucleo-f446re"), tmp_path)}
    failed = [step.name for step in found.values() if step.outcome == "failed"]
    assert failed == [name], found
    told = " ".join(found[name].advice)
    assert all(word in told for word in words), told
