"""A guided check of a board at a port: from the port to a known model, each step with advice if it fails."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import BoardError, DeviceError, PortError, SensorBnnError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.flashing.espressif import open_rom
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.placement import place
from sensor_bnn.flashing.protection import closed_parts, ranges_text, read_options
from sensor_bnn.flashing.session import FAST_BAUD, Link, Session, open_session
from sensor_bnn.flashing.transfer import Progress, erase_pages, filled, pages_of, write_pages
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, is_loaded_by_rom, is_only_emulated, is_program
from sensor_bnn.measure.bench import run_bench
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.workflows.demo import SHIPPED, prepare_model

RATES = (115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000, 3_000_000)
"""The rates of the line that are tried, in baud."""

CRYSTALS = (8, 12, 16, 24, 25, 26, 48)
"""Rates of crystals and oscillators that boards have, in MHz: a wrong one is a ratio of two of them."""

SAMPLES = 4
"""Samples of the known model that are compared to the last bit."""

CLOCK_SECONDS = 5.0
CLOCK_TOLERANCE = 0.005
"""Of a crystal's clock against this machine's, over a serial port; `counter.deviation` is added to it."""

ROUND_TRIPS = 20
"""Exchanges at each rate of the line."""

LONGEST_WATCHDOG_SECONDS = 120
"""A watchdog that waits longer is not tried."""

_WATCHDOG_SPREAD = 2.2
"""How much longer than `watchdog.seconds` the reset may take: an IWDG's clock is 0.5 to 1.5 times its nominal
rate, and Arm's watchdog resets after the second of two periods."""

_SYNC_SECONDS = 1.0
_HELLO_SECONDS = 0.3
_LAP = re.compile(rb"m-lap-us-(\d+)")


@dataclass(frozen=True)
class Finding:
    """What one step of the check has found.

    Attributes:
        name: the step.
        outcome: ``ok``, ``failed`` or ``not checked``.
        found: the figures that were measured, by name.
        advice: what to look at, if it failed; why not, if it was not checked; what to know, if it is ok.
        seconds: how long it took.
    """

    name: str
    outcome: str
    found: dict[str, Any]
    advice: tuple[str, ...]
    seconds: float


class _NotCheckedError(Exception):
    """A step that this board does not allow."""


@dataclass
class _Bench:
    """A board at its port, and what the steps have found so far."""

    port: str
    board: Board
    folder: Path
    debugger: str | None
    reset: tuple[str, ...]
    progress: Progress
    image: Image
    bundle: Path
    host: Path
    is_ours: bool = True
    checks_signatures: bool = False
    is_on_own_clock: bool = False
    failed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


_Step = tuple[str, tuple[str, ...], Callable[[_Bench], dict[str, Any]], tuple[str, ...]]
"""A step's name, the steps that it requires, what it does, and the advice if it fails."""


def check_board(
    port: str,
    board: Board,
    folder: Path,
    *,
    debugger: str | None = None,
    reset: tuple[str, ...] = (),
    progress: Progress = lambda stage, done, total: None,
) -> Iterator[Finding]:
    """Check a board step by step; yield what each step has found, as soon as it has.

    The port is opened first; if that fails, nothing is compiled and no other step is checked. Then the
    shipped model is compiled and built. It replaces the board's application. A step that fails does not end
    the check, but steps that require it are not checked.

    Args:
        port: the serial port's path.
        board: the board that must be there.
        folder: for the model and the firmware.
        debugger: address of the board's debugger, for a board whose flash only a debugger can write.
        reset: as in ``sensor_bnn.flashing.session.Link``.
        progress: called with the stage, the bytes done and the bytes in all.

    Raises:
        BoardError: the board runs programs of Linux: there is no flash and no start-up to check.
        SensorBnnError: the model cannot be compiled, or the firmware cannot be built.
    """
    if is_program(board):
        raise BoardError(
            f"The board {board.name} runs programs of Linux: it has neither flash nor start-up to check.",
            "Measure it with `sensor-bnn bench`.",
        )
    begun = time.monotonic()
    try:
        with SerialPort(port, board.uart):
            pass
    except PortError as error:
        (first, _, _, advice), *rest = _STEPS
        spent = round(time.monotonic() - begun, 1)
        yield Finding(first, "failed", {}, (error.message, error.remedy, *advice), spent)
        for name, *_ in rest:
            yield Finding(name, "not checked", {}, (f"It requires: {first}.",), 0.0)
        return
    model = prepare_model(board, SHIPPED / "ckpt.pt", SHIPPED / "samples.npz", folder)
    built = build_firmware(model.bundle, board, folder / board.name)
    bench = _Bench(
        port, board, folder, debugger, reset, progress, read_image(built.folder), model.bundle, model.host
    )
    for name, requires, do, advice in _STEPS:
        begun = time.monotonic()
        missing = [step for step in requires if step in bench.failed]
        outcome = "ok"
        found: dict[str, Any] = {}
        said: tuple[str, ...] = ()
        try:
            if missing:
                raise _NotCheckedError(f"It requires: {', '.join(missing)}.")
            bench.notes.clear()
            found = do(bench)
            said = tuple(bench.notes)
        except _NotCheckedError as reason:
            outcome, said = "not checked", (str(reason),)
        except _WrongError as wrong:
            outcome, found, said = "failed", wrong.found, (*wrong.said, *advice)
        except SensorBnnError as error:
            outcome, said = "failed", (error.message, error.remedy, *advice)
        if outcome == "failed" or missing:
            bench.failed.add(name)
        yield Finding(name, outcome, found, said, round(time.monotonic() - begun, 1))


