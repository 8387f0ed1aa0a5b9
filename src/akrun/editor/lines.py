"""Offsets of a text as the protocol has them: lines from 0, columns in units of an encoding."""

import re
from bisect import bisect_right
from functools import cached_property

from aktmpl.source import Span

Position = tuple[int, int]
"""Line and column."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_WIDTHS = {"utf-8": 1, "utf-16-le": 2, "utf-32-le": 4}


class Lines:
    """The lines of a text; columns count UTF-16 units unless the client asked for another encoding."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self._codec = {"utf-8": "utf-8", "utf-32": "utf-32-le"}.get(encoding, "utf-16-le")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> Position:
        """Where an offset is."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset) - 1
        return line, self.units(self.text[self._starts[line] : offset])

    def range(self, span: Span) -> tuple[Position, Position]:
        """Where a span begins and ends."""
        return self.position(span.start), self.position(span.end)

    def offset(self, line: int, column: int) -> int:
        """The offset of a position; one outside the text, or of its line, is taken to the nearest inside."""
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        row = self._row(line)
        if row.isascii():
            return start + max(0, min(column, len(row)))
        taken = 0
        for place, char in enumerate(row):
            taken += self.units(char)
            if taken > column:
                return start + place
        return start + len(row)

    def _row(self, line: int) -> str:
        last = line + 1 == len(self._starts)
        row = self.text[self._starts[line] : len(self.text) if last else self._starts[line + 1]]
        return row.rstrip("\r\n")

    def units(self, text: str) -> int:
        """How many columns a text takes."""
        if text.isascii():
            return len(text)
        return len(text.encode(self._codec, "surrogatepass")) // _WIDTHS[self._codec]
