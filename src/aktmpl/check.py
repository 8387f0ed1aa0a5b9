"""What can be said about a template before there is data: roots, functions and constant patterns exist."""

from collections.abc import Collection, Iterator

from aktmpl.errors import Fault, TemplateError, error, nearest
from aktmpl.interpret import Functions
from aktmpl.nodes import (
    AnyNodes,
    Call,
    Compare,
    Condition,
    Entry,
    Expansion,
    Literal,
    Node,
    Reference,
    Template,
)
from aktmpl.source import Source
from aktmpl.values import regex

LOOP_ROOTS = ("item", "index")
"""Roots that exist inside an expansion's pattern only."""


def check(nodes: AnyNodes, roots: Collection[str], functions: Functions) -> list[TemplateError]:
    """All faults that hold for any data, in the order of the text."""
    return list(_Checker(roots, functions).walk(nodes, Source(""), in_expansion=False))


class _Checker:
    def __init__(self, roots: Collection[str], functions: Functions) -> None:
        self.roots = roots
        self.functions = functions

    def walk(self, node: Node, source: Source, *, in_expansion: bool) -> Iterator[TemplateError]:
        if isinstance(node, Template | Condition):
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
        elif isinstance(node, Call):
            yield from self.function(node, source)
        elif isinstance(node, Compare):
            yield from self.pattern(node, source)
        for child in node.children():
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
        hint = nearest(node.root, known) or f"the roots are {', '.join(sorted(known))}"
        if source.text[node.span.start : node.root_span.start] == "$":
            hint += "; for a dollar sign write `\\$`"
        yield error("E201", f"unknown root `{node.root}`", source, node.root_span, hint)

    def function(self, node: Call, source: Source) -> Iterator[TemplateError]:
        if node.name not in self.functions:
            hint = nearest(node.name, self.functions)
            yield error("E205", f"unknown function `{node.name}`", source, node.name_span, hint)

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
