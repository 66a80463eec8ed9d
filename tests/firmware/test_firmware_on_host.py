"""The firmware's C on this machine, under sanitizers: the handling of received bytes, and the counter."""

from __future__ import annotations

import ctypes
import hashlib
import re
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor_bnn.firmware.image import ImageHeader

from .line import ACK, GET_REPLY, NACK, checked, request
from .standin.facts import LAYERS, STANDIN_HASH

HOST = Path(__file__).parent / "host"
FAKE = HOST / "fake"
STANDIN = Path(__file__).parent / "standin"
BOARD, FLASH, BOOTLOADER_BYTES, FLASH_BYTES = "fake", 0x08000000, 0x800, 0x3000
SLOT, SLOT_BYTES, PAGE = FLASH + BOOTLOADER_BYTES, FLASH_BYTES - BOOTLOADER_BYTES, 0x400
UNTOUCHED = b"\xb0" * BOOTLOADER_BYTES + b"\xff" * SLOT_BYTES
BAD_LENGTH, OUT_OF_RANGE, BAD_CRC, BAD_VERSION = 2, 3, 5, 6
WHOLE, NONE, OF_OTHER_BOARD, MISPLACED, TOO_LARGE, DAMAGED = range(6)
# Without -Bsymbolic a function could be replaced by one of the same name in this process.
SHARED = ("-shared", "-fPIC", "-Wl,-Bsymbolic", "-fsanitize=undefined")
SANITIZED = ("-fsanitize=address,undefined",)
APPLICATION = (
    *("app/main.c", "app/benchmark.c", "app/agent.c", "app/eembc.c", "app/header.c"),
    *("app/confirm.c", "runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
    *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
    FAKE / "fake.c",
)
OPTIONS = (*SANITIZED, "-Wno-conversion", "-I", str(FAKE), "-I", str(STANDIN))


def padded(board: str) -> bytes:
    """Return a board's name as stored in a header."""
    return board.encode().ljust(32, b"\0")


NAME = padded(BOARD)

# Each example uses the same session-wide program.
example_settings = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Compile = Callable[..., Path]


@pytest.fixture(scope="session")
def runtime(host_compile: Compile) -> ctypes.CDLL:
    library = ctypes.CDLL(
        str(
            host_compile(
                "runtime.so",
                "runtime/crc32.c",
                "runtime/frame.c",
                "runtime/difference.c",
                "runtime/image.c",
                "runtime/sha2.c",
                "runtime/sha256.c",
                options=(*SHARED, "-I", str(FAKE)),
            )
        )
    )
    library.crc32_update.restype = ctypes.c_uint32
    library.frame_seal.restype = ctypes.c_uint32
    for function in (library.frame_next, library.frame_begun):
        function.restype = ctypes.c_bool
    return library


class Decoder(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_uint8 * 1036), ("used", ctypes.c_uint32), ("done", ctypes.c_uint32))


class CFrame(ctypes.Structure):
    _fields_ = (
        ("fault", ctypes.c_uint8),
        ("sequence", ctypes.c_uint8),
        ("type", ctypes.c_uint8),
        ("status", ctypes.c_uint8),
        ("length", ctypes.c_uint16),
        ("payload", ctypes.POINTER(ctypes.c_uint8)),
    )


class Found(NamedTuple):
    fault: int
    sequence: int
    kind: int
    payload: bytes | None  # payload of complete frames


def found_by_firmware(runtime: ctypes.CDLL, stream: bytes) -> list[Found]:
    """Return what the decoder finds, byte by byte, and then in the silence after the last byte."""
    decoder, frame = Decoder(), CFrame()
    found = []

    def search() -> None:
        while runtime.frame_next(ctypes.byref(decoder), ctypes.byref(frame)):
            whole = frame.fault in (0, BAD_VERSION)
            payload = ctypes.string_at(frame.payload, frame.length) if whole else None
            found.append(Found(frame.fault, frame.sequence, frame.type, payload))

    for byte in stream:
        runtime.frame_push(ctypes.byref(decoder), ctypes.c_uint8(byte))
        search()
    while runtime.frame_begun(ctypes.byref(decoder)):
        runtime.frame_expire(ctypes.byref(decoder))
        search()
    return found


