"""The place of an offset in YAML that may be broken anywhere: indentation is followed upwards."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from akrun.editor.place import Place
from akrun.editor.scan import FLOW_TOKEN, Open, Scanner, scalar_of, unquoted
from aktmpl.source import Span

_DASHES = re.compile(r"(?:-(?: +|\Z))*")
_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#"'\[\]{},|>&*!%@`][^#]*?) *:(?: +|\Z)""")
_BLOCK = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?\Z")
_PLAIN_END = re.compile(r"\s+#.*\Z|\s+\Z")
_BELOW = 400
"""Lines after the offset that are looked at for more members."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of block style.

    Attributes:
        start: its offset.
        text: the line.
        dashes: columns of the dashes that begin it.
        column: of the key, or of whatever else follows the dashes.
        key: the key, if there is one.
        rest: column of what follows the key, or the same as `column`.
    """

    start: int
    text: str
    dashes: tuple[int, ...]
    column: int
    key: str | None
    rest: int

    @property
    def first(self) -> int:
        """The column at which it begins."""
        return self.dashes[0] if self.dashes else self.column

    @property
    def value(self) -> str:
        """What follows the key."""
        return _PLAIN_END.sub("", self.text[self.rest :])

    @property
    def blank(self) -> bool:
        """Whether it says nothing."""
        return not self.text.strip() or self.text.lstrip().startswith("#")


@dataclass(slots=True)
class _Level:
    """An object or list around the offset; `line` is the one on which the way inside it begins."""

    column: int
    line: _Line
    open: Open


def scan_yaml(text: str, offset: int) -> Place:
    """The place of an offset."""
    start = text.rfind("\n", 0, offset) + 1
    here = _line(text[start : _end(text, offset)], start)
    typed = offset - start
    if here.blank or typed < here.column:
        here = _Line(start, here.text, (), typed, None, typed)
    levels = [*_own(here, typed)]
    _climb(levels, _lines(text[:start].split("\n")[:-1], 0), here)
    _descend(levels, _lines(text[_end(text, offset) :].split("\n", _BELOW)[1:], 0))
    levels.reverse()
    return _in_flow(text, offset, levels) or _in_block(text, offset, levels) or _in_line(here, typed, levels)


def _end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _lines(rows: Iterable[str], start: int) -> list[_Line]:
    found = []
    for row in rows:
        found.append(_line(row, start))
        start += len(row) + 1
    return found


def _line(row: str, start: int) -> _Line:
    row = row.rstrip("\r")
    indent = len(row) - len(row.lstrip(" "))
    dashes = _DASHES.match(row, indent)
    assert dashes is not None
    columns = tuple(at for at in range(indent, dashes.end()) if row[at] == "-")
    key = _KEY.match(row, dashes.end())
    if key is None:
        return _Line(start, row, columns, dashes.end(), None, dashes.end())
    return _Line(start, row, columns, dashes.end(), str(_plain(key[1])), key.end())


def _plain(token: str) -> str:
    return unquoted(token[1:-1], token[0]) if token[0] in "\"'" else token


def _own(here: _Line, typed: int) -> Iterator[_Level]:
    """What the offset's own line opens, from the inside out."""
    inside = here.key is not None and typed >= here.rest
    if inside or not here.dashes or here.key is not None:
        yield _Level(here.column, here, Open("{", key=here.key if inside else None, colon=inside))
    yield from _listed(here)


def _listed(line: _Line, before: int | None = None) -> Iterator[_Level]:
    """The lists that a line's dashes are of, from the inside out; only those left of a column."""
    for column in reversed(line.dashes):
        if before is None or column < before:
            yield _Level(column, line, Open("["))


