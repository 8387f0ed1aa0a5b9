"""The documentation as a site: built without warnings, and without anything from elsewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import akrun
import aktmpl
from tests.docs.pages import ROOT

API = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


pytestmark = pytest.mark.xdist_group("site")  # made once, by one process


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **OFFLINE, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stderr
    return folder


class _Loaded(HTMLParser):
    """The addresses of what a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") != "canonical":
            self.addresses.append(given.get("href") or "")
        elif tag in ("script", "img", "iframe", "source"):
            self.addresses.append(given.get("src") or "")


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = _Loaded()
        loaded.feed(text)
        assert [address for address in loaded.addresses if re.match(r"\w+:|//", address)] == [], page
        assert 'class="mermaid"' not in text, "the theme fetches what draws it"
    assert '<svg class="diagram"' in (site / "delivery.html").read_text(encoding="utf-8")
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:|//)", style.read_text(encoding="utf-8")), style


def test_templates_are_coloured_by_the_lexers_of_the_language(site: Path) -> None:
    for page, language in (
        ("language.html", "aktmpl"),
        ("language.html", "aktmpl-query"),
        ("pipes.html", "json"),
    ):
        (block, *_) = re.findall(
            rf'<div class="language-{language} highlight">(.*?)</div>',
            (site / page).read_text(encoding="utf-8"),
            re.DOTALL,
        )
        assert '<span class="' in block


def test_links_to_files_outside_of_the_pages_lead_to_their_copies(site: Path) -> None:
    assert 'href="examples/crm/index.html"' in (site / "channels.html").read_text(encoding="utf-8")
    assert 'href="examples/sms/channel.test.yaml"' in (site / "testing.html").read_text(encoding="utf-8")
    assert (site / "examples" / "sms" / "channel.test.yaml").is_file()
    assert 'href="editors/vscode/index.html"' in (site / "editor.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        f"{package.__name__}.{name}"
        for package in (aktmpl, akrun, akrun.testkit)
        for name in package.__all__
        if name != "testkit"
    ],
)
def test_the_python_api_has_every_public_name(name: str) -> None:
    assert f"\n::: {name}\n" in API


def test_no_entry_of_the_python_api_is_empty(site: Path) -> None:
    text = (site / "python.html").read_text(encoding="utf-8")
    names = re.findall(r"^::: (\S+)$", API, re.MULTILINE)
    assert len(names) == len(set(names)) > 40
    for name in names:
        begin = re.search(
            rf'<h3 id="[\w.]*{re.escape(name.rpartition(".")[2])}" class="doc doc-heading">', text
        )
        assert begin, name
        entry = text[begin.end() :].partition('<h3 id="')[0]
        contents = entry.partition('<div class="doc doc-contents')[2]
        assert re.search(r"<p>\w", contents), f"{name} has no docstring"