def found_by_definition(stream: bytes) -> list[Found]:
    """Return the same by the definition in docs/protocol.md, over the whole stream at once."""
    found, at = [], 0
    while (at := stream.find(b"\xa5\x5a", at)) >= 0:
        head = stream[at : at + 8]
        if len(head) == 8:
            version, sequence, kind, _, length = struct.unpack("<BBBBH", head[2:])
            end = at + 8 + length
            if length > 1024:
                if version == 1:
                    found.append(Found(BAD_LENGTH, sequence, kind, None))
            elif end + 4 <= len(stream):
                right = stream[end : end + 4] == struct.pack("<I", zlib.crc32(stream[at + 2 : end]))
                if right:
                    fault = 0 if version == 1 else BAD_VERSION
                    found.append(Found(fault, sequence, kind, stream[at + 8 : end]))
                    at = end + 4
                    continue
                if version == 1:
                    found.append(Found(BAD_CRC, sequence, kind, None))
        at += 1
    return found


frames = st.builds(
    request,
    st.integers(0, 255),
    st.binary(max_size=40) | st.binary(min_size=1000, max_size=1024),
    st.integers(0, 255),
    st.sampled_from([1, 1, 1, 1, 0, 2, 0xA5]),
)
noise = st.sampled_from(
    [b"\xa5", b"\x5a", b"\xa5\x5a", b"\xa5\x5a\x01", b"\xa5\x5a\x01\0\0\0\0\0"]
) | st.binary(max_size=12)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Frames, damaged frames and noise."""
    parts = []
    for part in draw(st.lists(frames | noise, max_size=6)):
        changed = bytearray(part)
        # Most parts stay whole, so that decoders which skip too much are noticed.
        if part and draw(st.integers(0, 3)) == 0:
            changed[draw(st.integers(0, len(part) - 1))] ^= draw(st.integers(1, 255))
        if draw(st.integers(0, 5)) == 0:
            del changed[draw(st.integers(0, len(part))) :]
        parts.append(bytes(changed))
    return b"".join(parts)


@given(data=st.binary(max_size=500), start=st.integers(0, 2**32 - 1))
@example_settings
def test_crc_is_zlibs(runtime: ctypes.CDLL, data: bytes, start: int) -> None:
    assert runtime.crc32_update(ctypes.c_uint32(start), data, len(data)) == zlib.crc32(data, start)


@given(stream=streams())
@settings(parent=example_settings, max_examples=300)
@pytest.mark.usefixtures("long_run")
def test_frames_are_found_as_defined(runtime: ctypes.CDLL, stream: bytes) -> None:
    assert found_by_firmware(runtime, stream) == found_by_definition(stream)


@given(parts=st.lists(frames, min_size=1, max_size=4))
@example_settings
def test_whole_frames_are_all_found(runtime: ctypes.CDLL, parts: list[bytes]) -> None:
    found = found_by_firmware(runtime, b"".join(parts))
    assert [(f.sequence, f.kind, f.payload) for f in found] == [(p[3], p[4], p[8:-4]) for p in parts]


@given(payload=st.binary(max_size=1024), head=st.tuples(*[st.integers(0, 255)] * 3))
@example_settings
def test_sealed_frames_are_right(runtime: ctypes.CDLL, payload: bytes, head: tuple[int, int, int]) -> None:
    sequence, kind, status = head
    buffer = ctypes.create_string_buffer(bytes(8) + payload, 1036)
    count = runtime.frame_seal(buffer, *(ctypes.c_uint8(value) for value in head), len(payload))
    assert buffer.raw[:count] == request(kind, payload, sequence, status=status)


@given(data=st.binary(max_size=300))
@example_settings
def test_sha256_is_the_standard_one(runtime: ctypes.CDLL, data: bytes) -> None:
    digest = ctypes.create_string_buffer(32)
    # Around the ends of the first and second block of 64 bytes, where the padding needs a block more or not.
    for length in {len(data), *range(54, 66), *range(118, 130)}:
        message = data.ljust(length, b"x")[:length]
        runtime.sha256(message, length, digest)
        assert digest.raw == hashlib.sha256(message).digest()


def check_image(runtime: ctypes.CDLL, slot: bytes, room: int, at: int, board: bytes) -> int:
    """Return the verdict; the second decision about the digest must be the same."""
    difference = ctypes.c_uint32(0xFFFFFFFF)
    verdict = int(runtime.image_check(slot, room, at, board, ctypes.byref(difference)))
    assert (verdict == WHOLE) == (difference.value == 0)
    return verdict


def test_an_image_of_the_right_crcs_and_another_digest(runtime: ctypes.CDLL) -> None:
    image = bytes(range(200))
    header = replace(ImageHeader.of(image, STANDIN_HASH, BOARD, "1", SLOT), image_sha256=bytes(32))
    slot = (header.to_bytes() + image).ljust(2048)
    assert check_image(runtime, slot, 2048, SLOT, NAME) == DAMAGED
    right = replace(header, image_sha256=hashlib.sha256(image).digest())
    assert check_image(runtime, (right.to_bytes() + image).ljust(2048), 2048, SLOT, NAME) == WHOLE


@given(image=st.binary(min_size=8, max_size=600), data=st.data())
@example_settings
def test_only_whole_images_of_the_board_are_started(
    runtime: ctypes.CDLL, image: bytes, data: st.DataObject
) -> None:
    whole = ImageHeader.of(image, STANDIN_HASH, BOARD, "1.0", SLOT).to_bytes() + image

    def verdict(content: bytes, board: bytes = NAME, room: int = 2048, at: int = SLOT) -> int:
        slot = (content + b"\xff" * room)[:room]
        return check_image(runtime, slot, room, at, board)

    assert verdict(whole) == WHOLE
    assert verdict(whole, room=len(whole)) == WHOLE
    assert verdict(whole, room=len(whole) - 1) == TOO_LARGE
    assert verdict(whole, board=padded("fak")) == verdict(whole, board=padded("fake2")) == OF_OTHER_BOARD
    assert verdict(whole, at=SLOT + PAGE) == MISPLACED
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    assert verdict(bytes(damaged)) == (NONE if place < 512 else DAMAGED)
    # A cut image can be whole, if blank flash (0xFF) happens to hold what was cut off.
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert verdict(cut) != WHOLE or whole[len(cut) :] == b"\xff" * (len(whole) - len(cut))


def test_an_image_has_its_first_vectors(runtime: ctypes.CDLL) -> None:
    short = ImageHeader.of(b"1234567", bytes(32), BOARD, "1", SLOT).to_bytes() + b"1234567"
    assert check_image(runtime, short.ljust(1024), 1024, SLOT, NAME) == DAMAGED
    huge = bytearray(ImageHeader.of(b"", bytes(32), BOARD, "1", SLOT).to_bytes())
    huge[8:12] = b"\xff\xff\xff\xff"
    huge[508:] = struct.pack("<I", zlib.crc32(huge[:508]))
    assert check_image(runtime, bytes(huge).ljust(1024), 1024, SLOT, NAME) == TOO_LARGE


# Whole programs with a script: the bytes that arrive, and when the line is silent.


def comes(data: bytes) -> bytes:
    return b"".join(b"b" + bytes([byte]) for byte in data)


SILENCE, LONG_SILENCE, FLASH_FAILS = b"s", b"l", b"f"


def stages(*parts: bytes) -> bytes:
    """Return a script of the parts, each followed by silence, in which the host waits for an answer."""
    return b"".join(comes(part) + SILENCE for part in parts)


def address(value: int) -> bytes:
    return checked(struct.pack(">I", value))


def write(at: int, data: bytes) -> bytes:
    return stages(b"\x31\xce", address(at), checked(bytes([len(data) - 1]) + data))


Program = Callable[[bytes], bytes]


def program(file: Path) -> Program:
    def run(script: bytes) -> bytes:
        done = subprocess.run([file], input=script, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    return run


@pytest.fixture(scope="session")
def bootloader(host_compile: Compile) -> Program:
    return program(
        host_compile(
            "bootloader",
            *(
                "bootloader/main.c",
                "bootloader/an3155.c",
                "bootloader/blink.c",
                "bootloader/slots.c",
                "runtime/journal.c",
            ),
            *(
                "runtime/crc32.c",
                "runtime/difference.c",
                "runtime/image.c",
                "runtime/sha2.c",
                "runtime/sha256.c",
            ),
            FAKE / "fake.c",
            options=(*SANITIZED, "-DFAKE_SHOWS_FLASH", "-I", str(FAKE)),
        )
    )


@pytest.fixture(scope="session")
def application(host_compile: Compile) -> Program:
    return program(
        host_compile(
            "application",
            *APPLICATION,
            options=OPTIONS,
        )
    )


def test_bootloader_script(bootloader: Program) -> None:
    image = bytes(range(256))
    header = ImageHeader.of(image, STANDIN_HASH, BOARD, "1", SLOT).to_bytes()
    script = stages(b"noise\x7f") + write(SLOT, header[:256]) + write(SLOT + 256, header[256:])
    script += stages(b"\x21\xde", address(SLOT))
    not_yet = bootloader(script)
    assert not_yet == ACK * 8 + NACK + UNTOUCHED[:BOOTLOADER_BYTES] + header + UNTOUCHED[len(header) + 2048 :]
    script += write(SLOT + 512, image) + stages(b"\x21\xde", address(SLOT))
    said = bootloader(script)
    assert said[:14] == ACK * 8 + NACK + ACK * 5
    assert said[14:].startswith(b"started" + UNTOUCHED[:BOOTLOADER_BYTES] + header + image)


def test_flash_that_refuses_is_a_nack(bootloader: Program) -> None:
    script = stages(b"\x7f") + FLASH_FAILS + write(SLOT, b"data") + stages(b"\x44\xbb", b"\xff\xff\x00")
    assert bootloader(script) == ACK + ACK + ACK + NACK + ACK + NACK + UNTOUCHED


places = st.sampled_from(
    [0, FLASH, SLOT - 1, SLOT, SLOT + 9, FLASH + FLASH_BYTES - 3, FLASH + FLASH_BYTES, 2**32 - 1]
)
pages = st.integers(0, FLASH_BYTES // PAGE) | st.integers(0, 0xFFFF)


def erase(numbers: list[int]) -> bytes:
    return stages(b"\x44\xbb", checked(struct.pack(f">{len(numbers) + 1}H", len(numbers) - 1, *numbers)))


whole_commands = st.one_of(
    st.builds(write, places, st.binary(min_size=1, max_size=8) | st.just(bytes(256))),
    st.builds(
        lambda at, data: stages(b"\xb1\x4e", address(at), checked(struct.pack(">H", len(data) - 1) + data)),
        places,
        st.binary(min_size=1, max_size=8) | st.sampled_from([bytes(1024), bytes(1025)]),
    ),
    st.builds(
        lambda at, n: stages(b"\x11\xee", address(at), bytes([n, n ^ 0xFF])), places, st.integers(0, 255)
    ),
    st.builds(lambda at: stages(b"\x21\xde", address(at)), places),
    st.builds(erase, st.lists(pages, min_size=1, max_size=4)),
    st.builds(lambda page: stages(b"\x43\xbc", checked(bytes([0, page]))), st.integers(0, 255)),
    st.sampled_from([stages(b"\x43\xbc", b"\xff\x00"), stages(b"\x44\xbb", b"\xff\xff\x00")]),
)
fragments = st.builds(
    lambda part, silence: comes(part) + silence,
    st.binary(max_size=6) | st.sampled_from([b"\x31\xce", b"\x44\xbb", b"\x11\xee", address(SLOT), b"\x7f"]),
    st.sampled_from([b"", SILENCE, LONG_SILENCE]),
)


@given(parts=st.lists(whole_commands | fragments, min_size=1, max_size=30))
@settings(parent=example_settings, max_examples=200)
@pytest.mark.usefixtures("long_run")
def test_no_bytes_break_the_bootloader(bootloader: Program, parts: list[bytes]) -> None:
    """The sanitizers report nothing, flash outside the slot is not accessed, and Get is answered after it."""
    said = bootloader(stages(b"\x7f") + b"".join(parts) + LONG_SILENCE * 2 + stages(b"\x00\xff"))
    assert said[:-FLASH_BYTES].endswith(GET_REPLY)
    assert said[-FLASH_BYTES:][:BOOTLOADER_BYTES] == UNTOUCHED[:BOOTLOADER_BYTES]


TEXT = re.compile(rb"(?:(?:[em]-[ -~]*)?\r\n)+")  # answers to noise that was read as text commands


def answers(said: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield sequence, type, status and payload of each frame; only lines of text may be between them."""
    while said:
        if text := TEXT.match(said):
            said = said[text.end() :]
            continue
        (length,) = struct.unpack("<H", said[6:8])
        frame, said = said[: 12 + length], said[12 + length :]
        assert frame == request(frame[4], frame[8:-4], frame[3], status=frame[5])
        yield frame[3], frame[4], frame[5], frame[8:-4]


