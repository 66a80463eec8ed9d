"""Frames are decoded as they were encoded, with any bytes around them."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.errors import DeviceError
from sensor_bnn.wire.protocol import MARK, MAX_PAYLOAD, Frame, Hello, Kind, Memory, decode, encode

BYTE = st.integers(0, 255)
FRAMES = st.builds(
    Frame,
    sequence=BYTE,
    kind=BYTE,
    payload=st.binary(max_size=MAX_PAYLOAD),
    status=BYTE,
    version=BYTE,
)


def test_a_frame_by_hand() -> None:
    body = bytes([1, 7, 2, 0, 3, 0]) + b"abc"
    assert encode(Frame(7, Kind.WRITE_INPUT, b"abc")) == MARK + body + struct.pack("<I", zlib.crc32(body))


@given(st.lists(FRAMES, max_size=4))
def test_frames_come_out_as_they_went_in(frames: list[Frame]) -> None:
    assert decode(b"".join(map(encode, frames))) == (frames, b"")


@given(st.lists(FRAMES, max_size=3), st.lists(st.integers(1, 40), min_size=1))
def test_the_pieces_in_which_they_come_do_not_matter(frames: list[Frame], cuts: list[int]) -> None:
    line = b"".join(map(encode, frames))
    found: list[Frame] = []
    rest, at, turn = b"", 0, 0
    while at < len(line):
        piece = line[at : at + cuts[turn % len(cuts)]]
        at, turn = at + len(piece), turn + 1
        new, rest = decode(rest + piece)
        found += new
    assert (found, rest) == (frames, b"")


@given(FRAMES, st.binary(max_size=60).filter(lambda text: MARK not in text and not text.endswith(b"\xa5")))
def test_text_before_a_frame_is_skipped(frame: Frame, text: bytes) -> None:
    assert decode(text + encode(frame)) == ([frame], b"")


@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_is_dropped_and_the_next_is_found(
    first: Frame, second: Frame, data: st.DataObject
) -> None:
    line = bytearray(encode(first))
    at = data.draw(
        st.integers(8, len(line) - 1)
    )  # after the length field: a wrong length would also lose the next frame
    line[at] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(line) + encode(second)) == ([second], b"")


@given(FRAMES, st.data())
def test_a_frame_cut_short_waits_for_its_rest(frame: Frame, data: st.DataObject) -> None:
    line = encode(frame)
    cut = data.draw(st.integers(0, len(line) - 1))
    assert decode(line[:cut]) == ([], line[:cut])


@given(st.binary(max_size=3000))
def test_no_noise_breaks_the_decoder(noise: bytes) -> None:
    frames, rest = decode(noise)
    assert len(rest) <= len(noise)
    assert b"".join(map(encode, frames)) in noise or len(frames) > 1


def test_an_impossible_length_is_no_reason_to_wait() -> None:
    noise = MARK + struct.pack("<BBBBH", 1, 0, 1, 0, MAX_PAYLOAD + 1)
    frame = Frame(1, Kind.HELLO)
    assert decode(noise + encode(frame)) == ([frame], b"")


def test_a_payload_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="1025 bytes"):
        encode(Frame(0, Kind.WRITE_INPUT, bytes(MAX_PAYLOAD + 1)))


HELLO = (
    bytes(range(32)) + struct.pack("<6I", 25_000_000, 2400, 12, 3, 1024, 1024) + b"toy\0dwt\0model\x000.1\0"
)


def test_hello_is_read() -> None:
    hello = Hello.parse(HELLO)
    assert hello.model_hash == bytes(range(32)).hex()
    assert (hello.counter_hz, hello.layer_count, hello.max_payload) == (25_000_000, 3, 1024)
    assert (hello.board, hello.counter, hello.model, hello.firmware_version) == ("toy", "dwt", "model", "0.1")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        HELLO[:40],
        HELLO[:-1],
        HELLO + b"x\0",
        HELLO[:56] + b"\xff\0a\0b\0c\0",
        HELLO[:52] + bytes(4) + HELLO[56:],
    ],
)
def test_a_hello_that_cannot_be_is_refused(payload: bytes) -> None:
    with pytest.raises(DeviceError, match="HELLO cannot be read"):
        Hello.parse(payload)


def test_memory_has_one_length() -> None:
    assert Memory.parse(struct.pack("<6I", 1, 2, 3, 4, 5, 6)).image_bytes == 6
    with pytest.raises(DeviceError, match="MEMORY cannot be read"):
        Memory.parse(bytes(20))
