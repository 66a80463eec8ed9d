"""How the application changes the line's rate: on this machine, with scripted silences."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .line import request

HERE = Path(__file__).parent
FAKE, STANDIN = HERE / "host" / "fake", HERE / "standin"
SECOND = b"s" * 20  # of silence


@pytest.fixture(scope="module")
def said(host_compile: Callable[..., Path]) -> Callable[[bytes], list[str]]:
    """``said(script)``: the rates that the application changes to, and a word for each answer between."""
    program = host_compile(
        "speeds",
        *(
            "app/main.c",
            "app/benchmark.c",
            "app/agent.c",
            "app/eembc.c",
            "app/header.c",
            "app/confirm.c",
            "runtime/journal.c",
            "runtime/crc32.c",
            "runtime/frame.c",
        ),
        *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
        FAKE / "fake.c",
        options=(
            *("-fsanitize=address,undefined", "-Wno-conversion", "-DFAKE_SHOWS_SPEED"),
            *("-I", str(FAKE), "-I", str(STANDIN)),
        ),
    )

    def run(script: bytes) -> list[str]:
        done = subprocess.run([program], input=script, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        words, rest = [], done.stdout
        while rest:
            if rest.startswith(b"speed "):
                word, _, rest = rest.partition(b";")
                words.append(word.decode().removeprefix("speed "))
            else:
                assert rest[:3] == b"\xa5\x5a\x01"
                words.append("answer" if rest[5] == 0 else f"status {rest[5]}")
                rest = rest[12 + struct.unpack("<H", rest[6:8])[0] :]
        return words

    return run


def comes(data: bytes) -> bytes:
    return b"".join(b"b" + bytes([byte]) for byte in data)


def speed(baud: int) -> bytes:
    return comes(request(10, struct.pack("<I", baud)))


HELLO = comes(request(1))


@pytest.mark.usefixtures("long_run")
def test_a_host_that_is_heard_keeps_the_rate(said: Callable[[bytes], list[str]]) -> None:
    script = speed(921600) + (SECOND * 2 + HELLO) * 4
    assert said(script) == ["answer", "921600", *["answer"] * 4]


def test_a_host_that_is_silent_loses_it(said: Callable[[bytes], list[str]]) -> None:
    assert said(speed(921600) + SECOND * 4 + HELLO) == ["answer", "921600", "115200", "answer"]
    assert said(speed(921600) + HELLO + SECOND * 4) == ["answer", "921600", "answer", "115200"]


def test_noise_does_not_keep_it(said: Callable[[bytes], list[str]]) -> None:
    noise = (comes(b"\xa5\x5a\x01\xff\x00") + SECOND) * 4
    assert said(speed(921600) + noise + HELLO) == ["answer", "921600", "115200", "answer"]


def test_the_rate_is_given_back(said: Callable[[bytes], list[str]]) -> None:
    script = speed(921600) + speed(115200) + SECOND * 5 + HELLO
    assert said(script) == ["answer", "921600", "answer", "115200", "answer"]


def test_a_rate_that_cannot_be(said: Callable[[bytes], list[str]]) -> None:
    assert said(speed(1) + SECOND * 5 + HELLO) == ["status 3", "answer"]