def test_application_script(application: Program) -> None:
    script = (
        request(2, struct.pack("<I4f", 0, 0, 0, 3, 4)) + request(3) + request(6, struct.pack("<II", 0, 12))
    )
    script += request(4) + request(5, struct.pack("<I", 120)) + request(1) + request(7) + request(8)
    said = application(comes(script))
    assert said.endswith(b"stayreset")
    got = list(answers(said.removesuffix(b"stayreset")))
    assert [(kind, status) for _, kind, status, _ in got] == [
        (kind | 0x80, 0) for kind in (2, 3, 6, 4, 5, 1, 7, 8)
    ]
    assert struct.unpack("<3f", got[2][3]) == (2.25 * 3 + 1, -1.5 * 3 + 2.25 * 4 + 1, 0.5 * 3 - 1.5 * 4 + 1)
    assert got[1][3] == struct.pack("<Q", 0), "the counter's own cost is taken off"
    assert got[4][3] == struct.pack("<II", 120, LAYERS - 120) + bytes(8 * (LAYERS - 120))
    assert got[5][3].startswith(STANDIN_HASH) and got[5][3].endswith(b"\0fake\0fake\0stand-in\0\0")
    assert got[6][3] == struct.pack("<6I", 1024, 600, 1000, 500, 2000, 0)


