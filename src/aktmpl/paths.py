"""Which path prefixes of a template are read more than once, so that its closure reads them once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from aktmpl.node import Node
from aktmpl.nodes import (
    Computed,
    Conditional,
    Default,
    Entry,
    Expansion,
    Key,
    Logic,
    Reference,
    Segment,
    Test,
)

_COVERING = (Default, Test)
_BRANCHING = (Logic, Conditional)
_MEMBERS = (Entry, Expansion)

Prefix: TypeAlias = tuple[str | int, ...]
"""A root and the keys and indexes after it."""


def static_prefix(node: Reference) -> tuple[Prefix, tuple[Segment, ...]]:
    """The part of a path that plain subscripts can follow, and the segments after it."""
    keys: list[str | int] = [node.root]
    for segment in node.segments:
        if isinstance(segment, Computed) or segment.optional:
            return tuple(keys), node.segments[len(keys) - 1 :]
        keys.append(segment.name if isinstance(segment, Key) else segment.index)
    return tuple(keys), ()


def shared_prefixes(nodes: Iterable[Node]) -> frozenset[Prefix]:
    """Prefixes worth a variable: surely read, read again, and not always with the same step after them."""
    whole: Counter[Prefix] = Counter()
    certain_paths: set[Prefix] = set()
    for reference, is_certain in _references(nodes):
        keys, _ = static_prefix(reference)
        whole[keys] += 1
        if is_certain:
            certain_paths.add(keys)
    uses: Counter[Prefix] = Counter()
    certain: set[Prefix] = set()
    for keys, count in whole.items():
        prefixes = [keys[:length] for length in range(1, len(keys) + 1)]
        for prefix in prefixes:
            uses[prefix] += count
        if keys in certain_paths:
            certain.update(prefixes)
    longest: dict[Prefix, int] = {}
    for prefix, count in uses.items():
        parent = prefix[:-1]
        longest[parent] = max(longest.get(parent, 0), count)
    return frozenset(
        prefix for prefix in certain if uses[prefix] > 1 and uses[prefix] > longest.get(prefix, 0)
    )


def _references(nodes: Iterable[Node]) -> Iterator[tuple[Reference, bool]]:
    """References outside expansions' patterns, and whether they are read whenever the nodes are evaluated."""
    stack = [(node, True) for node in nodes]
    while stack:
        node, certain = stack.pop()
        if node.size == 1:
            if isinstance(node, Reference):
                yield node, certain
            continue
        children = node.children()
        if isinstance(node, Reference):
            yield node, certain
            if node.is_static:
                continue
        elif isinstance(node, _COVERING):
            certain = False
        elif isinstance(node, _BRANCHING):
            stack.append((next(children), certain))
            certain = False
        elif isinstance(node, _MEMBERS):
            certain = certain and not node.optional
            if isinstance(node, Expansion):
                children = iter((node.over,))
        stack.extend((child, certain) for child in children)
