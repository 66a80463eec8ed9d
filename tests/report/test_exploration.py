"""What ``explore`` found: fronts, sentences, the chart in the terminal and the page."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from explorations import TARGETS, exploration, point
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.report.exploration import print_exploration, sentences_of
from sensor_bnn.report.explore_page import draw_exploration, render_exploration
from sensor_bnn.report.fronts import Placed, compared, front, recommended, sentences
from sensor_bnn.report.scatter import scatter
from sensor_bnn.resources import resource
from sensor_bnn.train.space import Point

from .browser import Browser

ONE, EIGHT = Point("1 bit", 32, 1, 0, False, False), Point("8 bits", 32, 1, 0, False, False)
MODELS = st.lists(
    st.builds(
        Placed,
        st.uuids().map(str),
        st.sampled_from(["1 bit", "mixed", "8 bits", "separable"]),
        st.integers(0, 20).map(lambda n: n / 20),
        st.integers(0, 20),
    ),
    max_size=12,
)


@given(MODELS)
def test_no_model_beats_one_on_the_front(models: list[Placed]) -> None:
    chosen = front(models)
    for one in models:
        dominated = any(
            other.cost <= one.cost
            and other.top1 >= one.top1
            and (other.cost, other.top1) != (one.cost, one.top1)
            for other in models
        )
        there = any((best.cost, best.top1) == (one.cost, one.top1) for best in chosen)
        assert there != dominated


@given(MODELS, st.sampled_from(["8 bits", "separable"]))
def test_each_model_of_8_bits_is_compared_with_the_cheapest_as_accurate_one(
    models: list[Placed], kind: str
) -> None:
    for eight, few in compared(models, kind):
        assert eight.kind == kind
        enough = [one.cost for one in models if one.kind in ("1 bit", "mixed") and one.top1 >= eight.top1]
        assert (few is None) == (not enough)
        assert few is None or few.cost == min(enough)


def test_the_sentences_say_by_how_much() -> None:
    told = sentences([point(ONE, 0.9, 100_000), point(EIGHT, 0.88, 230_000)], TARGETS[0])
    assert told[0] == (
        "cortex-m0plus, instructions per inference: at the accuracy of 8 bits (88.0 %), 8 bits take 2.30"
        " times as many as 1 bit or mixed: fewer bits are ahead."
    )


def test_the_sentences_say_where_8_bits_are_ahead() -> None:
    wide = Point("8 bits", 64, 1, 0, False, False)
    models = [point(ONE, 0.9, 100_000), point(EIGHT, 0.88, 50_000), point(wide, 0.93, 400_000)]
    told = sentences(models, TARGETS[0])
    assert "8 bits take 0.50 times as many as 1 bit or mixed: 8 bits are ahead." in told[0]
    assert told[1] == (
        "cortex-m0plus: accuracies of 93.0 % are reached by 8 bits only, up to 3.0 points above the best of"
        " fewer bits."
    )


def test_separable_networks_have_sentences_of_their_own() -> None:
    plain = Point("separable", 32, 1, 0, False, False)
    told = sentences([point(ONE, 0.9, 100_000), point(plain, 0.88, 150_000)], TARGETS[0])
    assert told[0] == (
        "cortex-m0plus, instructions per inference: at the accuracy of separable networks of 8 bits (88.0 %),"
        " separable networks of 8 bits take, by estimate, 1.50 times as many as 1 bit or mixed: fewer bits"
        " are ahead."
    )
    # Its flash and RAM are without the application and the stack of the others, so these are not compared.
    assert len(told) == 1
    assert sentences([point(EIGHT, 0.9, 100_000), point(plain, 0.88, 150_000)], TARGETS[0]) == []


def test_a_separable_network_is_never_recommended() -> None:
    plain = point(Point("separable", 32, 1, 0, False, False), 0.99, 10)
    assert recommended([plain, point(ONE, 0.8, 100_000)], TARGETS[0]) == point(ONE, 0.8, 100_000)
    assert recommended([plain], TARGETS[0]) is None
    told = sentences_of(exploration([plain]))[-1]
    assert "budget" not in told and told.endswith("no kernels here. Add another --kind, such as --kind 1.")
    over = {**point(ONE, 0.9, 100_000), "over": "too much"}
    assert sentences_of(exploration([plain, over]))[-1].endswith("no other model is within the budget.")


def test_nothing_is_compared_without_the_other_kind() -> None:
    assert sentences([point(ONE, 0.9, 100_000)], TARGETS[0]) == []
    assert sentences([point(EIGHT, 0.9, 100_000)], TARGETS[0]) == []


def test_a_model_that_is_hardly_less_accurate_and_cheaper_is_recommended() -> None:
    dear = point(Point("1 bit", 64, 3, 0, True, True), 0.902, 500_000)
    cheap = point(ONE, 0.899, 100_000)
    assert recommended([dear, cheap], TARGETS[0]) == cheap
    assert recommended([dear, point(ONE, 0.89, 100_000)], TARGETS[0]) == dear


def test_a_model_over_the_budget_is_never_recommended() -> None:
    over = {**point(ONE, 0.95, 100_000), "over": "too much"}
    within = point(EIGHT, 0.8, 200_000)
    assert recommended([over, within], TARGETS[0]) == within
    assert recommended([over], TARGETS[0]) is None
    assert sentences_of(exploration([over]))[-1] == "No model is within the budget: nothing is recommended."


def test_every_model_is_in_the_chart_at_its_place() -> None:
    models = [
        Placed("a", "1 bit", 0.8, 100),
        Placed("b", "mixed", 0.9, 1000),
        Placed("c", "8 bits", 1.0, 10_000),
        Placed("d", "separable", 0.8, 10_000, estimated=True),
    ]
    lines = scatter(models, "instructions", 60)
    assert all(len(line) <= 60 for line in lines)
    found = {
        sign: (row, line.index(sign, 9))
        for row, line in enumerate(lines[:14])
        for sign in "1m8s"
        if sign in line[9:]
    }
    assert found["8"] == (0, 58) and found["1"] == (13, 9) and found["s"] == (13, 58)
    assert found["m"][1] == pytest.approx((9 + 58) / 2, abs=1)
    legend = " ".join(line.strip() for line in lines[-2:])
    assert legend == "1 = 1 bit, m = mixed, 8 = 8 bits, s = 8 bits, separable (estimated)"


def test_a_chart_of_a_single_model() -> None:
    assert any("1" in line[9:] for line in scatter([Placed("a", "1 bit", 0.8, 100)], "bytes", 60)[:14])


def test_the_result_is_of_its_schema(conforms: Callable[[str, object], None]) -> None:
    conforms("explore", exploration())


def test_what_is_printed_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    result = exploration()
    print_exploration(result)
    shown = capsys.readouterr().out
    for one in result["points"]:
        assert one["name"] in shown
    assert "Recommended: 8-bits-64-c3, " in shown and "estimated" in shown


def test_the_recommended_recipe_is_whole() -> None:
    """Without one of its keys it would be another model than the one that was measured."""
    result = exploration()
    point = next(one for one in result["points"] if one["name"] == result["recommended"])
    keys = sentences_of(result)[-1].split("in [model], ")[1].removesuffix(".")
    read = tomllib.loads(re.sub(r", (?=[a-z_]+ = )", "\n", keys))
    assert read == point["model"] and f'preset = "{point["preset"]}"' in sentences_of(result)[-1]


def test_a_picture_shows_every_trained_model() -> None:
    result = exploration()
    pictures = draw_exploration(result)
    assert [*pictures] == list(TARGETS)
    trained = {one["name"] for one in result["points"] if one["top1"] is not None}
    for target, picture in pictures.items():
        drawn = ElementTree.fromstring(picture)
        titles = [title.text or "" for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
        assert sorted(title.split(":")[0] for title in titles) == sorted(trained)
        assert f"on {target}" in drawn.attrib["aria-label"]


def test_no_picture_without_a_trained_model() -> None:
    assert draw_exploration(exploration([point(ONE, None, 1)])) == {}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(width: int, browser: None, tmp_path: Path) -> None:
    result = exploration()
    (tmp_path / "explore.html").write_text(
        render_exploration(json.loads(json.dumps(result))), encoding="utf-8"
    )
    with Browser(tmp_path / "profile") as page:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        page.ask("Emulation.setDeviceMetricsOverride", **size)
        page.open((tmp_path / "explore.html").as_uri())
        assert page.run("document.documentElement.scrollWidth") <= width
        charts = "[...document.querySelectorAll('.charts svg')]"
        assert page.run(f"{charts}.every(part => part.getBoundingClientRect().right <= innerWidth)")
        assert page.run(f"{charts}.length") == 3 * len(TARGETS)
        trained = sum(one["top1"] is not None for one in result["points"])
        assert page.run("document.querySelectorAll('circle').length") == 3 * len(TARGETS) * trained
        assert page.complaints == []


def kept_results() -> list[Path]:
    return sorted((resource("docs") / "pictures").glob("explore-*.json"))


@pytest.mark.parametrize("kept", kept_results(), ids=lambda file: file.stem)
def test_the_pictures_and_figures_in_the_docs_are_those_of_the_kept_result(
    kept: Path, conforms: Callable[[str, object], None]
) -> None:
    result = json.loads(kept.read_text(encoding="utf-8"))
    conforms("explore", result)
    drawn = {f"{kept.stem}-{target}.svg": picture for target, picture in draw_exploration(result).items()}
    shown = [file for file in kept.parent.glob("explore-*.svg") if file.name in drawn]
    assert len(shown) >= 2
    results = (resource("docs") / "results.md").read_text(encoding="utf-8")
    for file in shown:
        assert file.read_text(encoding="utf-8") == drawn[file.name]
        assert f"(pictures/{file.name})" in results
    rows = results.splitlines()
    for one in result["points"]:
        costs = " | ".join(f"{cost['instructions']:,}" for cost in one["costs"])
        found = [row for row in rows if row.startswith(f"| {one['name']} |") and costs in row]
        assert any(f"{100 * one['top1']:.2f} %" in row for row in found), one["name"]


def test_each_picture_in_the_docs_has_its_kept_result() -> None:
    pictures = (resource("docs") / "pictures").glob("explore-*.svg")
    assert [
        file.name for file in pictures if not any(file.name.startswith(one.stem) for one in kept_results())
    ] == []
