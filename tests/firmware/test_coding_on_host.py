"""The host's coding of inputs against the firmware's decoding: on this machine, under sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor_bnn.wire.client import Client
from sensor_bnn.wire.coding import DIVISORS
from sensor_bnn.wire.protocol import Frame, Status, encode

HERE = Path(__file__).parent
FAKE, STANDIN = HERE / "host" / "fake", HERE / "standin"
VALUES = 400  # values of the stand-in's input


class Recorder(Client):
    """A client whose requests all succeed and are recorded."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.sent = b""

    def _exchange(self, kind: int, payload: bytes, timeout: float | None, attempts: int) -> Frame:
        self.sent += encode(Frame(1, kind, payload))
        return Frame(1, kind, b"", Status.OK)


@pytest.fixture(scope="session")
def staged(host_compile: Callable[..., Path]) -> Callable[[bytes], bytes]:
    """``staged(frames)``: the input that the application has after them."""
    program = host_compile(
        "coding",
        *("app/main.c", "app/benchmark.c", "app/agent.c", "app/eembc.c", "app/header.c"),
        *("app/confirm.c", "runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
        *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
        FAKE / "fake.c",
        options=(
            *("-fsanitize=address,undefined", "-Wno-conversion"),
            *("-I", str(FAKE), "-I", str(STANDIN)),
        ),
    )

    def run(frames: bytes) -> bytes:
        script = b"".join(b"b" + bytes([byte]) for byte in frames + f"db print {4 * VALUES}%".encode())
        done = subprocess.run([program], input=script, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        lines = [line for line in done.stdout.split(b"\r\n") if b"m-buffer-" in line]
        text = b"".join(line.partition(b"m-buffer-")[2].replace(b"-", b"") for line in lines)
        return bytes.fromhex(text.decode())

    return run


@pytest.mark.usefixtures("long_run")
@given(
    codes=st.lists(st.tuples(st.integers(0, 255), st.integers(1, 200)), min_size=1, max_size=60),
    zero=st.integers(0, 255),
    divisor=st.sampled_from(DIVISORS),
    largest=st.sampled_from([64, 300, 1024]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_coded_is_staged_to_the_last_bit(
    staged: Callable[[bytes], bytes],
    codes: list[tuple[int, int]],
    zero: int,
    divisor: float,
    largest: int,
) -> None:
    runs = np.concatenate([np.full(count, code) for code, count in codes])[:VALUES]
    values = ((runs - zero).astype(np.float32) / np.float32(divisor)).astype("<f4")
    client = Recorder()
    client._max_payload = max(largest, 160)
    client.write_input(values.tobytes(), floats=True)
    assert staged(client.sent)[: values.nbytes] == values.tobytes()
    assert client._codes, "every one of these can be coded"
