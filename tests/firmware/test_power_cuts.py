"""Power cuts on the torn-word model: a part of ``power_cuts.py``, and its table in docs/reliability.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import load_board

from .chips import FAMILIES
from .power_cuts import Campaign, campaigns

EVERY = {2: 37, 4: 23, 8: 15, 16: 9, 32: 5, 256: 1}
"""Of how many operations one is cut here, by the bytes of the chip's word; odd, so that all kinds occur."""
ROW = re.compile(
    r"^\| ([\w-]+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", re.M
)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("name", FAMILIES)
def test_no_power_cut_leaves_a_board_that_starts_nothing(
    name: str, built_for: Callable[[str], BuildResult]
) -> None:
    board, family = load_board(name), FAMILIES[name]()
    every = EVERY[family.word_bytes]
    outcomes: Counter[str] = Counter()
    operations = 0
    for campaign in campaigns(board, built_for(name).bootloader_elf):
        operations += len(campaign.ops) + 1
        for cut in campaign.cuts(every):
            outcomes[cut.outcome] += 1
            assert cut.resumed, cut
    # The first operation is an erase, and the flash after the last one holds the new image.
    assert outcomes["new"] > 0
    if board.bootloader.slots == 2:
        assert set(outcomes) == {"old", "new"}, "with a second slot, an image starts at each cut"
    else:
        assert outcomes["bootloader"] > 0
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    rows = {row[0]: [int(part.replace(",", "")) for part in row[1:]] for row in ROW.findall(page)}
    word, cuts, old, new, stayed, again = rows[name]
    assert (word, cuts) == (family.word_bytes, operations)
    assert old + new + stayed == cuts and again == stayed


@pytest.mark.parametrize("name", ["nucleo-h743zi2", "nucleo-u575zi-q"])
def test_a_torn_word_is_found_without_a_reset(name: str, built_for: Callable[[str], BuildResult]) -> None:
    """In the header, in the image and after it: the bootloader says no, and does not fault."""
    campaign = Campaign(load_board(name), built_for(name).bootloader_elf, full=False)
    slot, word = campaign.board.slot.origin, campaign.chip.family.word_bytes
    for offset in (0, 480, 512, 512 + 640):
        campaign._load(campaign.before, [(slot + offset, word)])
        resets = campaign.chip.resets
        assert campaign._run() == "bootloader"
        assert campaign.chip.resets == resets, offset
    # A torn word that belongs to no image is no obstacle.
    campaign._load(campaign.before, [(slot + 4096, word)])
    assert campaign._run() == "old"
    assert campaign.chip.violations == []


def test_the_cut_of_the_power_is_noticed(built_for: Callable[[str], BuildResult]) -> None:
    """A bootloader that does not verify what it starts would start one of these half images."""
    campaign = Campaign(load_board("nucleo-h743zi2"), built_for("nucleo-h743zi2").bootloader_elf, full=False)
    content = bytearray(campaign.before)
    seen = set()
    for op in campaign.ops:
        half = bytearray(content)
        torn = campaign._half(half, op)
        assert (torn and bytes(half) != bytes(content)) or op[1].count(0xFF) == len(op[1])
        campaign._after(content, op)
        seen.add(bytes(half))
    assert len(seen) > 0.9 * len(campaign.ops), "the cuts are different states"


def test_the_last_row_of_the_page_is_the_sum() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    rows = {row[0]: [int(part.replace(",", "")) for part in row[2:]] for row in ROW.findall(page)}
    assert set(rows) == set(FAMILIES)
    total = ", ".join(f"{sum(column):,}" for column in zip(*rows.values(), strict=True))
    assert f"\n| all | | {total.replace(', ', ' | ')} |\n" in page
