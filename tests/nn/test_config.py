"""Configurations that do not fit: the message names both sizes and the nearest ones that do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.config import TransformerConfig


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        (
            {"length": 100, "patch": 7},
            "length 100 is not a multiple of patch 7; a patch of 5 or 10 fits, or a window of 98 or 105.",
        ),
        (
            {"length": 3, "patch": 7},
            "length 3 is not a multiple of patch 7; a patch of 3 fits, or a window of 7.",
        ),
        ({"height": 30, "length": 32, "patch": 4}, "a patch of 3 or 5 fits, or a height of 28 or 32."),
    ],
)
def test_a_patch_that_does_not_fit(sizes: dict[str, int], told: str) -> None:
    with pytest.raises(CheckpointError, match=re.escape(told)):
        TransformerConfig(**sizes)


@given(st.integers(1, 2000), st.integers(1, 300))
def test_what_the_message_proposes_fits(length: int, patch: int) -> None:
    try:
        TransformerConfig(length=length, patch=patch)
    except CheckpointError as error:
        patches, windows = re.findall(r"a (?:patch|window) of (\d+(?: or \d+)?)", str(error))
        for number in patches.split(" or "):
            TransformerConfig(length=length, patch=int(number))
        for number in windows.split(" or "):
            TransformerConfig(length=int(number), patch=patch)
    else:
        assert length % patch == 0
