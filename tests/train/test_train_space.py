"""The space of ``explore``: each point is a recipe with its own name; only separable ones lack integers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.fold_hybrid import without_integers
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.train.recipe import load_recipe
from sensor_bnn.train.space import (
    KINDS,
    MOST_BLOCKS,
    MOST_CONVOLUTIONS,
    WIDTHS,
    Point,
    of_kind,
    recipe_of,
    sizes,
)

CLASSES = ("a", "b")


def points(*, images: bool) -> st.SearchStrategy[Point]:
    attention = st.booleans()
    made = st.builds(
        Point,
        st.sampled_from(KINDS),
        st.sampled_from(WIDTHS),
        st.integers(1, MOST_CONVOLUTIONS),
        st.integers(1, MOST_BLOCKS) if images else st.just(0),
        attention,
        st.just(False),
    )
    return st.tuples(made, st.booleans()).map(
        lambda pair: of_kind(replace(pair[0], mlp=pair[1] and pair[0].attention), pair[0].kind)
    )


def missing(point: Point) -> list[str]:
    """What a point's model has that has no integers."""
    return ["sep in stages"] if point.kind == "separable" else []


@given(points(images=False))
def test_a_point_of_windows_has_its_integers(point: Point) -> None:
    recipe = recipe_of(load_recipe("watch-small"), point, images=False)
    config = recipe.config((6, 100), CLASSES)
    assert isinstance(config, HybridConfig)
    assert without_integers(config) == missing(point)
    assert ("attn" in " ".join(config.stages)) == point.attention


@given(points(images=True))
def test_a_point_of_images_has_its_integers(point: Point) -> None:
    recipe = recipe_of(load_recipe("cifar-small"), point, images=True)
    config = recipe.config((3, 32, 32), CLASSES)
    assert isinstance(config, HybridConfig)
    assert without_integers(config) == missing(point)
    assert config.widths[1] == 2 * config.widths[0] and point.width in config.widths


@given(points(images=False), points(images=False))
def test_two_points_have_two_names(one: Point, other: Point) -> None:
    assert (one.name == other.name) == (one == other)


@pytest.mark.parametrize("images", [False, True])
def test_the_sizes_grow_and_are_all_different(images: bool) -> None:
    found = sizes(images=images)
    assert len({point.name for point in found}) == len(found)
    assert {point.kind for point in sizes(images=images, count=1, kinds=("1 bit",))} == {"1 bit"}
    binary = [point for point in found if point.kind == "1 bit"]
    assert len(binary) == 5
    assert sum(point.kind == "separable" for point in found) == 5


def test_what_the_recipe_says_of_the_model_is_kept() -> None:
    base = replace(load_recipe("watch-small"), model={"normalise": "window", "pooling": ["mean"]})
    recipe = recipe_of(base, sizes(images=False)[0], images=False)
    assert recipe.model["normalise"] == "window" and recipe.model["pooling"] == ["mean"]


def test_the_other_family_and_a_teacher_are_refused() -> None:
    point = sizes(images=False)[0]
    with pytest.raises(CheckpointError, match=r"is of another family than hybrid, and its .model. sets"):
        recipe_of(replace(load_recipe("watch-tiny"), model={"width": 32}), point, images=False)
    with pytest.raises(CheckpointError, match="has a teacher, watch-small-full"):
        recipe_of(load_recipe("watch-small-distill"), point, images=False)
