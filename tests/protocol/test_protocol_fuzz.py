"""A small part of the fuzzing of frames, and a test that the fuzzer notices a wrong decoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import fuzz_frames
from .fuzz_frames import DAMAGES, run


@pytest.mark.usefixtures("long_run")
def test_damaged_frames_are_not_accepted_and_the_link_recovers(tmp_path: Path) -> None:
    tally = run(30_000, 7, tmp_path)
    assert (tally.accepted_wrongly, tally.missed, tally.first_wrong) == (0, 0, "")
    assert tally.recovered == tally.batches == 3750
    assert tally.accepted_c == tally.accepted_python >= tally.whole > tally.batches
    assert min(tally.damages[damage] for damage in DAMAGES) > 1000
    assert tally.faults_reported > 1000


def test_a_decoder_that_believes_everything_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_frames.zlib, "crc32", lambda *data: 0)
    tally = run(200, 7, tmp_path)  # the C side expects another checksum than the frames have
    assert tally.missed > 0 and tally.recovered < tally.batches


def test_a_decoder_that_stops_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def first_only(line: bytes, rng: object) -> list[bytes]:
        return []

    monkeypatch.setattr(fuzz_frames, "accepted_by_python", first_only)
    tally = run(200, 7, tmp_path)
    assert tally.missed == tally.whole and tally.recovered == 0


def test_a_frame_that_was_never_sent_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fuzz_frames.accepted_by_python
    monkeypatch.setattr(fuzz_frames, "accepted_by_python", lambda line, rng: [*real(line, rng), b"another"])
    tally = run(200, 7, tmp_path)
    assert tally.accepted_wrongly == tally.batches and tally.missed == 0
