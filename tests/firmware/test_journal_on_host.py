"""The journal of images on this machine; power fails at every byte that it writes or erases."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest

HOST = Path(__file__).parent / "host" / "journal"
RECORD, PAGE = 32, 128


class State(ctypes.Structure):
    _fields_ = (
        ("sequence", ctypes.c_uint32),
        ("counter", ctypes.c_uint32),
        ("known", ctypes.c_uint32 * 2),
        ("starts", ctypes.c_uint8 * 2),
        ("current", ctypes.c_uint8),
        ("unused", ctypes.c_uint8 * 9),
        ("crc32", ctypes.c_uint32),
    )


class Journal:
    """The firmware's journal, with flash that a test can read."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.power = ctypes.c_uint32.in_dll(library, "power")
        self.stuck = ctypes.c_uint32.in_dll(library, "stuck")
        self.bytes = (ctypes.c_uint8 * (2 * PAGE)).in_dll(library, "journal_bytes")

    def fill(self, content: bytes) -> None:
        self.bytes[:] = content

    def counter(self) -> int:
        state = State()
        self.library.journal_load(ctypes.byref(state))
        return state.counter

    def store(self, counter: int, power: int = 0xFFFFFFFF) -> bool:
        state = State()
        self.library.journal_load(ctypes.byref(state))
        state.counter = counter
        self.power.value = power
        stored = bool(self.library.journal_store(ctypes.byref(state)))
        self.power.value = 0xFFFFFFFF
        return stored


@pytest.fixture
def journal(host_compile: Callable[..., Path]) -> Journal:
    options = ("-shared", "-fPIC", "-Wl,-Bsymbolic", "-fsanitize=undefined", "-I", str(HOST))
    sources = ("app/confirm.c", "runtime/journal.c", "runtime/crc32.c", HOST / "flash.c", HOST / "header.c")
    library = ctypes.CDLL(str(host_compile("journal.so", *sources, options=options)))
    for function in (library.journal_store, library.confirm):
        function.restype = ctypes.c_bool
    return Journal(library)


@pytest.mark.parametrize("filling", [b"\xff", b"\x00", b"\xb0"])
def test_what_was_stored_last_is_loaded(journal: Journal, filling: bytes) -> None:
    """With any initial contents: new flash, or RAM that replaces it."""
    journal.fill(filling * (2 * PAGE))
    assert journal.counter() == 0
    for counter in range(1, 40):
        journal.store(counter)
        assert journal.counter() == counter


def test_the_same_again_is_not_written(journal: Journal) -> None:
    journal.fill(b"\xff" * (2 * PAGE))
    journal.store(7)
    before = bytes(journal.bytes)
    journal.store(7)
    assert bytes(journal.bytes) == before


def test_power_that_fails_at_any_byte_leaves_the_state_before_or_after(journal: Journal) -> None:
    """For two rounds of both pages, so that the power fails in every record's place and every erase."""
    journal.fill(b"\xff" * (2 * PAGE))
    cuts = 0
    for counter in range(1, 2 * 2 * PAGE // RECORD + 1):
        before = bytes(journal.bytes)
        # One store erases a page and writes a record at most.
        for power in range(PAGE + RECORD):
            journal.fill(before)
            journal.store(counter, power)
            assert journal.counter() in (counter - 1, counter), (counter, power)
            # Later records continue from there.
            journal.store(counter)
            journal.store(counter + 1000)
            assert journal.counter() == counter + 1000, (counter, power)
            cuts += 1
        journal.fill(before)
        journal.store(counter)
    assert cuts == 16 * (PAGE + RECORD)


def test_a_blank_place_before_what_an_interrupted_erase_left_is_not_used(journal: Journal) -> None:
    """All of the page after a record's place must be blank, not only its own 32 bytes."""
    for dirty in range(2 * RECORD, PAGE, 4):
        journal.fill(b"\xff" * (2 * PAGE))
        journal.store(7)
        journal.bytes[dirty] = 0
        journal.store(8)
        assert journal.counter() == 8
        content = bytes(journal.bytes)
        written = [at for at in range(RECORD, 2 * PAGE, RECORD) if content[at : at + 4] == b"\2\0\0\0"]
        assert len(written) == 1 and written[0] > dirty, (dirty, written)


def test_a_record_that_was_not_written_is_reported(journal: Journal) -> None:
    journal.fill(b"\xff" * (2 * PAGE))
    assert journal.store(7)
    assert not journal.store(8, power=0)
    assert journal.counter() == 7
    assert journal.store(8) and journal.store(8)
    # One place that does not take its record is skipped.
    worn = bytes(journal.bytes).index(b"\xff" * RECORD)
    journal.stuck.value = 1 + worn
    assert journal.store(9) and journal.counter() == 9


def test_an_image_is_not_confirmed_before_its_counter_is_stored(journal: Journal) -> None:
    """An error while the floor for older images is raised is not forgotten: the next call tries again."""
    journal.fill(b"\xff" * (2 * PAGE))
    journal.power.value = 0
    assert not journal.library.confirm()
    journal.power.value = 0xFFFFFFFF
    assert journal.counter() == 0
    assert journal.library.confirm()
    assert journal.counter() == 5, "the counter of the image"
    before = bytes(journal.bytes)
    assert journal.library.confirm()
    assert bytes(journal.bytes) == before