class _WrongError(Exception):
    """A step that worked, with figures that are wrong."""

    def __init__(self, found: dict[str, Any], *said: str) -> None:
        super().__init__(*said)
        self.found, self.said = found, said


def _open(bench: _Bench) -> dict[str, Any]:
    with SerialPort(bench.port, bench.board.uart) as port:
        return {"baud": port.baud, "parity": bench.board.uart.parity}


def _bootloader(bench: _Bench) -> dict[str, Any]:
    _refuse_drive(bench)
    if is_loaded_by_rom(bench.board):
        # The flash may hold nothing that a reset could start.
        with open_rom(Link(bench.port, 0, bench.reset), bench.board, restart=False):
            return {"resident": False, "chip_id": bench.board.bootloader.chip_id}
    try:
        with open_session(Link(bench.port, 0, bench.reset), bench.board) as session:
            bench.is_ours, bench.checks_signatures = session.is_ours, session.checks_signatures
            bench.is_on_own_clock = session.is_on_own_clock
            return {
                "resident": session.is_ours,
                "version": f"{session.version >> 4}.{session.version & 15}",
                "chip_id": bench.board.bootloader.chip_id,
                "commands": sorted(session.commands),
                "starts_only_signed": session.checks_signatures,
                "on_own_clock": session.is_on_own_clock,
            }
    except PortError as error:
        baud = find_baud(bench.port, bench.board)
        if baud is None:
            raise
        ratio = baud / bench.board.uart.baud
        raise _WrongError(
            {"baud": baud},
            f"The board answers at {baud} baud, {ratio:.3g} times the {bench.board.uart.baud} of board.toml.",
            f"Its clock is {ratio:.3g} times what `uart.clock_hz` says: {_crystals(ratio)}.",
        ) from error


def find_baud(port: str, board: Board) -> int | None:
    """Return the rate at which a board answers whose crystal is a wrong one; None if it answers at none."""
    ratios = sorted({left / right for left in CRYSTALS for right in CRYSTALS} - {1.0}, key=_distance)
    for ratio in ratios:
        baud = round(board.uart.baud * ratio)
        with SerialPort(port, board.uart) as line:
            if line.set_baud(baud) and (_says_hello(line) or An3155(line).sync(_SYNC_SECONDS)):
                return baud
    return None


def _says_hello(line: SerialPort) -> bool:
    try:
        Client(line).hello(timeout=_HELLO_SECONDS, attempts=1)
    except (PortError, DeviceError):
        return False
    return True


def _distance(ratio: float) -> float:
    return max(ratio, 1 / ratio)


def _crystals(ratio: float) -> str:
    pairs = [
        f"a crystal of {left} MHz where {right} are expected"
        for left in CRYSTALS
        for right in CRYSTALS
        if left != right and abs(left / right / ratio - 1) < 0.02
    ]
    return " or ".join(pairs) if pairs else "no usual pair of crystals has this ratio"


