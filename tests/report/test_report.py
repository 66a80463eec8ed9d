"""The page of a result: its content, and that a browser shows it without errors or network."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from math import prod
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.kernels import command as kernels_command
from sensor_bnn.cli.report import command
from sensor_bnn.errors import DataError, FileError
from sensor_bnn.files import write_file
from sensor_bnn.report.baselines import compare_products, product_shapes
from sensor_bnn.report.evaluation_page import render_evaluation
from sensor_bnn.report.page import compared, render
from sensor_bnn.report.picture import picture
from sensor_bnn.report.view import view_of

from .browser import Browser
from .conftest import BOARD, evaluation

Make = Callable[..., dict[str, Any]]


class Well(HTMLParser):
    """Checks that every element is closed in order."""

    VOID = ("meta", "link", "br", "rect", "line", "circle")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def looked_at(page: str) -> Well:
    found = Well(page)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    for link in found.links:
        assert link == "data:," or (link.startswith("#") and link[1:] in found.ids), link
    return found


def test_a_page_of_a_bench(bench_result: Make) -> None:
    page = render(bench_result())
    looked_at(page)
    assert "76,000" in page and "/layer2" in page
    assert "exact count of <strong>instructions</strong>" in page
    assert "Memory over time" not in page


def test_a_page_of_hardware_speaks_of_ticks(bench_result: Make) -> None:
    result = bench_result(emulated=False, microseconds=4864.0, instructions=None, profile_instructions=None)
    for layer in result["layers"]:
        layer["instructions"] = layer["instructions_per_mac"] = None
    for form in ("html", "markdown"):
        page = render(result, form)
        assert "121,600" in page and "4,864" in page
        assert "exact" not in page.rpartition("</style>")[2]


def test_a_page_of_a_profile_has_everything(shipped: dict[str, Any]) -> None:
    page = render(shipped)
    found = looked_at(page)
    sections = ["accuracy", "layers", "arena", "maps", "kernels", "pipeline", "model", "environment"]
    assert [name for name in found.ids if name in sections] == sections
    assert len(page.encode()) < 3_000_000
    for layer in shipped["layers"]:
        assert page.count(layer["name"]) >= 2
    for value in shipped["environment"].values():
        assert value in page


EDGES = "part => (({left, top, right, bottom}) => [left, top, right, bottom])(part.getBoundingClientRect())"
"""JavaScript: from an element to its edges in the window."""

KERNELS = [
    {
        **{"kernel": kernel, "target": "cortex-m7", "m": 64, "n": 192, "k": 192, "output": "packed"},
        **{"macs": 2_359_296, "instructions": count, "instr_per_mac": count / 2_359_296},
        **{"cycles_estimate": None, "exact": True},
    }
    for kernel, count in (("float", 9_000_000), ("lookup", 250_000), ("int8", 4_000_000))
]


WAITS = {
    **{"cycles": 4503, "code_waits": 45, "data_waits": 901, "at_least": True},
    **{"model": "5 cycles of wait", "source": "a manual, p. 3", "assumes": "an empty bus"},
    "layers": [
        {
            **{"name": "/one", "cycles": 500, "code_waits": 45, "data_waits": 901},
            **{"code_reads": 9, "data_reads": 180, "bound_by_memory": True},
        }
    ],
    "weights_in_ram": {
        **{"weights_bytes": 3000, "free_bytes": 50_000, "fit": True},
        **{"cycles_saved": 901, "recommended": True},
    },
}
CURRENT = {"microamps_per_mhz": 238, "volts": 3.3, "source": "ST, p. 1"}


def estimated(result: dict[str, Any]) -> dict[str, Any]:
    """The result with an estimate of cycles, as `profile --estimate` adds it."""
    code = [{"address": 0x8000 + 2 * i, "text": f"ldr r{i}, [r0, #{i}] <&>"} for i in range(3)]
    name = "watch_tiny_dense_6_1_1_20_5_n64_b20_float32_float32_int8_float32_float32"  # as TVM names them
    block = {"function": name, "address": 0x8000, "runs": 700, "cycles_a_run": 2.5, "cycles": 1750}
    layers = [
        {"name": layer["name"], "instructions": 1000, "cycles": 1500 + i}
        for i, layer in enumerate(result["layers"])
    ]
    return {
        **result,
        "cycles_estimate": {
            **{"model": "llvm-mca 19.1.7, cortex-m7", "memory": "no wait states, no cache misses"},
            **{"cycles": sum(layer["cycles"] for layer in layers), "instructions": 1000 * len(layers)},
            "layers": layers,
            "boards": [
                {
                    **{"board": board, "clock_hz": clock, "milliseconds": 4503000 / clock},
                    **{"microjoules": energy, "power": power, "memory": WAITS if board == "disco" else None},
                }
                for board, clock, energy, power in (
                    (
                        "disco",
                        168_000_000,
                        3.537,
                        {"microamps_per_mhz": 238, "volts": 3.3, "source": "ST, p. 1"},
                    ),
                    ("nucleo", 180_000_000, None, None),
                )
            ],
            "functions": [{"name": name, "instructions": 1400, "cycles": 2001}],
            "hottest": [{**block, "share": 0.58, "code": code}],
        },
    }


def test_estimated_cycles_are_called_so(bench_result: Make) -> None:
    result = estimated(bench_result())
    page = render(result)
    looked_at(page)
    assert "An <strong>estimate</strong> of 4,503 cycles" in page and "llvm-mca 19.1.7, cortex-m7" in page
    assert "00008002  ldr r1, [r0, #1] &lt;&amp;&gt;" in page
    for made in (page, render(result, "markdown")):
        assert "238 µA/MHz at 3.3 V: ST, p. 1" in made and "estimated µJ" in made and "0.027" in made
        assert "at least 0.027" in made and "1.0%" in made and "not known" in made
        assert (
            "disco: layers bound by memory: /one; a copy of the weights in RAM (3,000 bytes) saves 20.0%"
            in made
        )
        assert "5 cycles of wait (a manual, p. 3); assumed: an empty bus" in made
    assert "estimate of 4,503 cycles" in render(result, "markdown")
    del result["cycles_estimate"]["boards"]  # a result of an earlier version
    assert "µJ" not in render(result)
    assert "estimate" not in render(bench_result())


def test_kernels_beside_int8_and_float(bench_result: Make) -> None:
    rows = compared(KERNELS)
    assert [(row["kernel"], round(row["times"], 2)) for row in rows] == [
        ("lookup", 1.0),
        ("int8", 16.0),
        ("float", 36.0),
    ]
    page = render(bench_result(), kernels=KERNELS)
    looked_at(page)
    assert "64 × 192 × 192" in page and "36.00" in page
    assert "| int8 | packed | cortex-m7 | 4,000,000 |" in render(bench_result(), "markdown", kernels=KERNELS)


def rows_for(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of int8 and float32 at every shape of a profile's products: 2 and 5 instructions per MAC."""
    return [
        {
            **{"kernel": kernel, "target": result["target"], "m": m, "n": n, "k": k, "output": output},
            **{"macs": m * n * k, "instructions": each * m * n * k, "instr_per_mac": each},
            **{"cycles_estimate": 3 * m * n * k, "exact": True},
        }
        for m, n, k in product_shapes(result)
        for kernel, output, each in (("int8_smlad", "packed", 2), ("tvm_float32", "float", 5))
    ]