def test_the_checksum_of_the_linked_weights(application: Program) -> None:
    said = application(comes(request(0x0C) + request(0x0C, b"\0")))
    weights = struct.pack("<4f", 0.5, -1.5, 2.25, 1.0)  # standin/weights.c
    # Its bundle does not say where its kernels are.
    told = struct.pack("<IIII", len(weights), zlib.crc32(weights), 0, 0)
    assert [(status, payload) for *_, status, payload in answers(said)] == [(0, told), (BAD_LENGTH, b"")]


@pytest.mark.usefixtures("long_run")
def test_the_names_of_the_classes(application: Program, host_compile: Compile) -> None:
    def names(program: Program, *offsets: int) -> list[tuple[int, bytes]]:
        said = program(comes(b"".join(request(0x0B, struct.pack("<I", offset)) for offset in offsets)))
        return [(status, payload) for *_, status, payload in answers(said)]

    whole = b"walk\0" + "gähnen".encode() + b"\0" + 100 * b"turn and run, " + b"\0"
    size, room = struct.pack("<I", len(whole)), 1024 - 4
    named = program(host_compile("named", *APPLICATION, options=(*OPTIONS, "-DSTANDIN_NAMES")))
    assert names(named, 0, room, 5, len(whole), len(whole) + 1) == [
        (0, size + whole[:room]),
        (0, size + whole[room:]),
        (0, size + whole[5 : 5 + room]),
        (0, size),
        (OUT_OF_RANGE, b""),
    ]
    assert names(application, 0, 1) == [(0, bytes(4)), (OUT_OF_RANGE, b"")], "a model without names"
    assert [status for *_, status, _ in answers(named(comes(request(0x0B))))] == [BAD_LENGTH]


