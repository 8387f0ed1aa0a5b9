"""The place of an offset in JSON that may be broken anywhere: what is wrong is passed over."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from akrun.editor.place import Path, Place
from aktmpl.source import Span

_TOKEN = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*\\?("?)|[{}\[\]:,]|[^\s{}\[\]:,"]+')
FLOW_TOKEN = re.compile(
    r"""
      "(?:[^"\\\r\n]|\\[^\r\n])*\\?("?)
    | '(?:[^'\r\n]|'')*('?)
    | [{}\[\],] | :(?=[\s,\[\]{}]|\Z)
    | (?:[^\s{}\[\]:,"'#]|:(?![\s,\[\]{}]|\Z))(?:[^\s{}\[\]:,]|[ ]+(?=[^\s{}\[\]:,#])|:(?![\s,\[\]{}]|\Z))*
    """,
    re.VERBOSE,
)
"""Tokens of YAML's flow collections, whose scalars need no quotes."""
_PAIRS = {"}": "{", "]": "["}
_QUOTES = ('"', "'")
_PIPE_LEVEL = 4
"""Open objects and lists inside which what follows the offset is still read: those of a pipe."""
_FARTHEST = 600
"""Tokens after the offset that are read at most."""


@dataclass(slots=True)
class Open:
    """An object or list whose end has not come."""

    bracket: str
    members: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    colon: bool = False
    index: int = 0
    filled: bool = False

    @property
    def step(self) -> str | int:
        """The step to the value that is read now."""
        return self.index if self.bracket == "[" else self.key or ""

    @property
    def wants_key(self) -> bool:
        """Whether a key comes next."""
        return self.bracket == "{" and not self.colon

    def next(self) -> None:
        """A comma has come, or should have."""
        if self.bracket == "[":
            self.index += 1
        self.key, self.colon, self.filled = None, False, False


def scan_json(text: str, offset: int, start: int = 0, outer: Iterable[Open] = ()) -> Place:
    """The place of an offset.

    Args:
        text: the file.
        offset: what is asked for.
        start: where reading begins: at the beginning of a value.
        outer: the objects and lists that are open there.
    """
    return Scanner(text, offset, start, outer).place()


class Scanner:
    """Reads JSON, or a flow collection of YAML, up to an offset and some tokens on."""

    def __init__(  # noqa: PLR0913, PLR0917 - where to read, and how
        self,
        text: str,
        offset: int,
        start: int = 0,
        outer: Iterable[Open] = (),
        pattern: re.Pattern[str] = _TOKEN,
        level: int = _PIPE_LEVEL,
    ) -> None:
        self.text = text
        self.offset = offset
        self.start = start
        self.pattern = pattern
        self.level = level
        self.stack: list[Open] = [*outer]
        self.found: tuple[Path, bool, str, Span, str, list[Open]] | None = None

    def place(self) -> Place:
        """Read; nothing in a text makes this fail."""
        left = _FARTHEST
        for match in self.pattern.finditer(self.text, self.start):
            if self.found is None and self._reaches(match):
                self._find(match)
            if self.found is not None:
                left -= 1
                if left == 0 or len(self.stack) < min(self.level, len(self.found[5])):
                    break
            self._read(match.group())
        if self.found is None:
            self._find(None)
        assert self.found is not None
        path, is_key, before, span, quote, stack = self.found
        members = tuple(each.members for each in stack)
        objects = tuple(each.bracket == "{" for each in stack)
        return Place(path, "key" if is_key else "value", before, span, quote, members, objects)

    def _reaches(self, match: re.Match[str]) -> bool:
        """Whether the offset is in this token or before it."""
        first = self.text[match.start()]
        if first in _QUOTES:
            return self.offset < match.end() or (not _closing(match) and self.offset == match.end())
        if first in "{}[]:,":
            return self.offset <= match.start()
        return self.offset <= match.end()

    def _find(self, match: re.Match[str] | None) -> None:
        """Note the place: in the token, or before it."""
        written = "" if match is None or self.offset < match.start() else match.group()
        before, span, quote = "", Span(self.offset, self.offset), ""
        scalar = written and written[0] not in "{}[]:,"
        if match is not None and scalar and written[0] in _QUOTES and self.offset > match.start():
            span, quote = Span(match.start() + 1, match.end() - len(_closing(match))), written[0]
            before = unquoted(self.text[span.start : self.offset], quote)
        elif match is not None and scalar and written[0] not in _QUOTES:
            span = Span(match.start(), match.end())
            before = self.text[match.start() : self.offset]
        top = self.stack[-1] if self.stack else None
        if top is not None and top.filled and (span.end > span.start or quote or top.bracket == "{"):
            top.next()
        is_key = top is not None and top.wants_key
        outer = self.stack[:-1] if is_key else self.stack
        self.found = tuple(each.step for each in outer), is_key, before, span, quote, list(self.stack)

    def _read(self, token: str) -> None:
        top = self.stack[-1] if self.stack else None
        match token:
            case "{" | "[":
                if top is not None:
                    if top.filled:
                        top.next()
                    if top.key is not None:
                        top.members.setdefault(top.key, None)
                self.stack.append(Open(token))
            case "}" | "]":
                if any(each.bracket == _PAIRS[token] for each in self.stack):
                    while self.stack.pop().bracket != _PAIRS[token]:
                        pass
                    if self.stack:
                        self.stack[-1].filled = True
            case ":":
                if top is not None:
                    top.colon = True
            case ",":
                if top is not None:
                    top.next()
            case _:
                if top is not None:
                    self._scalar(top, token)

    @staticmethod
    def _scalar(top: Open, token: str) -> None:
        if top.filled:
            top.next()
        if top.wants_key:
            top.key = scalar_of(token) if token[0] in _QUOTES else token
        else:
            top.filled = True
            if top.bracket == "{" and top.key is not None:
                top.members[top.key] = scalar_of(token)


def scalar_of(token: str) -> Any:
    """The value of a scalar as it is written; its own text where it is none."""
    quote = token[:1]
    if quote in _QUOTES:
        return unquoted(token[1:-1] if len(token) > 1 and token.endswith(quote) else token[1:], quote)
    try:
        return json.loads(token)
    except (ValueError, RecursionError):
        return token


def unquoted(written: str, quote: str) -> str:
    """The characters of what stands in quotes, of which the end may be missing."""
    return decoded(written) if quote == '"' else written.replace("''", "'")


def _closing(match: re.Match[str]) -> str:
    return "".join(each or "" for each in match.groups())


def decoded(written: str) -> str:
    """The characters of a JSON string, of which the end may be missing."""
    if "\\" not in written:
        return written
    for end in range(len(written), max(-1, len(written) - 7), -1):
        try:
            text = json.loads(f'"{written[:end]}"', strict=False)
        except ValueError:
            continue
        return str(text)
    return written
