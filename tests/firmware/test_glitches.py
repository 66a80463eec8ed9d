"""One instruction of a start skipped, or one condition inverted: no forged image starts (glitches.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from .glitches import campaigns

DECIDING = ("main", "slots_choose", "judge", "image_check", "difference_of", "ed25519_verify")
EVERY = {"digest": 4, "signature": 12}
"""Which glitches in these functions are tried here; ``python -m tests.firmware.glitches`` tries all."""


@pytest.mark.usefixtures("cross_compiler", "long_run")
def test_no_glitch_starts_a_forged_image(tmp_path: Path) -> None:
    for name, campaign, right in campaigns(tmp_path):
        if name == "digest":
            assert right.run() == "started", "the campaign would notice"
        assert campaign.run() == "stayed"
        found = [glitch for glitch in campaign.glitches() if glitch.function in DECIDING]
        kinds = {glitch.kind for glitch in found}
        assert kinds == {"skip", "invert"} and len(found) > 150
        for glitch in found[:: EVERY[name]]:
            assert campaign.glitch(glitch) != "started", glitch
