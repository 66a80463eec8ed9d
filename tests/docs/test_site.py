"""The HTML documentation: built without a network, every link has a target, nothing is fetched."""

from __future__ import annotations

import dataclasses
import html
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest
from report.browser import Browser

from sensor_bnn.cli import COMMANDS, root
from sensor_bnn.train.recipe import Augmentation, DataRecipe, Distillation, Schedule

ROOT = Path(__file__).resolve().parents[2]
GUIDES = (
    "first-decision",
    "get-started",
    "own-sensor",
    "boards",
    "operators",
    "protocol",
    "troubleshooting",
    "api",
    "measuring",
)
FETCHED = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src")}


class Page(HTMLParser):
    """The links of a page, what it fetches, and the anchors in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.places: set[str] = {""}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            if tag == "a" and name == "href" and value:
                self.links.append(value)
            if (tag, name) in FETCHED and value and ("rel", "canonical") not in attrs:
                self.fetched.append(value)


@pytest.fixture(scope="module")
def site(long_run: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Nothing listens at port 9, so whatever is fetched fails.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_guide_is_there(site: Path) -> None:
    for guide in GUIDES:
        page = Page(site / f"{guide}.html")
        assert len(page.places) > 3, guide


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {file: Page(file) for file in site.rglob("*.html") if file.name != "404.html"}
    lost = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("http", "https", "mailto"), link
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (
                target in pages and unquote(parts.fragment) not in pages[target].places | {"__tabbed"}
            ):
                lost.append((file.name, link))
    assert lost == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for file in site.rglob("*.html"):
        assert not [link for link in Page(file).fetched if urlsplit(link).netloc], file


def test_the_public_names_are_documented(site: Path) -> None:
    import sensor_bnn

    text = (site / "api.html").read_text(encoding="utf-8")
    for name in sensor_bnn._PLACES:
        assert f".{name}" in text, name


def test_every_page_of_the_folder_is_in_the_navigation(site: Path) -> None:
    home = Page(site / "index.html")
    for source in (ROOT / "docs").glob("*.md"):
        assert any(link.endswith(f"{source.stem}.html") or source.stem == "index" for link in home.links), (
            source
        )


def test_the_generated_pages_in_the_repository_are_as_the_program() -> None:
    """They are links of other pages there; `python docs/hooks/reference.py` writes them."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "hooks" / "reference.py")
    assert spec is not None and spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    for name, page in reference.pages().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page, (
            f"docs/{name} is old: run `python docs/hooks/reference.py`"
        )


def test_every_command_has_its_options_in_the_reference(site: Path) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "commands.html").read_text(encoding="utf-8")))
    context = click.Context(root, info_name="sensor-bnn")
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                assert max(option.opts, key=len) in text, (name, option.opts)
    # A default that click shows, and one that only the option has.
    assert "[default: runs/RECIPE-seedSEED]" in text
    assert "[default: auto]" in text


def test_every_key_of_a_recipe_is_in_the_reference(site: Path) -> None:
    page = (site / "recipe-keys.html").read_text(encoding="utf-8")
    rows = {
        cells[0]: cells[1:]
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
        if (cells := [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", row)])
    }
    for section in (DataRecipe, Augmentation, Schedule, Distillation):
        for key in dataclasses.fields(section):
            assert key.name in rows or key.name == "folder", key.name
    usual = str(Schedule().epochs)
    assert rows["epochs"][:2] == ["whole number, at least 1, at most 1,000,000", usual]
    assert rows["test_share"][:2] == ["number, more than 0, less than 1", "0.25"]
    assert rows["resample"][2].endswith("."), "the meaning of a key that another class has"
    assert "Preparation" not in rows["resample"][2]
    # The page is enough: no meaning refers to the program.
    assert [key for key, cells in rows.items() if not cells[2] or "sensor_bnn" in cells[2]] == []
    assert "<code>edge-impulse</code>" in page, "a value of data.set"


@pytest.fixture(scope="module")
def browser(browser: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(site: Path, browser: Browser, width: int) -> None:
    browser.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    for name in ("index", "architecture", "zoo", "commands", "recipe-keys"):
        browser.open((site / f"{name}.html").as_uri())
        assert browser.run("document.documentElement.scrollWidth") <= width, name
        diagrams = browser.run(
            "[...document.querySelectorAll('.pipeline li')].map(box => box.getBoundingClientRect())"
            ".map(box => [box.left, box.right])"
        )
        assert (len(diagrams) == 6) == (name in ("index", "architecture"))
        assert all(0 <= left < right <= width for left, right in diagrams), name


def test_search_finds_a_page_from_a_file(site: Path, browser: Browser) -> None:
    browser.requests.clear()
    browser.open((site / "index.html").as_uri())
    browser.run(
        "new Promise(done => {"
        " const field = document.querySelector('[data-md-component=search-query]');"
        " const found = () => document.querySelector('.md-search-result__link');"
        " field.focus(); field.value = 'watchdog'; field.dispatchEvent(new Event('keyup'));"
        " new MutationObserver(() => found() && done())"
        "  .observe(document.querySelector('.md-search__output'), {childList: true, subtree: true});"
        " if (found()) done(); })"
    )
    first = browser.run("document.querySelector('.md-search-result__link').href")
    assert urlsplit(first).scheme == "file" and Path(unquote(urlsplit(first).path)).is_file()
    assert {urlsplit(address).scheme for address in browser.requests} <= {"file", "data", "blob"}
