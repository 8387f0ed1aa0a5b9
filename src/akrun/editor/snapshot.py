"""A file's text that could be read: its values with their places, kept while the text goes on changing."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from akrun.editor.kinds import FileKind, kind_of, tags_of
from akrun.editor.place import Path, pipe_depth
from akrun.editor.scan import Open
from akrun.editor.symbols import Occurrence, occurrences
from akrun.editor.templates import Leaf, leaves
from akrun.errors import FileFaults
from akrun.model.located import LocatedDocument, parse_located
from akrun.model.positions import Node, to_pointer
from aktmpl.source import Origin, Span

_OTHER_LEVEL = 3
"""Steps from the top at which reading may begin anew in parts of the file that are no pipeline."""


@dataclass(frozen=True)
class Snapshot:
    """A text that could be read.

    Attributes:
        located: its value, with places.
    """

    located: LocatedDocument

    @classmethod
    def of(cls, text: str, name: str, *, is_json: bool) -> "Snapshot | None":
        """Read a text; None for one that is no JSON or YAML."""
        try:
            return cls(parse_located(text, name, is_json=is_json, tags=tags_of(name))[0])
        except FileFaults:
            return None

    def prepare(self) -> None:
        """Find all places now, rather than when the first answer needs them."""
        _ = self._places, self._origins

    @property
    def text(self) -> str:
        """The text."""
        return self.located.source.text

    @property
    def value(self) -> Any:
        """The JSON value."""
        return self.located.value

    @cached_property
    def kind(self) -> FileKind | None:
        """What the file is meant as."""
        return kind_of(self.located.source.name, self.value)

    @property
    def is_channel(self) -> bool:
        """Whether it is meant as a channel."""
        return self.kind == "channel"

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """Every place where a pipe, field, event or entity is named."""
        return tuple(occurrences(self.value, self.leaves))

    def occurrence(self, offset: int) -> tuple[Occurrence, Span] | None:
        """The one at an offset, and where exactly."""
        for each, span in self._places.items():
            if span.start <= offset <= span.end:
                return each, span
        return None

    def of_occurrence(self, occurrence: Occurrence) -> Span:
        """Where an occurrence stands in the file."""
        return self._places[occurrence]

    @cached_property
    def _places(self) -> Mapping[Occurrence, Span]:
        return {each: self._span_of(each) for each in self.occurrences}

    def _span_of(self, occurrence: Occurrence) -> Span:
        if occurrence.leaf is None:
            return self.span(occurrence.path)
        return self.in_leaf(occurrence.leaf, occurrence.spans[0].to(occurrence.spans[-1]))

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every text that is a template."""
        return tuple(leaves(self.value))

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Where the value at a path is written, a text without its quotes; or its key."""
        span = self.located.span(to_pointer(path), key=key)
        quoted = self.text[span.start : span.start + 1] in ("'", '"') and span.end - span.start >= 2
        return Span(span.start + 1, span.end - 1) if quoted else span

    def part(self, path: Path) -> Any:
        """The value at a path; None where there is none."""
        try:
            return self.located.part(to_pointer(path))
        except KeyError:
            return None

    def in_leaf(self, leaf: Leaf, span: Span) -> Span:
        """Where a span of a template stands in the file."""
        return self.origin(leaf).span(span)

    def origin(self, leaf: Leaf) -> Origin:
        """Where a template of the file stands in it."""
        return self._origins[leaf]

    @cached_property
    def _origins(self) -> Mapping[Leaf, Origin]:
        nowhere = Origin(self.located.source, (0,))
        return {
            each: self.located.origin(to_pointer(each.path), each.is_key) or nowhere for each in self.leaves
        }

    def offset_in(self, leaf: Leaf, offset: int) -> int:
        """The offset in a template of an offset of the file."""
        return max(0, bisect_right(self.origin(leaf).offsets, offset) - 1)

    def at(self, offset: int) -> tuple[Path, bool]:
        """The path of the innermost value at an offset, and whether it is the value's key that is there."""
        path: list[str | int] = []
        node = self.located.root
        while True:
            for step, part in _parts(node):
                if part.key is not None and part.key.start <= offset <= part.key.end:
                    return (*path, step), True
                if part.span.start <= offset <= part.span.end:
                    path.append(step)
                    node = part
                    break
            else:
                return tuple(path), False

    def before(self, offset: int) -> tuple[int, list[Open]]:
        """Where reading may begin to find the place of an offset, and what is open there."""
        outer: list[Open] = []
        path: Path = ()
        node, value = self.located.root, self.value
        while node.parts is not None and len(path) != (pipe_depth(path) or _OTHER_LEVEL):
            last = None
            for step, part in _parts(node):
                if part.span.start >= offset:
                    break
                if part.parts is not None:
                    last = step, part
            if last is None:
                break
            outer.append(_open(value, last[0]))
            path, node, value = (*path, last[0]), last[1], value[last[0]]
        return node.span.start, outer


def _parts(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node.parts, Mapping):
        yield from node.parts.items()
    elif node.parts is not None:
        yield from enumerate(node.parts)


def _open(value: Any, step: str | int) -> Open:
    if isinstance(step, int):
        return Open("[", index=step)
    members = {key: None if isinstance(each, dict | list) else each for key, each in value.items()}
    return Open("{", members, step, colon=True)
