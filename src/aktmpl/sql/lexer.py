"""SQL text to tokens: just enough of each dialect to know what is quoted and what is a comment.

A reference of the template stands in the text as one `HOLE`; a token knows where it begins and ends, so
the holes in it can be found. Nothing here depends on values: they are not known yet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOLE: Final = "\0"
"""Stands for a reference; SQL itself cannot hold this character."""


class Dialect(StrEnum):
    """A family of dialects that quote alike."""

    STANDARD = "standard"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"


class Kind(StrEnum):
    """What a token is; the texts are what an error calls it."""

    SPACE = "white space"
    COMMENT = "a comment"
    STRING = "a string"
    DOUBLE = "double quotes"
    NAME = "a quoted name"
    OPAQUE = "a string with a prefix or in dollar quotes"
    WORD = "a word"
    NUMBER = "a number"
    HOLE = "a reference"
    SYMBOL = "a symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    Attributes:
        kind: what it is.
        text: as it is written.
        start: offset of its first character.
        closed: False for a quote or comment that is never closed.
    """

    kind: Kind
    text: str
    start: int
    closed: bool = True

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The word in capitals; the text of anything else."""
        return self.text.upper() if self.kind is Kind.WORD else self.text

    @property
    def holes(self) -> list[int]:
        """Offsets of the references in it."""
        return [self.start + at for at, char in enumerate(self.text) if char == HOLE]


_PREFIXED = re.compile(r"(?:[eExXbBnN]|[uU]&)(?=')")
_BACKSLASHED = re.compile(r"(?:[^'\\]|\\.|'')*", re.DOTALL)
_DOLLAR_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_LINE_COMMENT = re.compile(r"--[^\n]*")
_MYSQL_LINE_COMMENT = re.compile(r"(?:--(?=[\s\x01-\x1f]|\Z)|\#)[^\n]*")
_PLAIN: Final = (
    (Kind.SPACE, re.compile(r"\s+")),
    (Kind.WORD, re.compile(r"[^\W\d][\w$]*")),
    (Kind.NUMBER, re.compile(r"(?:\d|\.\d)[\w.]*")),
    (Kind.HOLE, re.compile(HOLE)),
    (Kind.SYMBOL, re.compile(r"::|.", re.DOTALL)),
)
_NAME_QUOTES: Final = {
    Dialect.STANDARD: {"`": "`"},
    Dialect.SQLITE: {"`": "`", "[": "]"},
    Dialect.POSTGRESQL: {},
    Dialect.MYSQL: {"`": "`"},
}


def tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    """The tokens of a text, all of it: joined they are the text again."""
    at = 0
    while at < len(text):
        token = _quoted(text, at, dialect) or _plain(text, at)
        yield token
        at = token.end


def _plain(text: str, at: int) -> Token:
    for kind, pattern in _PLAIN:
        match = pattern.match(text, at)
        if match is not None:
            return Token(kind, match.group(), at)
    raise AssertionError("every character is a symbol at least")


def _quoted(text: str, at: int, dialect: Dialect) -> Token | None:
    """A token that hides what is in it: a quote of some kind, or a comment."""
    first = text[at]
    if first == "'":
        return _string(text, at, at + 1, Kind.STRING, backslashes=dialect is Dialect.MYSQL)
    if first == '"':
        return _closed(text, at, '"', Kind.DOUBLE, backslashes=dialect is Dialect.MYSQL)
    if first in _NAME_QUOTES[dialect]:
        return _closed(text, at, _NAME_QUOTES[dialect][first], Kind.NAME)
    prefix = _PREFIXED.match(text, at)
    if prefix is not None:
        backslashes = first in "eE" or dialect is Dialect.MYSQL
        return _string(text, at, prefix.end() + 1, Kind.OPAQUE, backslashes=backslashes)
    if first == "$" and dialect in (Dialect.STANDARD, Dialect.POSTGRESQL):
        return _dollar_quoted(text, at)
    if text.startswith("/*", at):
        return _block_comment(text, at, nested=dialect is Dialect.POSTGRESQL)
    comment = (_MYSQL_LINE_COMMENT if dialect is Dialect.MYSQL else _LINE_COMMENT).match(text, at)
    return None if comment is None else Token(Kind.COMMENT, comment.group(), at)


def _string(text: str, at: int, inside: int, kind: Kind, *, backslashes: bool) -> Token:
    if not backslashes:
        return _closed(text, at, "'", kind, inside)
    match = _BACKSLASHED.match(text, inside)
    end = inside if match is None else match.end()
    closed = text.startswith("'", end)
    return Token(kind, text[at : end + 1], at, closed)


def _closed(  # noqa: PLR0913 - all that quotes differ in
    text: str, at: int, closer: str, kind: Kind, inside: int | None = None, *, backslashes: bool = False
) -> Token:
    """From `at` to the closer; two of them in a row are one character of the inside."""
    end = at + 1 if inside is None else inside
    while end < len(text):
        if backslashes and text[end] == "\\":
            end += 2
        elif text[end] != closer:
            end += 1
        elif text.startswith(closer, end + 1) and closer != "]":
            end += 2
        else:
            return Token(kind, text[at : end + 1], at)
    return Token(kind, text[at:], at, closed=False)


def _dollar_quoted(text: str, at: int) -> Token | None:
    tag = _DOLLAR_TAG.match(text, at)
    if tag is None:
        return None
    end = text.find(tag.group(), tag.end())
    if end < 0:
        return Token(Kind.OPAQUE, text[at:], at, closed=False)
    return Token(Kind.OPAQUE, text[at : end + len(tag.group())], at)


def _block_comment(text: str, at: int, *, nested: bool) -> Token:
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, at):
        if edge.group() == "/*":
            depth = depth + 1 if nested else 1
        else:
            depth -= 1
            if depth == 0:
                return Token(Kind.COMMENT, text[at : edge.end()], at)
    return Token(Kind.COMMENT, text[at:], at, closed=False)