def test_every_product_of_a_model_beside_int8_and_float32(shipped: dict[str, Any]) -> None:
    products = [layer for layer in shipped["layers"] if layer["product"]]
    macs = sum(layer["macs"] for layer in products)
    assert macs == sum(layer["macs"] for layer in shipped["layers"]), "every product tells its shape"
    for layer in products:
        assert layer["macs"] == prod(layer["product"].values())
    found = compare_products(shipped, rows_for(shipped))
    assert found is not None and found.kernels == ("int8_smlad", "tvm_float32")
    assert (found.int8, found.float32) == (2 * macs, 5 * macs)
    assert found.own == sum(layer["count"]["median"] for layer in products)
    assert found.whole == shipped["inference"]["median"]
    page = render(shipped, kernels=rows_for(shipped))
    looked_at(page)
    assert f"{2 * macs:,}" in page and "which were not measured here" in page
    assert f"| {found.own:,} | {2 * macs:,} | {5 * macs:,} |" in render(
        shipped, "markdown", kernels=rows_for(shipped)
    )


def test_a_product_that_was_not_measured_is_no_part_of_the_sum(shipped: dict[str, Any]) -> None:
    rows = [row for row in rows_for(shipped) if row["kernel"] != "tvm_float32" or row["k"] != 64]
    found = compare_products(shipped, rows)
    assert found is not None
    assert 0 < len(found.complete) < len(found.rows)
    assert found.int8 * 5 == found.float32 * 2
    assert "not measured" in render(shipped, kernels=rows)
    other = [{**row, "target": "cortex-m4"} for row in rows]
    assert compare_products(shipped, other) is None, "another core's counts say nothing"
    assert "The same products" not in render(shipped, kernels=other)


