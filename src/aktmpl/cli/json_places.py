"""Where the strings of a JSON text stand in it, so that faults of a document point into its file."""

import json
import re
from collections.abc import Callable

from aktmpl.source import Origin, Source

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_CHARACTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)


def places(source: Source) -> Callable[[str, bool], Origin | None]:
    """A function that gives the place of the string at a JSON pointer, or of the key with that pointer.

    Args:
        source: A JSON text that parses.
    """
    found: dict[tuple[str, bool], int] = {}
    stack: list[_Level] = [_Level("", is_object=False, index=None)]
    for match in _TOKEN.finditer(source.text):
        piece, level = match.group(), stack[-1]
        if piece in "{[":
            stack.append(_Level(level.pointer, is_object=piece == "{", index=0))
        elif piece in "}]":
            stack.pop()
        elif piece == ",":
            level.next()
        elif piece[0] == '"':
            if level.is_object and level.key is None:
                level.key = _decoded(piece)
                found[level.pointer, True] = match.start()
            else:
                found[level.pointer, False] = match.start()

    def locate(pointer: str, is_key: bool) -> Origin | None:  # noqa: FBT001 - the shape that documents call
        start = found.get((pointer, is_key))
        return None if start is None else Origin(source, _offsets(source.text, start))

    return locate


class _Level:
    """An object or array around the current piece."""

    def __init__(self, above: str, *, is_object: bool, index: int | None) -> None:
        self.above = above
        self.is_object = is_object
        self.index = index
        self.key: str | None = None

    @property
    def pointer(self) -> str:
        """The pointer of the member or element at hand."""
        if self.index is None:
            return self.above
        if not self.is_object:
            return f"{self.above}/{self.index}"
        return f"{self.above}/{(self.key or '').replace('~', '~0').replace('/', '~1')}"

    def next(self) -> None:
        self.key = None
        self.index = None if self.index is None else self.index + 1


def _decoded(piece: str) -> str:
    return str(json.loads(piece, strict=False)) if "\\" in piece else piece[1:-1]


def _offsets(text: str, start: int) -> list[int]:
    """Where each character of a string literal stands, and its closing quote."""
    offsets = []
    position = start + 1
    while text[position] != '"':
        offsets.append(position)
        match = _CHARACTER.match(text, position)
        assert match is not None
        position = match.end()
    return [*offsets, position]
