"""How far a line has come: inside an expression or not, inside a string, inside whose parentheses.

Unlike the parser this works on text that is not finished yet.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "document", "query"]

_OPENING = re.compile(r"\$(?:\$|#)?\{")
_ESCAPED = re.compile(r"\\+\$?")
_NAME_BEFORE = re.compile(r"([^\W\d]\w*)\s*\Z")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Position:
    """What is open at the end of a text.

    Attributes:
        expression: An expression, rather than text.
        string: The quote of a string literal, or nothing.
        brackets: How many brackets, braces and parentheses.
        call: The function whose arguments these are, or nothing.
        arguments: The text after that function's parenthesis.
    """

    expression: bool
    string: str
    brackets: int
    call: str = ""
    arguments: str = ""


def scan(text: str, kind: Kind) -> Position:
    """What is open at the end of `text`; of a document, in the string where it ends."""
    if kind == "document":
        return _scan_document(text)
    scanner = _Scanner(text, in_expression=kind == "query")
    scanner.run()
    call, start = scanner.calls[-1] if scanner.calls else ("", len(text))
    expression = kind == "query" or bool(scanner.stack)
    return Position(expression, scanner.quote, len(scanner.stack), call, text[start:])


def unfinished(text: str, kind: Kind) -> bool:
    """Whether more must follow before the text can be a template; an empty last line ends it anyway."""
    if text.endswith("\n"):
        return False
    if kind == "document":
        depth, string = _json_state(text)
        return depth > 0 or string is not None
    position = scan(text, kind)
    return position.brackets > 0 or (position.expression and bool(position.string))


class _Scanner:
    """Reads a text once. `stack` holds what is open, `calls` the named parentheses among it."""

    def __init__(self, text: str, *, in_expression: bool) -> None:
        self.text = text
        self.in_expression = in_expression
        self.stack: list[str] = []
        self.calls: list[tuple[str, int]] = []
        self.quote = ""

    def run(self) -> None:
        offset = 0
        while offset < len(self.text):
            inside = self.in_expression or self.stack
            offset = self.expression(offset) if inside else self.plain(offset)

    def plain(self, offset: int) -> int:
        if escaped := _ESCAPED.match(self.text, offset):
            slashes = escaped.group().rstrip("$")
            return escaped.end() if len(slashes) % 2 else offset + len(slashes)
        if opening := _OPENING.match(self.text, offset):
            self.stack.append("{")
            return opening.end()
        return offset + 1

    def expression(self, offset: int) -> int:
        char = self.text[offset]
        if self.quote:
            if char == "\\":
                return offset + 2
            self.quote = "" if char == self.quote else self.quote
        elif char in "'\"":
            self.quote = char
        elif char in _PAIRS:
            self.open(char, offset)
        elif self.stack and char == _PAIRS[self.stack[-1]]:
            self.close()
        return offset + 1

    def open(self, char: str, offset: int) -> None:
        self.stack.append(char)
        name = _NAME_BEFORE.search(self.text, 0, offset) if char == "(" else None
        if char == "(":
            self.calls.append((name[1] if name else "", offset + 1))

    def close(self) -> None:
        if self.stack.pop() == "(":
            self.calls.pop()


def _json_state(text: str) -> tuple[int, int | None]:
    """How many brackets of JSON are open, and where the string begins in which the text ends."""
    depth = 0
    start: int | None = None
    offset = 0
    while offset < len(text):
        char = text[offset]
        if start is not None:
            if char == "\\":
                offset += 1
            elif char == '"':
                start = None
        elif char == '"':
            start = offset + 1
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
        offset += 1
    return depth, start


def _scan_document(text: str) -> Position:
    _, start = _json_state(text)
    if start is None:
        return Position(expression=False, string="", brackets=0)
    return scan(text[start:].replace('\\"', '"'), "text")