def _climb(levels: list[_Level], above: list[_Line], here: _Line) -> None:
    """Add what the lines above open, and the members that stand there."""
    for line in reversed(above):
        if line.blank:
            continue
        top = levels[-1] if levels else _Level(here.column, here, Open("{"))
        if top.open.bracket == "[":
            if top.column in line.dashes:
                top.open.index += 1
                levels += _listed(line, top.column)
            elif line.key is not None and line.column <= top.column:
                levels += _above(line)
        elif line.key is not None and line.column == top.column:
            top.open.members.setdefault(line.key, scalar_of(line.value) if line.value else None)
            levels += _listed(line)
        elif line.key is not None and line.column < top.column:
            levels += _above(line)
        elif line.dashes and line.dashes[-1] < top.column:
            levels += _listed(line)


def _above(line: _Line) -> Iterator[_Level]:
    """The object in which a key begins the way, and the lists around it on the same line."""
    members = {} if line.value else {line.key or "": None}
    yield _Level(line.column, line, Open("{", members, line.key, colon=True))
    yield from _listed(line)


def _descend(levels: list[_Level], below: list[_Line]) -> None:
    """Add the members that stand below."""
    left = [each for each in levels if each.open.bracket == "{"]
    for line in below:
        if line.blank:
            continue
        left = [each for each in left if each.column <= line.first]
        for each in left:
            if line.key is not None and not line.dashes and line.column == each.column:
                each.open.members.setdefault(line.key, scalar_of(line.value) if line.value else None)


def _in_flow(text: str, offset: int, levels: list[_Level]) -> Place | None:
    """The place in a flow collection that is open at the offset."""
    for number, level in enumerate(levels):
        line = level.line
        start = line.start + line.rest
        inner = number + 1 == len(levels) or levels[number + 1].line is not line
        if inner and line.value[:1] in ("{", "[") and start < offset:
            outer = [each.open for each in levels[: number + 1]]
            place = Scanner(text, offset, start, outer, FLOW_TOKEN, len(outer) + 1).place()
            if len(place.objects) > number + 1:
                return place
    return None


def _in_block(text: str, offset: int, levels: list[_Level]) -> Place | None:
    """The place in a text of several lines, `|` or `>`."""
    for number, level in enumerate(levels):
        line = level.line
        inner = number + 1 == len(levels) or levels[number + 1].line is not line
        start = line.start + len(line.text) + 1
        if inner and _BLOCK.match(line.value) and start <= offset:
            rows = text[start:offset].split("\n")
            indent = min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
            before = "\n".join(row[indent:] for row in rows)
            kept = levels[: number + 1]
            return Place(
                tuple(each.open.step for each in kept),
                "value",
                before,
                Span(start, offset),
                "|",
                *_open(kept),
            )
    return None


def _in_line(here: _Line, typed: int, levels: list[_Level]) -> Place:
    """The place in the key or the value of the offset's own line."""
    innermost = levels[-1].open if levels else Open("{")
    on_key = innermost.bracket == "{" and not innermost.colon
    path = tuple(each.open.step for each in (levels[:-1] if on_key else levels))
    start = here.column if here.key is not None and typed < here.rest else here.rest
    end = len(here.text) if here.key is None or typed >= here.rest else here.text.rfind(":", 0, here.rest)
    token = _PLAIN_END.sub("", here.text[start:end])
    quote = token[:1] if token[:1] in ("'", '"') else ""
    closed = len(token) > 1 and token.endswith(quote) if quote else False
    first = start + len(quote)
    last = start + len(token) - closed
    if typed < first or typed > max(last, len(here.text) if not quote else last):
        place = Span(here.start + typed, here.start + typed)
        return Place(path, "key" if on_key else "value", "", place, "", *_open(levels))
    written = here.text[first:typed]
    before = unquoted(written, quote) if quote else written
    span = Span(here.start + first, here.start + max(last, typed))
    return Place(path, "key" if on_key else "value", before, span, quote, *_open(levels))


def _open(levels: list[_Level]) -> tuple[tuple[dict[str, Any], ...], tuple[bool, ...]]:
    return (
        tuple(each.open.members for each in levels),
        tuple(each.open.bracket == "{" for each in levels),
    )
