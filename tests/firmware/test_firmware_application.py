"""The benchmark application on the emulated board, in raw frames."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board

from .line import ACK, Line, Machine, request, start_application
from .standin.facts import INPUT_BYTES, LAYERS, OUTPUT_BYTES, STANDIN_HASH

HELLO, WRITE_INPUT, INFER, PROFILE, READ_PROFILE, READ_OUTPUT, MEMORY, BOOTLOADER = range(1, 9)
WRITE_CODED, SPEED = 9, 10
UNKNOWN_TYPE, BAD_LENGTH, OUT_OF_RANGE, NO_RESULT, BAD_CRC, BAD_VERSION = range(1, 7)


def write_input(line: Line, data: bytes) -> None:
    for offset in range(0, len(data), 1020):
        assert line.ok(WRITE_INPUT, struct.pack("<I", offset) + data[offset : offset + 1020]) == b""


def stage(line: Line, rounds: int = 0, stack: int = 0) -> None:
    assert line.ok(WRITE_INPUT, struct.pack("<Iff", 0, rounds, stack)) == b""


def infer(line: Line) -> int:
    (ticks,) = struct.unpack("<Q", line.ok(INFER))
    return int(ticks)


def read_output(line: Line) -> bytes:
    first = line.ok(READ_OUTPUT, struct.pack("<II", 0, 1024))
    return first + line.ok(READ_OUTPUT, struct.pack("<II", 1024, OUTPUT_BYTES - 1024))


def test_no_result_before_the_first_run(machine: Machine, board: Board, built: BuildResult) -> None:
    line = machine.line
    assert line.call() == ACK
    start_application(line, board, built)
    assert line.ask(READ_OUTPUT, struct.pack("<II", 0, 4)) == (NO_RESULT, b"")
    assert line.ask(READ_PROFILE, struct.pack("<I", 0)) == (NO_RESULT, b"")
    infer(line)
    assert line.ask(READ_OUTPUT, struct.pack("<II", 0, 4))[0] == 0
    assert line.ask(READ_PROFILE, struct.pack("<I", 0)) == (NO_RESULT, b"")


def test_hello(application: Line, board: Board, built: BuildResult) -> None:
    content = application.ok(HELLO)
    assert content[:32] == STANDIN_HASH
    assert struct.unpack("<6I", content[32:56]) == (
        board.counter.clock_hz,
        INPUT_BYTES,
        OUTPUT_BYTES,
        LAYERS,
        1024,
        1024,
    )
    # The emulator's cycle counter does not count, and the firmware reports that it uses the timer.
    words = [board.name, "systick", "stand-in", built.report["firmware_version"]]
    assert content[56:] == b"".join(word.encode() + b"\0" for word in words)


def test_an_inference_is_right(application: Line) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=400).astype(np.float32)
    x[:2] = (5, 0)
    write_input(application, x.tobytes())
    infer(application)
    y = np.frombuffer(read_output(application), np.float32)
    w = np.array([0.5, -1.5, 2.25, 1.0], np.float32)
    expected = ((w[0] * x[:300] + w[1] * x[1:301]) + w[2] * x[2:302]) + w[3]
    assert y.tobytes() == expected.tobytes()
    infer(application)
    assert read_output(application) == y.tobytes(), "the input stays"


def test_instructions_are_exact_and_repeat(application: Line, board: Board) -> None:
    assert board.emulator is not None
    ticks_each = board.counter.clock_hz * 2**board.emulator.icount_shift / 1e9  # an instruction
    times = {}
    for rounds in (0, 1, 1000, 100_000):
        stage(application, rounds)
        times[rounds] = [infer(application) for _ in range(4)]
        assert len(set(times[rounds])) == 1
    for rounds in (1000, 100_000):
        between = (times[rounds][0] - times[1][0]) / ticks_each
        assert between == pytest.approx(2 * (rounds - 1), abs=1 / ticks_each + 1e-6)


def test_the_timers_wraps_are_counted(application: Line, board: Board) -> None:
    """The timer wraps after 2^24 ticks; each wrap adds its short interrupt."""
    assert board.emulator is not None
    ticks_each = board.counter.clock_hz * 2**board.emulator.icount_shift / 1e9
    stage(application)
    empty = infer(application)
    rounds = 16_000_000
    stage(application, rounds)
    long = [infer(application) for _ in range(2)]
    assert long[0] == long[1] > 3 << 24
    extra = (long[0] - empty) / ticks_each - 2 * rounds
    assert 0 <= extra <= 40 * (long[0] >> 24)


def test_profile_by_layers(application: Line) -> None:
    stage(application, 10_000)
    plain = infer(application)
    total, count = struct.unpack("<QI", application.ok(PROFILE))
    assert count == LAYERS
    first = application.ok(READ_PROFILE, struct.pack("<I", 0))
    rest = application.ok(READ_PROFILE, struct.pack("<I", 127))
    assert struct.unpack("<II", first[:8]) == (0, 127)
    assert struct.unpack("<II", rest[:8]) == (127, 3)
    ticks = struct.unpack("<127Q", first[8:]) + struct.unpack("<3Q", rest[8:])
    # 10,000 rounds; an instruction is 1.6 ticks (64 ns at 25 MHz).
    assert 32_000 <= ticks[0] < 32_100, "two instructions per round"
    assert ticks[2] > 1000
    assert max(ticks[3:]) < 40, "idle layers"
    assert total > plain and sum(ticks) < total
    again = application.ok(PROFILE)
    assert struct.unpack("<QI", again)[0] == total
    assert application.ok(READ_PROFILE, struct.pack("<I", 0)) == first


def test_memory_marks(application: Line, built: BuildResult) -> None:
    stage(application)
    infer(application)
    arena, arena_high, stack, stack_high, static, image = struct.unpack("<6I", application.ok(MEMORY))
    ram = built.report["ram"]
    assert (arena, arena_high) == (1024, 600), "the model uses 150 words"
    assert stack == ram["stack"]
    assert 0 < stack_high < 1024
    assert static == ram["data_bss"] + ram["handler_stack"]
    assert image == built.report["image_bytes"]
    stage(application, stack=6000)
    infer(application)
    deeper = struct.unpack("<6I", application.ok(MEMORY))[3]
    assert 6000 < deeper < 6000 + stack_high


@pytest.mark.parametrize(
    ("kind", "payload", "status"),
    [
        (0x00, b"", UNKNOWN_TYPE),
        (0x2A, b"", UNKNOWN_TYPE),
        (0x7F, b"x" * 1024, UNKNOWN_TYPE),
        (HELLO, b"\0", BAD_LENGTH),
        (WRITE_INPUT, b"", BAD_LENGTH),
        (WRITE_INPUT, b"\0\0\0", BAD_LENGTH),
        (WRITE_INPUT, struct.pack("<I", INPUT_BYTES) + b"\0", OUT_OF_RANGE),
        (WRITE_INPUT, struct.pack("<I", INPUT_BYTES - 4) + bytes(5), OUT_OF_RANGE),
        (WRITE_INPUT, struct.pack("<I", 0xFFFFFFFF) + bytes(8), OUT_OF_RANGE),
        (WRITE_INPUT, struct.pack("<I", INPUT_BYTES), 0),
        (INFER, b"\0", BAD_LENGTH),
        (PROFILE, b"\0", BAD_LENGTH),
        (READ_PROFILE, b"", BAD_LENGTH),
        (READ_PROFILE, struct.pack("<I", LAYERS), OUT_OF_RANGE),
        (READ_PROFILE, struct.pack("<I", 0xFFFFFFFF), OUT_OF_RANGE),
        (READ_OUTPUT, bytes(7), BAD_LENGTH),
        (READ_OUTPUT, bytes(9), BAD_LENGTH),
        (READ_OUTPUT, struct.pack("<II", 0, 1025), OUT_OF_RANGE),
        (READ_OUTPUT, struct.pack("<II", OUTPUT_BYTES, 1), OUT_OF_RANGE),
        (READ_OUTPUT, struct.pack("<II", OUTPUT_BYTES + 1, 0), OUT_OF_RANGE),
        (READ_OUTPUT, struct.pack("<II", 8, 0xFFFFFFFF), OUT_OF_RANGE),
        (READ_OUTPUT, struct.pack("<II", 0xFFFFFFFF, 8), OUT_OF_RANGE),
        (MEMORY, b"\0", BAD_LENGTH),
        (BOOTLOADER, b"\0", BAD_LENGTH),
        (SPEED, b"\0", BAD_LENGTH),
        (SPEED, struct.pack("<I", 0), OUT_OF_RANGE),
        (SPEED, struct.pack("<I", 50_000_000), OUT_OF_RANGE),
    ],
)
def test_each_wrong_request_is_answered(application: Line, kind: int, payload: bytes, status: int) -> None:
    assert application.ask(kind, payload, sequence=201) == (status, b"")
    assert application.ask(HELLO)[0] == 0


def test_bad_crc_bad_version_oversize(application: Line) -> None:
    good = request(HELLO, sequence=3)
    application.send(good[:-1] + bytes([good[-1] ^ 1]))
    assert application.answer() == (3, HELLO | 0x80, BAD_CRC, b"")
    application.send(request(HELLO, sequence=4, version=2))
    assert application.answer() == (4, HELLO | 0x80, BAD_VERSION, b"")
    application.send(b"\xa5\x5a\x01\x05\x02\x00\x01\x04")  # 1025 bytes would follow
    assert application.answer() == (5, WRITE_INPUT | 0x80, BAD_LENGTH, b"")
    assert application.ask(HELLO)[0] == 0
    assert application.is_quiet()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff hello",
        b"\xa5",
        b"\xa5\xa5\xa5",
        b"\xa5\x5a",
        b"\xa5\x5a\xa5\x5a\xa5",
        b"\xa5\x5a\x02\x00\x00\x00\xff\xff",
        request(HELLO)[:7],
        request(WRITE_INPUT, bytes(100), version=9)[:60],
    ],
)
def test_a_request_behind_garbage_is_found(application: Line, garbage: bytes) -> None:
    """It is answered at once or after a silence; answers to false starts may come before."""
    application.send(garbage + request(HELLO, sequence=77))
    while (answer := application.answer())[0] != 77:
        assert answer[2] in (BAD_CRC, BAD_LENGTH)
    assert answer[1:3] == (HELLO | 0x80, 0)
    assert application.is_quiet()


def shown_input(line: Line, count: int) -> bytes:
    """Return the first bytes of the staged input, as printed by the text commands."""
    line.send(b"\0" + f"db print {count}%".encode())  # a byte that is not text ends what came before
    text = b""
    while not text.endswith(b"m-ready\r\n"):
        text += line.take(1)
    words = text.decode().replace("m-buffer-", "").replace("m-ready", "").replace("-", " ").split()
    return bytes.fromhex("".join(words))


@pytest.mark.parametrize(("zero", "divisor"), [(0, 255.0), (128, 128.0), (0, 1.0), (255, 127.5), (7, 3.0)])
def test_bytes_become_values_to_the_last_bit(application: Line, zero: int, divisor: float) -> None:
    codes = np.arange(256, dtype=np.uint8)
    packed = b"".join(bytes([127]) + codes[at : at + 128].tobytes() for at in (0, 128))
    packed += bytes([128, 9, 255, 200])  # twice 9, and 129 times 200
    assert application.ok(WRITE_CODED, struct.pack("<Iif", 2, zero, divisor) + packed) == b""
    sent = np.concatenate([codes, np.full(2, 9), np.full(129, 200)]).astype(np.float32)
    values = (sent - np.float32(zero)) / np.float32(divisor)
    assert shown_input(application, 4 * (2 + len(sent)))[8:] == values.astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"", BAD_LENGTH),
        (struct.pack("<II", 0, 0), BAD_LENGTH),
        (struct.pack("<Iif", 0, 0, 1.0) + bytes([5, 1, 2]), BAD_LENGTH),
        (struct.pack("<Iif", 0, 0, 1.0) + bytes([200]), BAD_LENGTH),
        (struct.pack("<Iif", 399, 0, 1.0) + bytes([128, 1]), OUT_OF_RANGE),
        (struct.pack("<Iif", 400, 0, 1.0) + bytes([0, 1]), OUT_OF_RANGE),
        (struct.pack("<Iif", 2**32 - 1, 0, 1.0) + bytes([0, 1]), OUT_OF_RANGE),
        (struct.pack("<Iif", 400, 0, 1.0), 0),
        (struct.pack("<Iif", 399, 0, 0.0) + bytes([0, 1]), 0),
    ],
)
def test_codes_that_do_not_fit(application: Line, payload: bytes, status: int) -> None:
    assert application.ask(WRITE_CODED, payload)[0] == status


def test_half_a_request_is_forgotten(application: Line) -> None:
    application.send(request(WRITE_INPUT, bytes(500))[:200])
    assert application.is_quiet()
    assert application.ask(HELLO)[0] == 0


def test_at_another_rate_it_answers_on(application: Line, board: Board) -> None:
    """QEMU's line has no rate, but the registers are written."""
    assert application.ask(SPEED, struct.pack("<I", 921600)) == (0, b"")
    assert application.ask(HELLO)[0] == 0
    assert application.ask(SPEED, struct.pack("<I", board.uart.baud)) == (0, b"")
    assert application.ask(HELLO)[0] == 0


def test_responses_are_no_requests(application: Line) -> None:
    """Responses that a looped line returns must not be answered, or they would circulate for ever."""
    application.send(request(HELLO | 0x80))
    application.send(request(0xFF)[:-1] + b"\0")
    assert application.is_quiet()


def test_many_requests_at_once_are_all_answered(application: Line) -> None:
    application.send(b"".join(request(MEMORY, sequence=i) for i in range(100)))
    assert [application.answer()[0] for _ in range(100)] == list(range(100))


def test_into_the_bootloader_and_back(application: Line, board: Board) -> None:
    assert application.ask(BOOTLOADER) == (0, b"")
    assert application.call() == ACK
    assert application.talk(b"\x01\xfe", 5)[:2] == b"\x79\x33"
    assert application.go(board.slot.origin) == ACK
    assert application.ask(HELLO)[0] == 0


def test_a_stack_overflow_ends_in_the_bootloader(application: Line, board: Board) -> None:
    stage(application, stack=board.ram.stack + 100)
    application.send(request(INFER))
    assert application.call() == ACK
    assert application.go(board.slot.origin) == ACK
    assert application.ask(HELLO)[0] == 0