def _refuse_drive(bench: _Bench) -> None:
    if bench.board.flasher == "uf2":
        raise _NotCheckedError(
            f"Its flash is written by the drive of its ROM: flash {bench.folder / bench.board.name} with "
            "`sensor-bnn flash`, and give this command again."
        )


def _protection(bench: _Bench) -> dict[str, Any]:
    """Read the option bytes, before anything is erased."""
    _refuse_drive(bench)
    board = bench.board
    if is_loaded_by_rom(board):
        raise _NotCheckedError("The ROM has said that neither secure boot nor encryption is on.")
    with open_session(Link(bench.port, 0, bench.reset), board) as session:
        options = read_options(session, board)
    if options is None:
        raise _NotCheckedError("This chip has no option bytes, or its bootloader does not show them.")
    found = {
        "read": options.read,
        "write": [[region.origin, region.size] for region in options.write_protected],
        "brown_out": options.brown_out,
    }
    said = [
        f"The option bytes do not say that {text}, which board.toml assumes." for text in options.unexpected
    ]
    whole = [board.slot] if bench.is_ours else [board.flash]
    if closed := closed_parts(options, board, whole, bench.is_ours):
        said.append(f"The flash is write-protected (WRP) at {ranges_text(closed)}, which must be written.")
    if said:
        raise _WrongError(found, *said)
    if options.read != "none":
        bench.notes.append(f"Read protection (RDP) is on, {options.read}: a probe cannot repair this board.")
    if options.brown_out == "off":
        bench.notes.append(
            "Brown-out reset (BOR) is off: a supply that drops while flash is written may damage it."
        )
    return found


def _flash(bench: _Bench) -> dict[str, Any]:
    _refuse_drive(bench)
    if bench.checks_signatures:
        raise _NotCheckedError("The board starts only images signed with its key; this one is not signed.")
    result = flash_image(
        bench.port,
        bench.image,
        bench.board,
        debugger=bench.debugger,
        progress=bench.progress,
        reset=bench.reset,
        rewrite_all=True,
        with_bootloader=not bench.is_ours,
    )
    return {
        "pages": result.pages_written,
        "bytes": result.written_bytes,
        "erase_and_write_seconds": result.write_seconds,
        "verify_seconds": result.verify_seconds,
        "verified_by": result.verified_by,
        "baud": result.baud,
        "retries": result.retries,
    }


def _banner(bench: _Bench) -> dict[str, Any]:
    with application_at(bench.port, bench.board, read_metadata(bench.bundle)) as (_, hello):
        return {
            "board": hello.board,
            "model_hash": hello.model_hash,
            "firmware_version": hello.firmware_version,
            "counter": hello.counter,
            "counter_hz": hello.counter_hz,
        }


def _clock(bench: _Bench) -> dict[str, Any]:
    with SerialPort(bench.port, bench.board.uart) as port:
        ratio = clock_ratio(port)
    nominal = bench.board.counter.clock_hz
    found = {"ratio": round(ratio, 5), "hz": round(ratio * nominal), "expected_hz": nominal}
    if bench.is_on_own_clock:
        raise _WrongError(
            found,
            "The clock that board.toml names did not start: the chip runs from its own oscillator.",
            "Check the crystal, or the solder bridges of the debugger's clock.",
        )
    if not is_clock_right(bench.board, ratio):
        raise _WrongError(
            found,
            f"The board's clock runs at {ratio:.4f} of `counter.clock_hz`, {found['hz']:,} Hz.",
            f"If that is a wrong crystal: {_crystals(ratio)}.",
        )
    return found


def is_clock_right(board: Board, ratio: float) -> bool:
    """Return whether a board's clock is as its source allows, if it goes ``ratio`` times as fast as this
    machine's. QEMU's is always: its time is that of its instructions, not of this machine.
    """
    return is_only_emulated(board) or abs(ratio - 1) <= CLOCK_TOLERANCE + board.counter.deviation


def clock_ratio(port: SerialPort, now: Callable[[], float] = time.monotonic) -> float:
    """Return how fast the board's time goes beside this machine's, 1 if both agree.

    Args:
        port: an open port of a board that runs the application.
        now: this machine's time in seconds.

    Raises:
        PortError: the board does not answer.
    """
    first, begun = _lap(port, now)
    time.sleep(CLOCK_SECONDS)
    last, ended = _lap(port, now)
    return (last - first) / 1e6 / (ended - begun)


