"""A strict JSON reader (RFC 8259) that knows where everything stands and what a slip was meant to be."""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from akrun.model import codes, json_faults
from akrun.model.positions import MAX_DEPTH, BrokenTextError, Node, Reading, Trouble
from aktmpl.source import Span

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_LOW_SURROGATE = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 400
"""Digits; Python itself refuses to read more than 4,300, and takes quadratic time below that."""


def read_json(text: str) -> Reading:
    """Read one JSON document in time linear in `text`.

    Keys that come twice and halves of surrogate pairs are collected; the last of two equal keys wins.

    Raises:
        BrokenTextError: The text is not JSON, or is nested deeper than `MAX_DEPTH`.
    """
    return _Reader(text).read()


def string_offsets(text: str, span: Span) -> Sequence[int]:
    """Where each character of the JSON string at `span` is written, and one more for the closing quote."""
    first, last = span.start + 1, span.end - 1
    if text.find("\\", first, last) < 0:
        return range(first, last + 1)
    offsets: list[int] = []
    at = first
    while at < last:
        offsets.append(at)
        if text[at] != "\\":
            at += 1
        elif text[at + 1] != "u":
            at += 2
        elif text[at + 2] in "dD" and text[at + 3] in "89abAB" and _LOW_SURROGATE.match(text, at + 6, last):
            at += 12
        else:
            at += 6
    offsets.append(last)
    return offsets


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.troubles: list[Trouble] = []

    def read(self) -> Reading:
        self._space()
        value, root = self._value(0)
        self._space()
        if self.at < len(self.text):
            raise json_faults.after_the_end(self.text, self.at)
        return Reading(value, root, tuple(self.troubles))

    def _space(self) -> str:
        """Skip white space; returns the character after it, empty at the end."""
        self.at = _end(_SPACE, self.text, self.at)
        return self.text[self.at : self.at + 1]

    def _value(self, depth: int) -> tuple[Any, Node]:
        start = self.at
        first = self.text[start : start + 1]
        if first == '"':
            return self._string(), Node(Span(start, self.at))
        if first == "{" or first == "[":  # noqa: PLR1714 - a membership test would let the empty end through
            if depth == MAX_DEPTH:
                self._stop(codes.TOO_LARGE, f"nested deeper than {MAX_DEPTH} levels", Span(start, start + 1))
            return self._object(depth + 1) if first == "{" else self._list(depth + 1)
        number = _NUMBER.match(self.text, start)
        if number is not None and number.end() > start:
            return self._number(number), Node(Span(start, self.at))
        for word, value in _WORDS.items():
            if self.text.startswith(word, start) and not self.text[start + len(word) :][:1].isalnum():
                self.at += len(word)
                return value, Node(Span(start, self.at))
        raise json_faults.no_value(self.text, start)

    def _object(self, depth: int) -> tuple[dict[str, Any], Node]:
        start = self.at
        value: dict[str, Any] = {}
        parts: dict[str, Node] = {}
        self.at += 1
        if self._space() != "}":
            while True:
                self._member(value, parts, start, depth)
                if self._next_or_end(start, "}"):
                    break
        self.at += 1
        return value, Node(Span(start, self.at), parts)

    def _member(self, value: dict[str, Any], parts: dict[str, Node], opened: int, depth: int) -> None:
        if self.text[self.at : self.at + 1] != '"':
            raise json_faults.no_key(self.text, self.at, opened)
        key_start = self.at
        key = self._string()
        key_span = Span(key_start, self.at)
        if self._space() != ":":
            raise json_faults.no_colon(self.text, self.at, key_span)
        self.at += 1
        self._space()
        value[key], node = self._value(depth)
        node.key = key_span
        if key in parts:
            self._note(codes.DUPLICATE_KEY, f"the key `{key[:80]}` stands here a second time", key_span,
                       "keep one of the two")  # fmt: skip
        parts[key] = node

    def _list(self, depth: int) -> tuple[list[Any], Node]:
        start = self.at
        value: list[Any] = []
        parts: list[Node] = []
        self.at += 1
        if self._space() != "]":
            while True:
                item, node = self._value(depth)
                value.append(item)
                parts.append(node)
                if self._next_or_end(start, "]"):
                    break
        self.at += 1
        return value, Node(Span(start, self.at), parts)

    def _next_or_end(self, opened: int, closer: str) -> bool:
        """After an item: whether the collection ends here; otherwise step to the next item."""
        before = self.at
        found = self._space()
        if found == closer:
            return True
        if found != ",":
            raise json_faults.no_comma(self.text, before, self.at, opened)
        comma = self.at
        self.at += 1
        if self._space() == closer:
            raise json_faults.trailing_comma(comma, closer)
        return False

    def _number(self, match: re.Match[str]) -> int | float:
        literal = match.group()
        following = self.text[match.end() : match.end() + 1]
        if following.isalnum() or (following and following in "._"):
            raise json_faults.bad_number(self.text, match.start())
        self.at = match.end()
        span = Span(match.start(), match.end())
        if len(literal) > _LONGEST_NUMBER:
            self._stop(codes.NUMBER_RANGE, f"a number of more than {_LONGEST_NUMBER} digits", span)
        if match.group(1) is None and match.group(2) is None:
            return int(literal)
        number = float(literal)
        if number in (float("inf"), float("-inf")):
            self._stop(codes.NUMBER_RANGE, "the number is too large", span)
        return number

    def _string(self) -> str:
        text, start = self.text, self.at
        parts: list[str] = []
        at = start + 1
        while True:
            plain = at
            at = _end(_PLAIN, text, plain)
            parts.append(text[plain:at])
            stop = text[at : at + 1]
            if stop == '"':
                self.at = at + 1
                return "".join(parts)
            if stop != "\\":
                raise json_faults.bad_text(text, start, at)
            char, at = self._escape(start, at)
            parts.append(char)

    def _escape(self, start: int, at: int) -> tuple[str, int]:
        """The character of the escape at `at`, and where it ends."""
        letter = self.text[at + 1 : at + 2]
        if letter in _ESCAPES:
            return _ESCAPES[letter], at + 2
        digits = _HEX.match(self.text, at + 2) if letter == "u" else None
        if digits is None:
            raise json_faults.bad_escape(self.text, start, at)
        unit, end = int(digits.group(), 16), digits.end()
        if not 0xD800 <= unit <= 0xDFFF:
            return chr(unit), end
        low = _LOW_SURROGATE.match(self.text, end) if unit < 0xDC00 else None
        if low is None:
            self._note(codes.LONE_SURROGATE, "half a character: a surrogate without its other half",
                       Span(at, end), "write the character itself")  # fmt: skip
            return "\ufffd", end
        return chr(0x10000 + ((unit - 0xD800) << 10) + int(low.group(1), 16) - 0xDC00), low.end()

    def _note(self, code: str, message: str, span: Span, hint: str) -> None:
        self.troubles.append(Trouble(code, message, span, hint))

    def _stop(self, code: str, message: str, span: Span) -> NoReturn:
        raise BrokenTextError(Trouble(code, message, span))