# Values near the sizes of the stand-in, and where sums overflow.
numbers = st.sampled_from([0, 1, 127, 129, 130, 1199, 1200, 1201, 1590, 1599, 1600, 1601, 2**31, 2**32 - 1])
counts = st.sampled_from([0, 1, 2, 10, 11, 100, 1019, 1020])
# Not 3 and 4: with random inputs the stand-in would run random numbers of rounds and bytes of stack.
kinds = st.sampled_from([0, 1, 2, 5, 6, 7, 8, 9, 0x0B, 0x0C, 0x7F, 0x82])
requests = st.one_of(
    st.builds(lambda offset, count: request(2, struct.pack("<I", offset) + bytes(count)), numbers, counts),
    st.builds(lambda offset, count: request(6, struct.pack("<II", offset, count)), numbers, counts | numbers),
    st.builds(lambda kind, first: request(kind, struct.pack("<I", first)), st.sampled_from([5, 11]), numbers),
    st.builds(request, kinds, st.binary(max_size=12), st.integers(0, 255)),
)
silences = st.just(LONG_SILENCE * 1100)


@given(
    parts=st.lists(
        st.one_of(requests.map(comes), requests.map(comes), streams().map(comes), silences), min_size=5
    )
)
@settings(parent=example_settings, max_examples=150)
@pytest.mark.usefixtures("long_run")
def test_no_bytes_break_the_application(application: Program, parts: list[bytes]) -> None:
    """The sanitizers report nothing, every answer is a valid frame, and a Hello is answered afterwards."""
    script = comes(request(4)) + b"".join(parts) + LONG_SILENCE * 1100
    said = application(script + comes(request(1, sequence=99)))
    *_, last = answers(said.removesuffix(b"stayreset"))
    assert last[:3] == (99, 0x81, 0) or (said.endswith(b"stayreset") and last[1:3] == (0x88, 0))