def _lap(port: SerialPort, now: Callable[[], float]) -> tuple[int, float]:
    """Return the board's microseconds since its reset, and this machine's time when they were read."""
    port.drain()
    asked = now()
    port.write(b"timestamp%")
    deadline, said = time.monotonic() + port.patient(2.0), b""
    while (match := _LAP.search(said)) is None or b"m-ready" not in said:
        left = deadline - time.monotonic()
        if left <= 0:
            raise PortError(
                f"The board at {port.path} does not answer `timestamp%`.",
                "Reset it, and give the command again.",
            )
        said += port.read_some(left)
    return int(match[1]), (asked + now()) / 2


def _rates(bench: _Bench) -> dict[str, Any]:
    """Exchange requests at each rate. A rate that port or board do not have is no failure."""
    found: dict[str, Any] = {}
    with SerialPort(bench.port, bench.board.uart) as port:
        client = Client(port)
        client.hello()
        found[str(bench.board.uart.baud)] = _exchanges(client)
        for baud in RATES:
            if baud <= bench.board.uart.baud:
                continue
            try:
                client.change_speed(baud)
            except DeviceError as error:
                found[str(baud)] = error.message
                continue
            found[str(baud)] = _exchanges(client)
            client.change_speed(bench.board.uart.baud)
    lost = [baud for baud, retries in found.items() if isinstance(retries, int) and retries]
    if str(bench.board.uart.baud) in lost:
        raise _WrongError(found, f"At {bench.board.uart.baud} baud, the line lost or damaged bytes.")
    return found


def _exchanges(client: Client) -> int:
    """Return how often a request had to be repeated."""
    before = client.retries
    for _ in range(ROUND_TRIPS):
        client.hello()
        client.write_input(b"\x55\xaa\x00\xff" * 64)
    return client.retries - before


def _counter(bench: _Bench) -> dict[str, Any]:
    metadata = read_metadata(bench.bundle)
    with application_at(bench.port, bench.board, metadata) as (client, hello):
        begun = time.monotonic()
        ticks = [client.infer() for _ in range(3)]
        took = (time.monotonic() - begun) / len(ticks)
    found = {"counter": hello.counter, "ticks": ticks, "host_seconds": round(took, 4)}
    if not all(ticks):
        raise _WrongError(found, f"The counter {hello.counter} did not move during one inference.")
    if not is_only_emulated(bench.board) and max(ticks) / hello.counter_hz > 1.01 * took:
        raise _WrongError(
            found,
            f"One inference takes {max(ticks) / hello.counter_hz:.4f} s by the counter, and {took:.4f} s by "
            "this machine, its request included.",
        )
    return found


def _model(bench: _Bench) -> dict[str, Any]:
    samples = read_samples(SHIPPED / "samples.npz", SAMPLES)
    result = run_bench(bench.port, bench.board, bench.bundle, samples, host_dir=bench.host)
    found = {
        "samples": result.samples,
        "bit_exact": result.bit_exact,
        "different": result.different,
        "repeat_exact": result.repeat_exact,
        "ticks": result.ticks,
        "stack_bytes": result.stack_bytes,
        "stack_reserved_bytes": result.stack_reserved_bytes,
        "retries": result.retries,
    }
    if not result.bit_exact:
        raise _WrongError(
            found,
            f"{result.different} of {result.samples} outputs differ from this machine's; the first is sample "
            f"{result.first_different}.",
        )
    return found


def _watchdog(bench: _Bench) -> dict[str, Any]:
    """Start an image that hangs at once, and wait until the watchdog has reset the board."""
    board = bench.board
    if board.watchdog is None:
        raise _NotCheckedError("board.toml names no watchdog.")
    if board.watchdog.seconds > LONGEST_WATCHDOG_SECONDS:
        raise _NotCheckedError(f"It waits {board.watchdog.seconds} seconds before it resets the board.")
    if find_target(board.target).core != "cortex_m" or board.flasher != "an3155":
        raise _NotCheckedError("An image that hangs can be flashed only over the port, on a Cortex-M.")
    with open_session(Link(bench.port, FAST_BAUD, bench.reset), board) as session:
        if session.checks_signatures:
            raise _NotCheckedError("The board starts only signed images, and one that hangs is not signed.")
        _start_hanging(session, bench)
        begun = time.monotonic()
        longest = _WATCHDOG_SPREAD * board.watchdog.seconds + 5.0
        if is_only_emulated(board):  # Its seconds are longer than this machine's when that is busy.
            longest *= 10
        # Our bootloader listens for half a second after a reset, and an image that hangs answers nothing.
        came = An3155(session.port).sync(longest)
        took = time.monotonic() - begun
    found = {"seconds": round(took, 1), "expected_seconds": board.watchdog.seconds}
    if not came:
        raise _WrongError(found, f"The board did not come back from a hang in {longest:.0f} seconds.")
    flash_image(bench.port, bench.image, board, progress=bench.progress, reset=bench.reset)
    return found


