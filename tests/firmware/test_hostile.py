"""Hostile frames, a small part of what hostile.py runs alone; and the same on the emulated board."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board

from .hostile import SOURCES, command_frame, compile_program, has_work, mutate, play, request_frame
from .line import ACK, GET_REPLY, HELLO, NACK, Line, Machine, request


@pytest.mark.parametrize("name", sorted(SOURCES))
@pytest.mark.usefixtures("long_run")
def test_no_frames_break_the_native_program(name: str, tmp_path: Path) -> None:
    run = play(name, compile_program(name, tmp_path), 20_000, seed=2)
    assert run.sent > 200_000 and run.answered > 10_000


def test_the_bootloader_of_the_emulated_board(machine: Machine, board: Board) -> None:
    line, rng = machine.line, random.Random(3)
    assert line.call() == ACK
    before = b"".join(line.read(board.flash.origin + at, 256) for at in range(0, 8192, 256))
    for _ in range(300):
        line.send(mutate(rng, command_frame(rng)))
    machine.emulator.reset()
    while line.take(4096, 0.5):
        pass
    assert line.call() in (ACK, NACK)
    assert line.talk(b"\x00\xff", len(GET_REPLY)) == GET_REPLY
    assert b"".join(line.read(board.flash.origin + at, 256) for at in range(0, 8192, 256)) == before


def test_the_application_of_the_emulated_board(application: Line) -> None:
    rng = random.Random(4)
    frames = [mutate(rng, request_frame(rng)) for _ in range(300)]
    sent = b"".join(frame for frame in frames if not has_work(frame))
    application.send(sent)
    # A Hello with an unused number. The first may complete the last hostile frame, and the second may be
    # dropped with the rest of that.
    number = next(number for number in range(256) if bytes([1, number, HELLO]) not in sent)
    said = b""
    for _ in range(3):
        application.send(request(HELLO, sequence=number))
        while byte := application.take(1):
            said += byte
            if said.endswith(bytes([0xA5, 0x5A, 1, number, HELLO | 0x80, 0])):
                return
    pytest.fail("the application does not answer any more")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_reset_ends_what_a_frame_began(board: Board, built: BuildResult) -> None:
    """After half a command and a dead line, the next host is answered."""
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        for part in (b"\x31\xce", b"\x44\xbb\x00\xff", b"\x11"):
            assert line.call() in (ACK, NACK)
            line.send(part)
            emulator.reset()
        assert line.call() == ACK
