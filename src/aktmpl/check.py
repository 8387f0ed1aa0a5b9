"""What can be said about a template before there is data: roots, functions and constant patterns exist."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from aktmpl.errors import Fault, TemplateError, error, nearest
from aktmpl.findings import Finding
from aktmpl.functions.check_call import check_call
from aktmpl.interpreter import Functions
from aktmpl.node import Node
from aktmpl.nodes import (
    AnyNodes,
    Call,
    Compare,
    Condition,
    Entry,
    Expansion,
    Literal,
    Reference,
    Template,
)
from aktmpl.source import Source
from aktmpl.syntax_cures import cure_of_word
from aktmpl.values import regex

if TYPE_CHECKING:
    from aktmpl.schema import Schema

_MOST_FAULTS = 100
"""A template that is wrong all over is not worth more messages than this."""

_TEXTS = (Template, Condition)
_LEAVES = (Reference, Call)
"""What may be wrong though it is a single node."""

LOOP_ROOTS = ("item", "index")
"""Roots that exist inside an expansion's pattern only."""


def check(nodes: AnyNodes, roots: Collection[str], functions: Functions) -> list[TemplateError]:
    """All faults that hold for any data, in the order of the text."""
    found = _Checker(roots, functions).walk(nodes, Source(""), in_expansion=False)
    return list(islice(found, _MOST_FAULTS))


def check_types(
    nodes: AnyNodes, roots: Collection[str], functions: Functions, schema: "Schema | None"
) -> list[Finding]:
    """The faults that `check` finds and all that a schema tells, warnings too, in the order of the text."""
    from aktmpl.infer import infer  # noqa: PLC0415 - only hosts with a schema, and tools, need it
    from aktmpl.schema import Schema  # noqa: PLC0415

    found = [Finding.of(fault) for fault in check(nodes, roots, functions)]
    told = {(each.source, each.span) for each in found}
    found += [
        each
        for each in infer(nodes, schema or Schema(), functions)[1]
        if (each.source, each.span) not in told
    ]
    order = {id(source): position for position, source in enumerate(_sources(nodes))}
    return sorted(found, key=lambda each: (order.get(id(each.source), 0), each.span))


def _sources(node: Node) -> Iterator[Source]:
    """The texts of a document in its order; an object's key comes before what it holds."""
    if isinstance(node, Template | Condition | Expansion):
        yield node.source
    for child in node.children():
        yield from _sources(child)


class _Checker:
    def __init__(self, roots: Collection[str], functions: Functions) -> None:
        self.roots = roots
        self.functions = functions

    def walk(self, node: Node, source: Source, *, in_expansion: bool) -> Iterator[TemplateError]:
        if isinstance(node, _TEXTS):
            source = node.source
        elif isinstance(node, Expansion):
            source = node.source
            yield from self.walk(node.over, source, in_expansion=in_expansion)
            for item in node.pattern:
                yield from self.walk(item, source, in_expansion=True)
            return
        elif isinstance(node, Entry):
            yield from self.walk(node.key, source, in_expansion=in_expansion)
            yield from self.walk(node.value, source, in_expansion=in_expansion)
            return
        elif isinstance(node, Reference):
            yield from self.root(node, source, in_expansion=in_expansion)
            if node.is_static:
                return
        elif isinstance(node, Call):
            yield from self.function(node, source)
        elif isinstance(node, Compare):
            yield from self.pattern(node, source)
        for child in node.children():
            if child.size > 1 or isinstance(child, _LEAVES):
                yield from self.walk(child, source, in_expansion=in_expansion)

    def root(self, node: Reference, source: Source, *, in_expansion: bool) -> Iterator[TemplateError]:
        if node.root in self.roots or (in_expansion and node.root in LOOP_ROOTS):
            return
        if node.root in LOOP_ROOTS:
            hint = 'an expansion is a key of a document: {"$$path[name]": [...]}'
            message = f"`{node.root}` exists only inside an expansion"
            yield error("E203", message, source, node.root_span, hint)
            return
        known = [*self.roots, *(LOOP_ROOTS if in_expansion else ())]
        near = nearest(node.root, known) or cure_of_word(node.root)
        hint = near or f"the roots are {', '.join(sorted(known))}"
        if source.text[node.span.start : node.root_span.start] == "$":
            hint += f"{'' if near else '.'} For a dollar sign write `\\$`"
        yield error("E201", f"unknown root `{node.root}`", source, node.root_span, hint)

    def function(self, node: Call, source: Source) -> Iterator[TemplateError]:
        return check_call(node, self.functions, source)

    def pattern(self, node: Compare, source: Source) -> Iterator[TemplateError]:
        if node.operator not in ("~=", "!~=") or not isinstance(node.right, Literal):
            return
        if not isinstance(node.right.value, str):
            message = "a pattern is a string"
            yield error("E207", message, source, node.right.span, "put it in quotes")
            return
        try:
            regex(node.right.value)
        except Fault as fault:
            yield fault.at(source, node.right.span)
