"""Where the keys and values of a TOML text are written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aktmpl.source import Span

Path = tuple[str | int, ...]
"""Keys, and indexes of lists, from the top."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_VALUE: Final = re.compile(
    r'''"""(?s:\\.|(?!""").)*"{3,5}|\'\'\'(?s:(?!\'\'\').)*'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|[^,\]}#\r\n]+'''
)


@dataclass(frozen=True, slots=True)
class Place:
    """A value and, unless it stands in a list, the last part of its key."""

    key: Span | None
    value: Span


def toml_places(text: str) -> dict[Path, Place]:
    """The places of everything in a TOML text that has been read already, and so is one.

    A table under a header has its header for a value; one that is only implied by a longer key or header is
    found under the first of these. Keys with escapes are looked up as they are written.
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[Path, Place] = {}
        self._rows: dict[Path, int] = {}

    def read(self) -> dict[Path, Place]:
        """The whole text: headers, and pairs below them."""
        table: Path = ()
        while self._skip_blank():
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
        return self._places

    def _header(self) -> Path:
        start = self._at
        rows = self._text.startswith("[[", start)
        self._at += 2 if rows else 1
        keys = self._keys()
        self._at += 2 if rows else 1
        path = self._implied((), keys)
        if rows:
            path = (*path, self._rows.get(path, -1) + 1)
            self._rows[path[:-1]] = int(path[-1])
        self._places[path] = Place(keys[-1][1], Span(start, self._at))
        return path

    def _pair(self, table: Path) -> None:
        keys = self._keys()
        self._at += 1  # the equals sign
        self._value(self._implied(table, keys), keys[-1][1])

    def _keys(self) -> list[tuple[str, Span]]:
        """The parts of a dotted key."""
        keys: list[tuple[str, Span]] = []
        while True:
            found = _KEY.match(self._text, self._at)
            assert found is not None
            written = found[1]
            name = written[1:-1] if written[0] in "\"'" else written
            keys.append((name, Span(*found.span(1))))
            self._at = found.end()
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _implied(self, table: Path, keys: list[tuple[str, Span]]) -> Path:
        """The path of a dotted key; the tables on its way are there, if only by it."""
        path = table
        for number, (name, span) in enumerate(keys):
            path = (*path, name)
            if number < len(keys) - 1:
                self._places.setdefault(path, Place(span, span))
                if path in self._rows:
                    path = (*path, self._rows[path])
        return path

    def _value(self, path: Path, key: Span | None) -> None:
        self._skip_blank()
        start = self._at
        opening = self._text[start]
        if opening in "[{":
            self._at += 1
            closing = "]" if opening == "[" else "}"
            index = 0
            while self._skip_blank() and self._text[self._at] != closing:
                if self._text[self._at] == ",":
                    self._at += 1
                elif opening == "[":
                    self._value((*path, index), None)
                    index += 1
                else:
                    self._pair(path)
            self._at += 1
            end = self._at
        else:
            found = _VALUE.match(self._text, start)
            assert found is not None
            self._at = found.end()
            end = start + len(found[0].rstrip())
        self._places[path] = Place(key, Span(start, end))

    def _skip_blank(self) -> bool:
        """Go over blanks, line ends and comments; whether anything follows."""
        found = _BLANK.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        return self._at < len(self._text)


def nearest_place(places: Mapping[Path, Place], path: Path) -> Place:
    """The place of a path, or of the innermost part on its way that is there; the text's begin if none is."""
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return Place(None, Span(0, 0))
