"""The reference or call of a template that stands at an offset of a file."""

from dataclasses import dataclass

from akrun.editor.snapshot import Snapshot
from akrun.editor.templates import Leaf, Read
from aktmpl.source import Span


@dataclass(frozen=True, slots=True)
class Reading:
    """A path in a template, up to the segment at the offset.

    Attributes:
        leaf: the template.
        root: the root.
        names: the fields up to the offset.
        span: where that part of the path stands in the file.
    """

    leaf: Leaf
    root: str
    names: tuple[str, ...]
    span: Span


def reading(snapshot: Snapshot, offset: int) -> Reading | None:
    """The path at an offset."""
    for leaf, inside in _leaves(snapshot, offset):
        for read in leaf.uses.reads:
            found = _part(read, inside)
            if found is not None:
                names, span = found
                return Reading(leaf, read.root, names, snapshot.in_leaf(leaf, span))
    return None


def call(snapshot: Snapshot, offset: int) -> tuple[str, Span] | None:
    """The function that is called at an offset, and where its name stands in the file."""
    for leaf, inside in _leaves(snapshot, offset):
        for name, span in leaf.uses.calls:
            if span.start <= inside <= span.end:
                return name, snapshot.in_leaf(leaf, span)
    return None


def _leaves(snapshot: Snapshot, offset: int) -> list[tuple[Leaf, int]]:
    """The template at an offset, with the offset in it."""
    path, is_key = snapshot.at(offset)
    found = [each for each in snapshot.leaves if each.path == path and each.is_key == is_key]
    return [(each, snapshot.offset_in(each, offset)) for each in found]


def _part(read: Read, offset: int) -> tuple[tuple[str, ...], Span] | None:
    if read.root_span.start <= offset <= read.root_span.end:
        return (), read.root_span
    for number, (_, span) in enumerate(read.names):
        if span.start <= offset <= span.end:
            names = tuple(name for name, _ in read.names[: number + 1])
            return names, Span(read.root_span.start, span.end)
    return None
