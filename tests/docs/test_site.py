"""The HTML documentation: built without a network, every link has a target, nothing is fetched."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = (
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
