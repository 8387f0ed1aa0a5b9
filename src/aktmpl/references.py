"""Every path that a template reads, for hosts that want to know before they render."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aktmpl.check import LOOP_ROOTS
from aktmpl.functions.function import LAZY
from aktmpl.node import Node
from aktmpl.nodes import (
    AnyNodes,
    Call,
    Computed,
    Condition,
    Default,
    Entry,
    Expansion,
    Key,
    Reference,
    Template,
    Test,
)
from aktmpl.source import Source, Span


@dataclass(frozen=True, slots=True)
class PathRead:
    """One path that a template reads.

    Attributes:
        root: The root's name.
        path: Keys (str) and indexes (int) after it, up to the first one that depends on the data.
        whole: False when a computed segment follows `path`.
        may_be_missing: The template copes when the last step of `path` leads nowhere: under `??`,
            `is defined`, in a `$?` member, or because that step is `?.`.
        source: The text it stands in.
        span: Where it stands there.
    """

    root: str
    path: tuple[str | int, ...]
    whole: bool
    may_be_missing: bool
    source: Source
    span: Span

    def __str__(self) -> str:
        return ".".join([self.root, *(f"%{key}" if isinstance(key, int) else key for key in self.path)])


def references(nodes: AnyNodes) -> Iterator[PathRead]:
    """Paths in the order of the text; the element and index of an expansion are not among them."""
    yield from _walk(nodes, Source(""), may_be_missing=False, loop=False)


def _walk(node: Node, source: Source, *, may_be_missing: bool, loop: bool) -> Iterator[PathRead]:
    if isinstance(node, Template | Condition | Expansion):
        source = node.source
    if isinstance(node, Reference) and not (loop and node.root in LOOP_ROOTS):
        read = _read(node, source)
        yield replace(read, may_be_missing=True) if may_be_missing else read
    for child in node.children():
        covered = may_be_missing or _covers(node, child)
        inside = loop or (isinstance(node, Expansion) and child is not node.over)
        yield from _walk(child, source, may_be_missing=covered, loop=inside)


def _covers(node: Node, child: Node) -> bool:
    """Whether `node` copes when `child` reads something that is missing."""
    if isinstance(node, Test):
        return True
    if isinstance(node, Default):
        return child is not node.operands[-1]
    if isinstance(node, Call) and node.name in LAZY:
        return child is not [*node.children()][-1]
    if isinstance(node, Entry):
        return node.optional and child is node.value
    return isinstance(node, Expansion) and node.optional and child is node.over


def _read(node: Reference, source: Source) -> PathRead:
    path: list[str | int] = []
    optional = False
    for segment in node.segments:
        if isinstance(segment, Computed):
            return PathRead(node.root, tuple(path), False, optional, source, node.span)  # noqa: FBT003
        optional = segment.optional
        path.append(segment.name if isinstance(segment, Key) else segment.index)
    return PathRead(node.root, tuple(path), True, optional, source, node.span)  # noqa: FBT003