def test_kernels_refuses_a_result_without_shapes(bench_result: Make, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench_result()))
    done = CliRunner().invoke(kernels_command, ["--layers-of", str(file)])
    assert isinstance(done.exception, DataError) and "shapes" in str(done.exception)
    assert CliRunner().invoke(kernels_command, ["--layers-of", str(file), "--shape", "1x1x1"]).exit_code == 2


def test_the_ladder_begins_with_the_teacher(bench_result: Make) -> None:
    page = render(bench_result(), earlier=[("teacher", 0.91, 2000)])
    assert page.index("teacher") < page.index("on the board</span>") and "91.00% of 2,000" in page


def test_a_picture(bench_result: Make, shipped: dict[str, Any]) -> None:
    small = picture(bench_result(), [("teacher", 0.91, 2000)])
    large = picture(shipped)
    for content in (small, large):
        assert content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) < 3_000_000
    # Every PNG has its size there.
    width, height = struct.unpack(">II", large[16:24])
    assert width > 1000 and height > struct.unpack(">II", small[16:24])[1], "a row a layer"
    assert picture(shipped) == large


@pytest.mark.usefixtures("long_run")
def test_the_command_with_kernels_and_a_teacher(bench_result: Make, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("result", "kernels", "teacher")}
    files["result"].write_text(json.dumps(bench_result()))
    files["kernels"].write_text(json.dumps({"schema": "sensor-bnn/kernels/1", "rows": KERNELS}))
    rung = evaluation(top1=0.9, samples=50)
    files["teacher"].write_text(json.dumps(rung))
    line = [str(files["result"]), "--kernels", str(files["kernels"]), "--rung", f"teacher={files['teacher']}"]
    done = CliRunner().invoke(command, [*line, "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text()
    assert "90.00% of 50 samples" in page and "lookup" in page
    done = CliRunner().invoke(command, [*line, "-o", str(tmp_path / "page.png")])
    assert done.exit_code == 0 and (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    for broken in (["--kernels", str(files["result"])], ["--rung", f"teacher={files['kernels']}"]):
        found = CliRunner().invoke(command, [str(files["result"]), *broken])
        assert isinstance(found.exception, DataError)
    assert CliRunner().invoke(command, [str(files["result"]), "--rung", "teacher"]).exit_code == 2


def test_nothing_in_a_result_becomes_markup(bench_result: Make) -> None:
    result = bench_result(model='<script>alert(1)</script>"|*')
    result["layers"][0]["name"] = "<img src=x onerror=alert(1)>"
    page = render(result)
    looked_at(page)
    assert "<img" not in page and "<script>alert" not in page
    markdown = render(result, "markdown")
    assert "<script>" not in markdown and "\\<script\\>" in markdown
    rows = [line for line in markdown.splitlines() if "img src" in line]
    assert rows and rows[0].replace("\\|", "").count("|") == 7


def test_a_result_full_of_zeros(bench_result: Make) -> None:
    zeros = {
        "instructions": 0,
        "profile_instructions": 0,
        "arena_bytes": 0,
        "flash_bytes": 0,
        "weights_bytes": 5,
    }
    zeros |= {"stack_reserved_bytes": 0, "static_ram_bytes": 0, "top1_host": None, "bit_exact": None}
    result = bench_result(**zeros)
    for layer in result["layers"]:
        layer["instructions"] = 0
    looked_at(render(result))
    assert "not compared" in render(result, "markdown")


def test_a_model_that_predicts_numbers_has_errors_and_no_accuracy(bench_result: Make) -> None:
    errors = {"name": "speed <b>(m/s)", "rmse": 0.512, "mae": 0.4, "r2": None}
    numbers = [{**errors, "baseline": 2.25}]
    result = bench_result(top1_device=None, top1_host=None, numbers=numbers)
    page, text = render(result), render(result, "markdown")
    looked_at(page)
    assert "<b>0.512</b>RMSE of speed &lt;b&gt;(m/s) on the board" in page and "2.25 of always" in page
    assert "0.512; 2.25 of always saying the mean" in text
    assert "top-1" not in text and 'id="accuracy"' not in page
    assert picture(result).startswith(b"\x89PNG")
    points = [[0.0, 0.5], [2.0, 1.5]]
    targets = [{**errors, "unit": "m/s", "baseline_rmse": 2.25, "points": points}]
    without = dict.fromkeys(("top1", "top5", "top1_device", "top1_host", "agreement", "loss"))
    empty: dict[str, Any] = {"classes": [], "recall": [], "confusion": []}
    evaluated = evaluation(**without, **empty, rmse=0.25, targets=targets)
    page = render_evaluation(evaluated)
    looked_at(page)
    assert page.count('class="point"') == 2 and "speed &lt;b&gt;(m/s): answers (upwards)" in page
    assert "0.250 deviations of what was learned" in page and "onfusion" not in page


def test_layers_are_grouped_by_what_they_do(shipped: dict[str, Any]) -> None:
    view = view_of(shipped)
    assert sum(share for _, _, share in view.groups) == pytest.approx(1, abs=0.02)
    assert {group for group, _, _ in view.groups} <= {
        "binary products",
        "packing and maps",
        "8-bit and float arithmetic",
        "moving data",
    }
    groups = {layer.name: layer.group for layer in view.layers}
    assert groups["/layers.0/product"] == groups["/layers.2/output"] == "binary products"
    assert groups["/stem/tokens"] == groups["/layers.0/pack"] == "packing and maps"
    assert groups["/stem/product"] == groups["/head/linear"] == "8-bit and float arithmetic"
    assert groups["/head/features"] == "moving data"
    assert max(view.alive(layer.index) for layer in view.layers) <= shipped["arena_bytes"]


@pytest.mark.parametrize(
    ("arguments", "written", "starts"),
    [
        ([], "result.html", "<!DOCTYPE html>"),
        (["-o", "deep/page.html"], "deep/page.html", "<!DOCTYPE html>"),
        (["--format", "markdown"], "result.md", "# stand-in on toy"),
        (["-o", "page.md"], "page.md", "# stand-in on toy"),
    ],
)
def test_the_command(
    bench_result: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    written: str,
    starts: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("result.json").write_text(json.dumps(bench_result()))
    done = CliRunner().invoke(command, ["result.json", *arguments])
    assert (done.exit_code, done.stdout) == (0, f"page {written}\n")
    assert Path(written).read_text().startswith(starts)
    assert not list(tmp_path.rglob(".*"))


def test_the_command_tells_what_it_wrote(
    bench_result: Make, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench_result()))
    told = json.loads(CliRunner().invoke(command, [str(file), "--json"]).stdout)
    conforms("report", told)
    assert told["bytes"] == Path(told["page"]).stat().st_size


def test_the_command_refuses(bench_result: Make, tmp_path: Path) -> None:
    file = tmp_path / "result.html"
    file.write_text(json.dumps(bench_result()))
    assert CliRunner().invoke(command, [str(file)]).exit_code == 2
    file.write_text("{}")
    done = CliRunner().invoke(command, [str(file), "-o", str(tmp_path / "page.html")])
    assert isinstance(done.exception, DataError)
    assert not (tmp_path / "page.html").exists()
    (tmp_path / "folder").mkdir()
    file.write_text(json.dumps(bench_result()))
    for place, form in (("folder", "html"), ("result.html/below.html", "html"), ("/dev/full", "png")):
        done = CliRunner().invoke(
            command, [str(file), "-o", str(tmp_path / place), "--format", form], catch_exceptions=True
        )
        if place == "folder":
            assert done.exit_code == 2
        else:
            assert isinstance(done.exception, FileError)
            assert "cannot be written" in str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "result.html"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def page(shipped: dict[str, Any], browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The shipped model's page, opened; no action of a test there may cause an error."""
    file = tmp_path / "page.html"
    rows = [*KERNELS, *rows_for(shipped)]
    file.write_text(
        render(estimated(shipped), kernels=rows, earlier=[("teacher", 0.91, 2000)]), encoding="utf-8"
    )
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(file.as_uri())
    yield browser
    assert browser.complaints == []
    assert [address for address in browser.requests if not address.startswith("data:")] == [file.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it(page: Browser, scheme: str, width: int, tmp_path: Path) -> None:
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    assert page.run("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    answer = page.run(f"[...document.querySelectorAll('#answer li')].map({EDGES})")
    assert len(answer) == 5 and all(bottom <= 900 for *_, bottom in answer), "on the first screen"
    shown = page.run(
        "[...document.querySelectorAll('svg text, .row, .row span, .stack, .legend, .plot, .tenant rect')]"
        f".filter(part => part.checkVisibility()).map({EDGES})"
    )
    assert all(0 <= left <= right <= width for left, _, right, _ in shown), "nothing is cut"
    assert max(right - left for left, _, right, _ in shown) > 0.8 * width, "charts use the page's width"
    heights = page.run(
        "[...document.querySelectorAll('svg text')].filter(part => part.checkVisibility())"
        ".map(t => t.getBoundingClientRect().height)"
    )
    assert min(heights) >= 12, "charts can be read"
    cut = "part => part.scrollWidth > part.clientWidth && part.clientWidth > 0"
    assert page.run(f"[...document.querySelectorAll('.row span, .cards li')].some({cut})") is False
    labels = page.run(
        "[...document.querySelectorAll('.tenant')].filter(g => g.querySelector('text')?.checkVisibility())"
        ".map(g => [...g.children].slice(1).map(part => part.getBoundingClientRect().right))"
    )
    assert labels and all(text <= box for box, text in labels), "a name fits its rectangle"
    page.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    if width == 1280:
        tables = "[...document.querySelectorAll('#layers .scroll, #kernels .scroll')]"
        assert page.run(f"{tables}.every(part => part.scrollWidth <= part.clientWidth)"), "seen whole"
    paper, ink = page.run(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert (luminance(paper) < luminance(ink)) == (scheme == "dark")
    # What WCAG 2 asks for at its highest level.
    assert contrast(paper, ink) >= 7
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


@pytest.mark.parametrize("changes", [{}, BOARD])
def test_a_browser_shows_an_evaluation(changes: dict[str, Any], browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write_file(file, render_evaluation(evaluation(**changes)))
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(file.as_uri())
    browser.ask(
        "Emulation.setDeviceMetricsOverride", width=400, height=900, deviceScaleFactor=1, mobile=False
    )
    assert browser.run("document.documentElement.scrollWidth") <= 400, "nothing sticks out"
    backgrounds = browser.run(
        "[...document.querySelectorAll('#confusion td')].map(c => getComputedStyle(c).backgroundColor)"
    )
    assert len(backgrounds) == 9
    assert backgrounds[0] != backgrounds[1], "a cell's colour tells its share of the row"
    browser.run("document.getElementById('theme').click()")
    assert browser.complaints == []
    assert [address for address in browser.requests if not address.startswith("data:")] == [file.as_uri()]


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    # sRGB's curve, and the weights and the contrast as WCAG 2 defines them.
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_keyboard_reaches_everything(page: Browser, shipped: dict[str, Any]) -> None:
    page.ask("Page.bringToFront")
    page.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    reached = []
    for _ in range(500):
        page.press("Tab", 9)
        what = page.run(
            "(e => e === document.body ? null : e.id || e.dataset.sort || e.dataset.layer"
            " || e.className.baseVal || e.className || e.getAttribute('href')"
            " || e.tagName)(document.activeElement)"
        )
        if what is None:
            break
        reached.append(what)
    assert reached[0] == "skip"
    assert {"theme", "order", "cost", "#layers", "tenant", "scroll", "SUMMARY", "code"} <= set(reached)
    assert [name for name in reached if name.isdigit()] == [str(i) for i in range(len(shipped["layers"]))]


def test_sorting_by_cost_and_the_theme(page: Browser, shipped: dict[str, Any]) -> None:
    page.run("document.querySelector('[data-sort=cost]').focus()")
    page.press("Enter", 13)
    order = page.run("[...document.querySelectorAll('.bar')].map(bar => +bar.dataset.layer)")
    costs = [shipped["layers"][index]["count"]["median"] for index in order]
    assert costs == sorted(costs, reverse=True) and len(set(order)) == len(shipped["layers"])
    assert page.run("document.querySelector('[data-sort=cost]').getAttribute('aria-pressed')") == "true"
    before = page.run("getComputedStyle(document.body).backgroundColor")
    page.run("document.getElementById('theme').click()")
    assert page.run("getComputedStyle(document.body).backgroundColor") != before
    page.run("document.getElementById('theme').click()")
    assert page.run("getComputedStyle(document.body).backgroundColor") == before


def test_what_is_folded_opens_for_a_link_and_on_paper(page: Browser) -> None:
    row = "document.getElementById('layer-3')"
    assert page.run(f"{row}.checkVisibility()") is False
    page.run("document.querySelector('.bar[data-layer=\"3\"]').click()")
    page.run("new Promise(done => setTimeout(done))")
    assert page.run(f"{row}.checkVisibility()") is True
    folded = "document.querySelectorAll('details:not([open])').length"
    before = page.run(folded)
    assert before > 2
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run(folded) == 0
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run(folded) == before


def test_paper_is_light_without_buttons(page: Browser) -> None:
    page.run("document.documentElement.dataset.theme = 'dark'")
    page.ask("Emulation.setEmulatedMedia", media="print")
    paper, button = page.run(
        "[getComputedStyle(document.body).backgroundColor,"
        " document.getElementById('theme').checkVisibility()]"
    )
    page.ask("Emulation.setEmulatedMedia", media="screen")
    assert (paper, button) == ("rgb(255, 255, 255)", False)


def test_each_colour_of_the_page_has_one_meaning(page: Browser) -> None:
    """Kinds of work, parts of RAM, parts of flash and right answers share no colour."""
    kinds = {
        "work": ".layers .rail i, #layers .legend i:not(.hollow)",
        "ram": "#maps figure:nth-of-type(1) .stack i",
        "flash": "#maps figure:nth-of-type(2) .stack i",
        "right": "#accuracy i",
    }
    for scheme in ("light", "dark"):
        page.run(f"document.documentElement.dataset.theme = '{scheme}'")
        found = {
            kind: set(
                page.run(
                    f"[...document.querySelectorAll('{where}')].map(i => getComputedStyle(i).backgroundColor)"
                )
            )
            for kind, where in kinds.items()
        }
        assert all(found.values())
        assert len(set().union(*found.values())) == sum(map(len, found.values()))
        tenants = page.run("getComputedStyle(document.querySelector('.tenant rect')).fill")
        assert tenants in found["ram"], "the map has the colour of the arena"


def test_energy_that_was_measured_is_on_the_first_screen(
    bench_result: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new.json").write_text(json.dumps(bench_result()))
    for page, told in (("p.html", "<b>12.5 µJ</b>per inference, measured"), ("p.md", "measured | 12.5 µJ |")):
        assert CliRunner().invoke(command, ["new.json", "--energy", "12.5", "-o", page]).exit_code == 0
        assert told in Path(page).read_text()
        assert CliRunner().invoke(command, ["new.json", "-o", page]).exit_code == 0
        assert "µJ" not in Path(page).read_text()
    for wrong in (["--energy", "0"], ["--energy", "inf"], ["--energy", "1", "-o", "p.png"]):
        assert CliRunner().invoke(command, ["new.json", *wrong]).exit_code == 2


def test_two_results_side_by_side(
    bench_result: Make, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = bench_result(flash_bytes=10_000, instructions=95_000)
    base["layers"][1]["instructions"] *= 2
    Path("base.json").write_text(json.dumps(base))
    Path("new.json").write_text(json.dumps(bench_result(flash_bytes=9_000)))
    done = CliRunner().invoke(command, ["new.json", "base.json", "-o", "both.html"])
    assert done.exit_code == 0, done.output
    text = Path("both.html").read_text()
    looked_at(text)
    assert "before: 95,000 (-20.00%)" in text and "before: 10,000 (-10.00%)" in text
    browser.ask(
        "Emulation.setDeviceMetricsOverride", width=390, height=900, deviceScaleFactor=1, mobile=False
    )
    browser.complaints.clear()
    browser.open((tmp_path / "both.html").as_uri())
    assert browser.run("document.documentElement.scrollWidth") <= 390
    assert browser.run("(t => t.scrollWidth <= t.clientWidth)(document.querySelector('#beside .scroll'))")
    now, before = browser.run(
        "[...document.querySelectorAll('.bar[data-layer=\"1\"] i')].map(i => i.getBoundingClientRect().width)"
    )
    assert before == pytest.approx(2 * now, rel=0.05)
    assert browser.complaints == []
    done = CliRunner().invoke(command, ["new.json", "base.json", "-o", "both.md"])
    assert done.exit_code == 0 and "| flash bytes | 10,000 | 9,000 | -10.00% |" in Path("both.md").read_text()


def test_a_second_result_is_refused_where_it_has_no_place(bench_result: Make, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.json" for name in ("result", "other", "evaluation")]
    contents = (bench_result(), bench_result(board="other"), evaluation())
    for file, content in zip(files, contents, strict=True):
        file.write_text(json.dumps(content))
    result, other, judged = map(str, files)
    page = ["-o", str(tmp_path / "page.html")]
    done = CliRunner().invoke(command, [result, other, *page])
    assert isinstance(done.exception, DataError) and "differ in board" in str(done.exception)
    for arguments, told in (
        ([result, result, "-o", str(tmp_path / "page.png")], "BEFORE has no place in a PNG"),
        ([judged, result, *page], "this is an evaluation"),
        ([result, other, "-o", other], "overwrite BEFORE"),
    ):
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 2 and told in done.output
    assert not (tmp_path / "page.html").exists()


def test_a_layer_in_focus_shows_its_moment_in_memory(page: Browser) -> None:
    page.run("document.querySelector('.bar[data-layer=\"3\"]').focus()")
    assert page.run("[...document.querySelectorAll('.now.on')].map(now => now.dataset.now)") == ["3"]
    page.run("document.activeElement.blur()")
    assert page.run("document.querySelectorAll('.now.on').length") == 0
