"""Mermaid: every line is one of the forms that are used, and everything is there."""

import re

from hypothesis import given, settings

from akrun.model.channel import Channel
from akrun.picture import Mark, Overlay
from akrun.picture.diagram import diagrams_of
from akrun.picture.mermaid import mermaid
from tests.akrun.picture.channels import BRANCHES, channels

TEXT = r'"(?:[^"#;<>\n]|#\d+;|<br/>)*"'
NODE = rf"(\w+)(?:\(\[{TEXT}\]\)|\(\({TEXT}\)\)|>{TEXT}\]|\[\({TEXT}\)\]|\{{\{{{TEXT}\}}\}}|\[{TEXT}\]):::\w+"
LINES = {
    "node": re.compile(NODE),
    "way": re.compile(rf"(\w+) -(?:-|\.-)>(?:\|{TEXT}\|)? (\w+)"),
    "subgraph": re.compile(rf"subgraph (\w+)\[{TEXT}\]"),
    "member": re.compile(r"g\d+_b\d+"),
    "end": re.compile(r"end"),
    "other": re.compile(
        r"flowchart TB|direction TB|class \w+ \w+|classDef \w+ [#\w:,\- ]+|linkStyle \d+ [\w:#,.]+"
    ),
}


def kinds(text: str) -> list[tuple[str, str]]:
    """(kind, first group) of every line."""
    found = []
    for line in text.splitlines():
        matches = [(kind, match) for kind, form in LINES.items() if (match := form.fullmatch(line.strip()))]
        assert matches, line
        kind, match = matches[0]
        found.append((kind, match[1] if match.re.groups else ""))
    return found


@settings(max_examples=100)
@given(channels)
def test_every_line_has_its_form_and_nothing_lacks(drawn: Channel) -> None:
    (diagram,) = diagrams_of(drawn)
    found = kinds(mermaid([diagram]))
    assert sorted(name for kind, name in found if kind == "node") == sorted(
        f"g0_{n.id}" for n in diagram.nodes
    )
    assert [name for kind, name in found if kind == "way"] == [f"g0_{way.source}" for way in diagram.ways]
    opened = sum(kind == "subgraph" for kind, _ in found)
    assert opened == sum(kind == "end" for kind, _ in found) == 1 + len(diagram.groups)


def test_branches_are_subgraphs_within_subgraphs() -> None:
    text = mermaid(diagrams_of(BRANCHES))
    assert re.search(r"subgraph g0_b1\[.*?\n(?:.*\n)*?\s+g0_b3\n\s+end", text)


def test_marks_are_texts_and_classes() -> None:
    overlay = Overlay("x", frozenset(["message"]), {("message", 2): Mark("taken", "2, 5")}, aside="dim")
    text = mermaid(diagrams_of(BRANCHES), overlay)
    assert "2, 5" in text
    assert re.search(r"g0_p2\[.*:::taken", text)
    assert re.search(r"g0_p9\[.*:::dim", text)
    assert "opacity:0.35" in text