# The counter with simulated registers: time passes at every access to one of them.


@pytest.fixture(scope="session")
def counter(host_compile: Compile) -> ctypes.CDLL:
    folder = HOST / "counter"
    library = ctypes.CDLL(
        str(
            host_compile(
                "counter.so",
                *("hal/systick_counter.c", folder / "simulation.c"),
                options=(*SHARED, "-I", str(folder)),
            )
        )
    )
    for function in (library.counter_now, library.counter_clock, library.simulation_truth):
        function.restype = ctypes.c_uint64
    library.counter_name.restype = ctypes.c_char_p
    return library


steps = st.lists(
    st.sampled_from(["read", "read", "read", "wait", "measure"]) | st.integers(0, 80),
    min_size=10,
    max_size=120,
)


@pytest.mark.usefixtures("long_run")
@given(seed=st.integers(0, 2**32 - 1), most=st.integers(1, 3), script=steps)
@settings(parent=example_settings, max_examples=300)
def test_the_clock_is_monotonic_and_true(
    counter: ctypes.CDLL, seed: int, most: int, script: list[str | int]
) -> None:
    """Wraps occur between any two instructions; a reading must be a time between its call and its return."""
    counter.simulation_begin(ctypes.c_uint32(seed), ctypes.c_uint32(most), False, ctypes.c_uint64(0))
    assert counter.counter_name() == b"systick"
    last, lost, counted = 0, 0, 0
    for step in script:
        if step == "read":
            before = counter.simulation_truth()
            value = counter.counter_clock()
            after = counter.simulation_truth()
            assert before - lost <= value <= after
            assert value >= last
            last = value
            now = counter.counter_now()
            assert counted <= now <= counter.simulation_truth()
            counted = now
        elif step == "wait":
            counter.counter_wait_mode()
            lost += 4 * most + 2
        elif step == "measure":
            counter.counter_measure_mode()
            lost += 4 * most + 2
        else:
            counter.simulation_pass(ctypes.c_uint32(int(step)))
    assert counter.counter_now() >= counted


def test_what_the_timers_own_interrupts_take_is_not_counted(counter: ctypes.CDLL) -> None:
    counter.simulation_begin(ctypes.c_uint32(5), ctypes.c_uint32(3), False, ctypes.c_uint64(0))
    clock, count = counter.counter_clock(), counter.counter_now()
    for _ in range(400):
        counter.simulation_pass(ctypes.c_uint32(40))
    clock, count = counter.counter_clock() - clock, counter.counter_now() - count
    assert 16_000 <= count < clock, "all that passed outside of them, and less than the clock"


def test_a_locked_cycle_counter_is_unlocked_first(counter: ctypes.CDLL) -> None:
    """The simulated DWT ignores every write before the key, like a Cortex-M7's."""
    counter.simulation_begin(ctypes.c_uint32(1), ctypes.c_uint32(1), True, ctypes.c_uint64(0))
    assert counter.counter_name() == b"dwt"


@given(seed=st.integers(0, 2**32 - 1), gap=st.integers(0, 3000), script=steps)
@example_settings
def test_the_cycle_counter_is_extended(
    counter: ctypes.CDLL, seed: int, gap: int, script: list[str | int]
) -> None:
    counter.simulation_begin(ctypes.c_uint32(seed), ctypes.c_uint32(3), True, ctypes.c_uint64(2**32 - gap))
    assert counter.counter_name() == b"dwt"
    start_truth, start = counter.simulation_truth(), counter.counter_now()
    last = start
    for step in script:
        if isinstance(step, int):
            counter.simulation_pass(ctypes.c_uint32(step))
        value = counter.counter_now()
        assert last <= value
        assert value - start <= counter.simulation_truth() - start_truth + 8
        last = value
    assert last - start >= sum(step for step in script if isinstance(step, int))
