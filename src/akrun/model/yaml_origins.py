"""Where each character of a YAML scalar is written, for all five ways to write one."""

import re
from collections.abc import Iterator, Sequence

from aktmpl.source import Span

_Unit = tuple[str, int]
"""A character as the scalar's syntax gives it, before folding, and its offset."""

_BREAKS = re.compile(r"[ \t]*(?:\r?\n[ \t]*)+")
_ESCAPED_BREAK = re.compile(r"\\\r?\n[ \t]*(?P<blank>(?:\r?\n[ \t]*)*)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028",
    "P": "\u2029",
}  # fmt: skip
_MARKERS = re.compile(r" *(?:[-?] +)*")
_HEADER = re.compile(r"[|>]([1-9]?)[+-]?([1-9]?)[^\n]*\n?")


def scalar_offsets(text: str, span: Span, value: str) -> Sequence[int]:
    """One offset for each character of `value`, read from `span`, and one for the end.

    A character that folding made (the space or line end in place of line breaks) stands at the break.
    """
    first = text[span.start : span.start + 1]
    if first in ("|", ">"):
        end = span.end
        units = _block_units(text, span)
    elif first in ("'", '"') and span.end - span.start >= 2:
        end = span.end - 1
        units = _flow_units(text, Span(span.start + 1, end), first)
    else:
        end = span.end
        if text[span.start : span.end] == value:
            return range(span.start, span.end + 1)
        units = _flow_units(text, span, "")
    return _align(value, units, span.start, end)


def _align(value: str, units: Iterator[_Unit], start: int, end: int) -> list[int]:
    """Give every character of `value` the offset of its unit; skip line ends that folding dropped."""
    offsets: list[int] = []
    last = start
    pending: _Unit | None = None
    for char in value:
        unit = pending or next(units, None)
        pending = None
        while unit is not None and unit[0] == "\n" and char not in " \n":
            unit = next(units, None)
        if unit is None:
            offsets.append(last)
            continue
        folded = unit[0] == "\n" and char == " "
        if unit[0] == char or folded:
            last = unit[1]
        else:
            pending = unit
        offsets.append(last)
    if value and (pending is None) and value[-1] == "\n":
        end = min(end, last + 1)
    offsets.append(end)
    return offsets


def _flow_units(text: str, span: Span, quote: str) -> Iterator[_Unit]:
    at = span.start
    while at < span.end:
        breaks = _BREAKS.match(text, at, span.end)
        if breaks is not None:
            yield from _folded(text, breaks.start(), breaks.end())
            at = breaks.end()
        elif quote == '"' and text[at] == "\\":
            chars, end = _escape(text, at, span.end)
            yield from chars
            at = end
        else:
            yield text[at], at
            at += 2 if quote == "'" and text[at] == "'" else 1


def _folded(text: str, start: int, end: int) -> Iterator[_Unit]:
    """Line breaks in a flow scalar: one is a space, of several the first is dropped."""
    places = [at for at in range(start, end) if text[at] == "\n"]
    if len(places) == 1:
        yield " ", places[0]
    else:
        for place in places[1:]:
            yield "\n", place


def _escape(text: str, at: int, end: int) -> tuple[list[_Unit], int]:
    broken = _ESCAPED_BREAK.match(text, at, end)
    if broken is not None:
        blank = broken.start("blank")
        return [("\n", place) for place in range(blank, broken.end()) if text[place] == "\n"], broken.end()
    match = _ESCAPE.match(text, at, end)
    if match is None:
        return [(text[at], at)], at + 1
    code = match.group(1) or match.group(2) or match.group(3)
    if code is None:
        return [(_NAMED.get(match.group(4), match.group(4)), at)], match.end()
    unit = int(code, 16)
    if 0xD800 <= unit < 0xDC00:
        low = _ESCAPE.match(text, match.end(), end)
        if low is not None and low.group(2) and 0xDC00 <= int(low.group(2), 16) <= 0xDFFF:
            char = chr(0x10000 + ((unit - 0xD800) << 10) + int(low.group(2), 16) - 0xDC00)
            return [(char, at)], low.end()
    return [("\ufffd" if 0xD800 <= unit <= 0xDFFF else chr(unit), at)], match.end()


def _block_units(text: str, span: Span) -> Iterator[_Unit]:
    header = _HEADER.match(text, span.start, span.end)
    if header is None:
        return
    lines = list(_lines(text, header.end(), span.end))
    indent = _indentation(text, span.start, lines, header.group(1) or header.group(2))
    for start, end in lines:
        at = start
        while at < end and at - start < indent and text[at] == " ":
            at += 1
        while at < end:
            if text[at] != "\r":
                yield text[at], at
            at += 1


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        line_end = text.find("\n", start, end) + 1 or end
        yield start, line_end
        start = line_end


def _indentation(text: str, start: int, lines: list[tuple[int, int]], digit: str) -> int:
    """Columns that do not belong to the text: of the first line that is not blank, or as the header says."""
    if digit:
        line_start = text.rfind("\n", 0, start) + 1
        markers = _MARKERS.match(text, line_start, start)
        parent = (markers.end() if markers else line_start) - line_start
        if line_start + parent == start:
            parent = text.rfind("-", line_start, start) - line_start
        return parent + int(digit)
    for first, last in lines:
        line = text[first:last]
        if line.strip(" \r\n"):
            return len(line) - len(line.lstrip(" "))
    return max((last - first for first, last in lines), default=0)
