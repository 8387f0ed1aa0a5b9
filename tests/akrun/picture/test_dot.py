"""DOT: what is written is of the language, and has everything in it."""

import re

from hypothesis import given, settings
from lark import Lark, ParseTree

from akrun.model.channel import Channel
from akrun.picture import Mark, Overlay
from akrun.picture.diagram import diagrams_of
from akrun.picture.dot import dot
from tests.akrun.picture.channels import BRANCHES, channels

GRAMMAR = Lark(
    r"""
    start: "digraph" id "{" statement* "}"
    statement: (subgraph | edge | node | assignment | defaults) ";"?
    subgraph: "subgraph" id "{" statement* "}"
    edge: id "->" id attributes?
    node: id attributes?
    assignment: id "=" id
    defaults: ("graph" | "node" | "edge") attributes
    attributes: "[" (id "=" id ","?)* "]"
    id: WORD | QUOTED
    WORD: /[A-Za-z_0-9]+/
    QUOTED: /"(?:[^"\\]|\\.)*"/s
    %ignore /\s+/
    """,
    parser="lalr",
)
"""The part of the language that is used."""


def names(tree: ParseTree, kind: str) -> list[str]:
    """The first name in each part of that kind."""
    return [str(next(found.scan_values(lambda _: True))).strip('"') for found in tree.find_data(kind)]


@settings(max_examples=100)
@given(channels)
def test_it_is_of_the_language_and_whole(drawn: Channel) -> None:
    diagrams = diagrams_of(drawn)
    tree = GRAMMAR.parse(dot(diagrams, "any"))
    (diagram,) = diagrams
    assert sorted(names(tree, "node")) == sorted(f"g0_{node.id}" for node in diagram.nodes)
    assert sorted(names(tree, "edge")) == sorted(f"g0_{way.source}" for way in diagram.ways)
    assert len(names(tree, "subgraph")) == 1 + len(diagram.groups)


def test_branches_are_clusters_within_clusters() -> None:
    text = dot(diagrams_of(BRANCHES))
    outer, inner = text.index('"cluster_g0_1"'), text.index('"cluster_g0_3"')
    assert outer < inner < text.index('"g0_p4" [') < text.index('"g0_p1" [')


def test_marks_are_labels_and_colours() -> None:
    overlay = Overlay("x", frozenset(["message"]), {("message", 2): Mark("failed", "7 failed")}, aside="dim")
    text = dot(diagrams_of(BRANCHES), "b", overlay)
    assert re.search(
        r'"g0_p2" \[label="2 http_request\\nGET https://a.example\\n7 failed".*color="#c62828"', text
    )
    assert re.search(r'"g0_p9" \[.*color="#dbe2e9"', text)
