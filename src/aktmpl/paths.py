"""Which path prefixes of a template are read more than once, so that its closure reads them once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from aktmpl.nodes import (
    Conditional,
    Default,
    Entry,
    Expansion,
    Index,
    Key,
    Logic,
    Node,
    Reference,
    Segment,
    Test,
)

Prefix: TypeAlias = tuple[str | int, ...]
"""A root and the keys and indexes after it."""


def static_prefix(node: Reference) -> tuple[Prefix, tuple[Segment, ...]]:
    """The part of a path that plain subscripts can follow, and the segments after it."""
    keys: list[str | int] = [node.root]
    for position, segment in enumerate(node.segments):
        if isinstance(segment, Key) and not segment.optional:
            keys.append(segment.name)
        elif isinstance(segment, Index) and not segment.optional:
            keys.append(segment.index)
        else:
            return tuple(keys), node.segments[position:]
    return tuple(keys), ()


def certain_references(node: Node) -> Iterator[Reference]:
    """References that are read whenever the node is evaluated: not those in branches and loops."""
    if isinstance(node, Reference):
        yield node
    if isinstance(node, Default | Test | Entry | Expansion) and _guarded(node):
        return
    for child in _certain_children(node):
        yield from certain_references(child)


def _guarded(node: Default | Test | Entry | Expansion) -> bool:
    return isinstance(node, Default | Test) or node.optional


def _certain_children(node: Node) -> Iterable[Node]:
    if isinstance(node, Logic):
        return node.operands[:1]
    if isinstance(node, Conditional):
        return (node.condition,)
    if isinstance(node, Expansion):
        return (node.over,)
    return node.children()


def shared_prefixes(nodes: Iterable[Node]) -> frozenset[Prefix]:
    """Prefixes worth a variable: used by two references or more that part ways right after them."""
    uses: Counter[Prefix] = Counter()
    for node in nodes:
        for reference in certain_references(node):
            keys, _ = static_prefix(reference)
            uses.update(keys[:length] for length in range(1, len(keys) + 1))
    longest: dict[Prefix, int] = {}
    for prefix, count in uses.items():
        parent = prefix[:-1]
        longest[parent] = max(longest.get(parent, 0), count)
    return frozenset(prefix for prefix, count in uses.items() if count > 1 and count > longest.get(prefix, 0))
