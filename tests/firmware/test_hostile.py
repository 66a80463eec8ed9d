"""Hostile frames, a small part of what hostile.py plays by itself; and on the emulated board."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sensor_bnn.boards import Board
from sensor_bnn.device.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult

from .hostile import SOURCES, command_frame, compile_program, has_work, mutate, play, request_frame
from .line import ACK, NACK, Line, Machine, request

GET = b"\x79\x0a\x33\x00\x01\x02\x03\x11\x21\x31\x43\x44\xa1\x79"


@pytest.mark.parametrize("name", sorted(SOURCES))
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
    assert line.talk(b"\x00\xff", len(GET)) == GET
    assert b"".join(line.read(board.flash.origin + at, 256) for at in range(0, 8192, 256)) == before


def test_the_application_of_the_emulated_board(application: Line) -> None:
    rng = random.Random(4)
    for _ in range(300):
        frame = mutate(rng, request_frame(rng))
        if not has_work(frame):
            application.send(frame)
    while application.take(4096, 0.5):
        pass
    application.send(request(1, sequence=201))
    assert application.answer()[:3] == (201, 0x81, 0)


def test_a_reset_ends_what_a_frame_began(board: Board, built: BuildResult) -> None:
    """Half a command, and the line dead: the next host is heard."""
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        for part in (b"\x31\xce", b"\x44\xbb\x00\xff", b"\x11"):
            assert line.call() in (ACK, NACK)
            line.send(part)
            emulator.reset()
        assert line.call() == ACK
