"""A text that templates are read from, places in it, and the frame that shows a place to a person."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple
from unicodedata import combining, east_asian_width

_FRAME_WIDTH = 120
"""Longest excerpt of a source line in a frame, in characters; the rest is cut with an ellipsis."""


class Span(NamedTuple):
    """A half-open range of character offsets in a source's text."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """The smallest span that covers this one and `other`, which lies to its right."""
        return Span(self.start, other.end)


class Source:
    """A named text.

    Attributes:
        text: The characters that spans refer to.
        name: What a frame calls it: a file's name or a made-up one in angle brackets.
        pointer: RFC 6901 pointer of the leaf, when the text is a string of a JSON document.
        origin: Where the text stands in a file; frames then show the file. It does not count for equality.
    """

    def __init__(
        self,
        text: str,
        name: str = "<template>",
        pointer: str | None = None,
        origin: "Origin | None" = None,
    ) -> None:
        self.text = text
        self.name = name
        self.pointer = pointer
        self.origin = origin

    def __repr__(self) -> str:
        return f"Source({self.text!r}, {self.name!r}, {self.pointer!r}, {self.origin!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return (self.text, self.name, self.pointer) == (other.text, other.name, other.pointer)

    def __hash__(self) -> int:
        return hash((self.text, self.name, self.pointer))

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(index + 1 for index, char in enumerate(self.text) if char == "\n")
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both counted from 1, columns in characters."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


class Origin(NamedTuple):
    """Where a leaf's text stands in the file it was read from.

    Attributes:
        source: The file.
        offsets: One file offset per character of the leaf's text and one for its end, so that escapes
            of the file's syntax do not shift a caret.
        pointer: RFC 6901 pointer of the leaf in the file, if that is JSON or YAML.
    """

    source: Source
    offsets: Sequence[int]
    pointer: str | None = None

    def span(self, span: Span) -> Span:
        """The file's span of a span of the leaf."""
        last = len(self.offsets) - 1
        return Span(self.offsets[min(span.start, last)], self.offsets[min(span.end, last)])


def outermost(source: Source, span: Span) -> tuple[Source, Span]:
    """Follow origins to the text a person edits; returns that source and the span in it."""
    while source.origin is not None:
        span = source.origin.span(span)
        source = source.origin.source
    return source, span


def locate(source: Source, span: Span) -> tuple[str, int, int]:
    """Name, line and column that a person looks up for a span."""
    outer, outer_span = outermost(source, span)
    line, column = outer.position(outer_span.start)
    return outer.name, line, column


def frame(source: Source, span: Span, headline: str, hint: str | None = None) -> str:
    """Show a place: `name:line:col`, the headline, the source line, carets under the span, the hint.

    Example:
        >>> print(frame(Source("Hi $nme"), Span(4, 7), "unknown root `nme`", "did you mean `name`?"))
        <template>:1:5: unknown root `nme`
          1 | Hi $nme
            |     ^^^
            = hint: did you mean `name`?
    """
    outer, place = outermost(source, span)
    line, column = outer.position(place.start)
    where = f" (at {source.pointer})" if source.pointer else ""
    gutter = " " * len(str(line))
    rows = [printable(f"{outer.name}:{line}:{column}: {headline}{where}")]
    if outer.text:
        excerpt, left, width = _excerpt(outer.line(line), column - 1, max(1, place.end - place.start))
        rows.append(f"  {line} | {excerpt}".rstrip())
        rows.append(f"  {gutter} | {' ' * left}{'^' * width}")
    if hint:
        rows.append(printable(f"  {gutter} = hint: {hint}"))
    return "\n".join(rows)


def printable(text: str) -> str:
    """A text on one line: characters that would break it, or command a terminal, as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _columns(text: str) -> int:
    """How many columns a terminal gives a text: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _excerpt(text: str, left: int, width: int) -> tuple[str, int, int]:
    """Cut a long line around the caret run; returns the cut, the caret's column and the run's columns."""
    width = max(1, min(width, len(text) - left))
    cut, left, width = _window(text, left, width)
    cut = "".join(char if char.isprintable() else " " if char == "\t" else "\ufffd" for char in cut)
    return cut, _columns(cut[:left]), max(1, _columns(cut[left : left + width]))


def _window(text: str, left: int, width: int) -> tuple[str, int, int]:
    if len(text) <= _FRAME_WIDTH:
        return text, left, width
    start = max(0, min(left - _FRAME_WIDTH // 3, len(text) - _FRAME_WIDTH))
    cut = text[start : start + _FRAME_WIDTH]
    before, after = "…" if start else "", "…" if start + _FRAME_WIDTH < len(text) else ""
    width = max(1, min(width, len(cut) - (left - start)))
    return f"{before}{cut}{after}", left - start + len(before), width