def _start_hanging(session: Session, bench: _Bench) -> None:
    board = bench.board
    images = [hanging_image(board, slot.origin) for slot in board.slots]
    second = images[1] if len(images) > 1 else None
    first = Image(images[0].data, board.name, images[0].model_hash, version("sensor-bnn"), images[0].address)
    placed = place(session, first if second is None else Image(**{**vars(first), "second": second}), board)
    data = filled(placed.data)
    pages = pages_of(board, placed.address, len(data))
    erase_pages(session, board, pages, bench.progress)
    write_pages(session, board, placed.address, data, pages, bench.progress)
    session.go(placed.address + HEADER_BYTES)


def hanging_image(board: Board, origin: int) -> Image:
    """Return a whole image for a Cortex-M that hangs at once, also in every exception.

    Args:
        board: whose image it is.
        origin: the address of its header.
    """
    vectors = 16 + board.uart.irq + 1
    code = origin + HEADER_BYTES + 4 * vectors
    # The core adds the lowest bit of a vector to its Thumb state; 0xE7FE branches to itself.
    body = struct.pack(f"<{vectors}I", board.ram.end - 64, *[code | 1] * (vectors - 1)) + b"\xfe\xe7" * 2
    header = ImageHeader.of(body, bytes(32), board.name, version("sensor-bnn"), origin)
    return Image(header.to_bytes() + body, board.name, bytes(32).hex(), version("sensor-bnn"), origin)


def _power_cut(bench: _Bench) -> dict[str, Any]:
    raise _NotCheckedError("By hand: docs/bring-up.md says how.")


_STEPS: tuple[_Step, ...] = (
    ("port", (), _open, ("Is the adapter plugged in, and are you in the group that may use serial ports?",)),
    (
        "bootloader",
        ("port",),
        _bootloader,
        (
            "Are TX and RX crossed, and is ground connected? Is it the port that board.toml describes?",
            "A new board has no bootloader of ours: set BOOT0, reset it, and use the pins of its ROM's.",
            "A core that stops in start-up waits for a clock: find the `wait` of [[setup]] with a probe.",
        ),
    ),
    (
        "protection",
        ("bootloader",),
        _protection,
        ("Set the option bytes with STM32CubeProgrammer or OpenOCD.",),
    ),
    (
        "flash",
        ("bootloader", "protection"),
        _flash,
        (
            "Is the flash protected (RDP, WRP), or the supply below 2.7 V?",
            "Is `memory.flash.page` the chip's?",
        ),
    ),
    (
        "banner",
        ("flash",),
        _banner,
        ("The image is written, so a silent application is a clock, a pin of the UART, or a fault.",),
    ),
    ("clock", ("banner",), _clock, ("Compare the crystal, or the clock of the ST-LINK, with [[setup]].",)),
    ("rates", ("banner",), _rates, ("Use a shorter cable, or give --baud 0 to `flash`.",)),
    (
        "counter",
        ("banner",),
        _counter,
        ("A counter that does not move needs its clock, or is locked by a debugger: try without one.",),
    ),
    (
        "model",
        ("banner",),
        _model,
        ("Wrong bits in right frames: too few wait states, a supply that drops, or a stack that overflows.",),
    ),
    (
        "watchdog",
        ("banner",),
        _watchdog,
        ("Flash the board again: it may still hold an image that hangs. Is `watchdog.base` the chip's?",),
    ),
    ("power cut", (), _power_cut, ()),
)

STEPS = tuple(name for name, *_ in _STEPS)
"""The names of the steps, in order."""
