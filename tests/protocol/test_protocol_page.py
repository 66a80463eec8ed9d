"""docs/protocol.md, the firmware's headers and the host's codec agree."""

from __future__ import annotations

import re
from pathlib import Path

from sensor_bnn.resources import resource
from sensor_bnn.wire.protocol import MAX_PAYLOAD, VERSION, Kind, Status

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
FRAMES = PAGE.partition("## The frames of the application")[2].partition("\n## ")[0]


def constants(file: str, prefix: str) -> dict[str, int]:
    text = (resource("firmware") / file).read_text(encoding="utf-8")
    found = re.findall(rf"\b{prefix}(\w+) = (0x[0-9A-Fa-f]+|\d+)", text)
    return {name: int(value, 0) for name, value in found}


def test_the_kinds_of_frames() -> None:
    told = {name: int(code, 16) for code, name in re.findall(r"(?m)^\| (0x[0-9A-F]{2}) (\w+) \|", FRAMES)}
    assert told == {kind.name: kind.value for kind in Kind}
    ours = constants("app/agent.h", "AGENT_")
    for prefix in ("STREAM_", "RECORD_"):
        of_stream = constants("stream/stream.c", prefix)
        ours |= {f"{prefix}{name}": code for name, code in of_stream.items()}
    assert told == ours


def test_the_statuses() -> None:
    told = [int(code) for code in re.findall(r"(?m)^\| (\d) \| [a-z]", FRAMES)]
    assert {code for code in told if code in set(Status)} == {status.value for status in Status}
    assert constants("runtime/frame.h", "FRAME_STATUS_") == {status.name: status.value for status in Status}


def test_version_and_sizes() -> None:
    header = (resource("firmware") / "runtime" / "frame.h").read_text(encoding="utf-8")
    assert f"#define FRAME_VERSION {VERSION}u" in header and f"| 2 | u8 version, {VERSION} |" in FRAMES
    assert f"#define FRAME_MAX_PAYLOAD {MAX_PAYLOAD}u" in header
    assert f"u16 bytes of payload, at most {MAX_PAYLOAD}" in FRAMES
