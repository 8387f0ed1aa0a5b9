"""The paths that a template says it reads."""

from typing import Any

import pytest
from hypothesis import given

import aktmpl
from aktmpl.node import Node
from aktmpl.nodes import (
    Computed,
    Template,
    Typed,
)
from aktmpl.references import references
from aktmpl.source import Source, Span
from tests.aktmpl import strategies


def read(template: Any) -> list[str]:
    """Paths, with `…` after one that goes on by a computed segment and `?` after one that may be missing."""
    return [
        f"{path}{'' if path.whole else '…'}{'?' if path.may_be_missing else ''}"
        for path in template.references()
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", []),
        ("$in.a ${in.b.%0} ${in.%-1}", ["in.a", "in.b.%0", "in.%-1"]),
        ("${in.a ?? in.b ?? in.c}", ["in.a?", "in.b?", "in.c"]),
        ("${in.a | default(in.b)}", ["in.a?", "in.b"]),
        ("${in.a is defined ? in.a : 'none'}", ["in.a?", "in.a"]),
        ("${in.a?.b} ${in?.a.b}", ["in.a.b?", "in.a.b"]),
        ("${in.a[in.key].c}", ["in.a…", "in.key"]),
        ("${upper(in.x) ?? 1}", ["in.x?"]),
        ("${'text $in.a'}", ["in.a"]),
        ("${in.'odd key'}", ["in.odd key"]),
    ],
)
def test_of_a_text(text: str, expected: list[str]) -> None:
    assert read(aktmpl.compile_text(text)) == expected


def test_of_a_document() -> None:
    document = {
        "$in.key": "$in.a",
        "$?b": ["$in.b"],
        "$$in.list[c]": [{"d": "[$]d $index $in.e", "$$item.more[f]": ["[$]g"]}],
        "$?$$in.maybe[h]": ["[$]"],
    }
    template = aktmpl.compile_document(document)
    assert read(template) == ["in.key", "in.a", "in.b?", "in.list", "in.e", "in.maybe?"]
    assert [path.source.pointer for path in template.references()] == [
        "/$in.key", "/$in.key", "/$?b/0", "/$$in.list[c]", "/$$in.list[c]/0/d", "/$?$$in.maybe[h]",
    ]  # fmt: skip


def test_a_reference_knows_its_place_and_specialising_leaves_the_others() -> None:
    template = aktmpl.compile_text("Hi $profile.name, $in.x")
    assert [template.source.text[path.span.start : path.span.end] for path in template.references()] == [
        "$profile.name",
        "$in.x",
    ]
    assert read(template.specialize({"profile": {"name": "Ann"}})) == ["in.x"]


@given(strategies.expressions, strategies.scopes)
def test_only_paths_that_are_listed_are_read(expression: Any, scope: dict[str, Any]) -> None:
    nodes = Template(Span(0, 0), (Typed(Span(0, 0), expression),), Source(""))
    listed = {path.root for path in references(nodes)}
    watched = Watched(scope)
    try:
        aktmpl.interpret(nodes, watched)
    except aktmpl.TemplateError as fault:
        assert fault.code != "E304" or not listed <= scope.keys()
    assert watched.read <= listed
    assert has_computed(nodes) or all(path.whole for path in references(nodes))


def has_computed(node: Node) -> bool:
    return isinstance(node, Computed) or any(map(has_computed, node.children()))


class Watched(dict[str, Any]):
    """A scope that remembers which roots were read."""

    def __init__(self, scope: dict[str, Any]) -> None:
        super().__init__(scope)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)
