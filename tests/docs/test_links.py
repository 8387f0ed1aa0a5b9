"""Every link of every page leads somewhere."""

from pathlib import Path

import pytest

from tests.docs.links import FILES, Link, anchors, fault, links
from tests.docs.pages import name_of


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert [found for link in links(path) if (found := fault(link, path)) is not None] == []


def test_links_are_found_outside_of_code_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '[a](b.md#c) and ![d](e.svg "f")\n\n```text\n[no](no.md)\n```\n\n`[no](no.md)`, <https://g.example.com>\n'
        "\n[h]: i.md\n\n    [no](no.md)\n\n<img src='j.png'>\n",
        encoding="utf-8",
    )
    assert links(page) == [
        Link("b.md#c", 1),
        Link("e.svg", 1),
        Link("https://g.example.com", 7),
        Link("i.md", 9),
        Link("j.png", 13),
    ]


def test_anchors_are_those_of_code_hosts(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One, `two_three`: [four](x.md)\n## A\n## A\n```sh\n# not this\n```\n<a id='own'></a>\n",
        encoding="utf-8",
    )
    assert anchors(page) == {"one-two_three-four", "a", "a-1", "own"}


@pytest.mark.parametrize(
    ("target", "sound"),
    [
        ("https://example.com/a#b", True),
        ("mailto:a@example.com", True),
        ("http://example.com", False),
        ("https://nowhere", False),
        ("ftp://example.com", False),
        ("README.md", True),
        ("README.md#the-language", True),
        ("docs", True),
        ("examples/sms#the-pipeline-that-sends", True),
        ("README.md#no-such-heading", False),
        ("no-such-file.md", False),
        ("../outside.md", False),
    ],
)
def test_what_is_wrong_with_a_link(target: str, sound: bool) -> None:  # noqa: FBT001
    assert (fault(Link(target, 1), FILES[0].parent / "README.md") is None) is sound
