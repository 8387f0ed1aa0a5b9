"""What a person is told when the parser stops: no terminal names, the cause, and a cure."""

import re
from typing import Any

from aktmpl.errors import TemplateError, error
from aktmpl.nodes import Node
from aktmpl.source import Source, Span

_WORD = re.compile(r"\w+|[=<>!~&|?]+|\S", re.DOTALL)
_CLOSING = {"${": "}", "$#{": "}", "$${": "}", "(": ")", "[": "]", "{": "}", "'": "'", '"': '"'}
_CLOSERS = {"}", ")", "]"}
_COMPARISON = re.compile(r"[=<>!~]|contains\b|is\b", re.IGNORECASE)
_STRING_BODY = {"SINGLE_TEXT", "DOUBLE_TEXT"}
_CURES = {
    "&": "write `&&` or `and`",
    "===": "write `=`",
    "!==": "write `!=`",
    "=~": "write `~=`",
    "!~": "write `!~=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "**": "write `^` for a power",
    "#": "`$#` stands before a path or a brace: `$#in.x`, `$#{in.x}`",
}


def explain(unexpected: Any, source: Source, start: str) -> TemplateError:
    """The located error for the parser's exception.

    Args:
        unexpected: The parser's `UnexpectedInput`.
        source: The text.
        start: The grammar's start rule, which says what kind of text it is.
    """
    expected = _expected(unexpected)
    stack = _stack(unexpected)
    offset = _offset(unexpected, source)
    if start == "expansion":
        return _bad_expansion(source, offset)
    if expected & _STRING_BODY:
        quote = _last_open(stack, {"'", '"'})
        span = Span(quote.start_pos, len(source.text)) if quote else Span(offset, len(source.text))
        return error("E103", "a string literal that does not end", source, span, "add the closing quote")
    match = _WORD.match(source.text, offset)
    if match is None:
        return _at_end(source, stack)
    word, span = match.group(), Span(*match.span())
    if _COMPARISON.match(word) and len(stack) > 1 and _COMPARISON.match(str(stack[-2])):
        hint = "join two comparisons by `and`"
        return error("E107", "comparisons cannot be chained", source, span, hint)
    if word in _CLOSERS:
        opener = _last_open(stack, set(_CLOSING))
        if opener is not None and _CLOSING[str(opener)] != word and "NUMBER" not in expected:
            return _at_end(source, stack)
    return error("E101", _message(word, expected, stack), source, span, _hint(word, expected))


def _expected(unexpected: Any) -> set[str]:
    for name in ("allowed", "expected", "accepts"):
        found = getattr(unexpected, name, None)
        if found:
            return set(found)
    return set()


def _stack(unexpected: Any) -> list[Any]:
    interactive = getattr(unexpected, "interactive_parser", None)
    return list(interactive.parser_state.value_stack) if interactive else []


def _offset(unexpected: Any, source: Source) -> int:
    token = getattr(unexpected, "token", None)
    if token is not None and token.type == "$END":
        return len(source.text)
    offset = unexpected.pos_in_stream
    length = len(source.text)
    return length if offset is None else min(offset, length)


def _last_open(stack: list[Any], openers: set[str]) -> Any:
    """The innermost token of `openers` on the stack that is not closed yet."""
    closed = 0
    for item in reversed(stack):
        if isinstance(item, Node | tuple | list):
            continue
        if str(item) in _CLOSERS:
            closed += 1
        elif str(item) in openers:
            if not closed:
                return item
            closed -= 1
    return None


def _at_end(source: Source, stack: list[Any]) -> TemplateError:
    opener = _last_open(stack, set(_CLOSING))
    end = len(source.text)
    if opener is None:
        return error("E101", "a value is missing at the end", source, Span(max(0, end - 1), end))
    text = str(opener)
    span = Span(opener.start_pos, opener.end_pos)
    return error("E102", f"`{text}` is never closed", source, span, f"add `{_CLOSING[text]}`")


def _message(word: str, expected: set[str], stack: list[Any]) -> str:
    before = str(stack[-1]) if stack and not isinstance(stack[-1], Node | tuple | list) else ""
    if "SEGMENT" in expected:
        return f"expected a field name after `{before}`, not `{word}`"
    if before == "|":
        return f"expected a function's name after `|`, not `{word}`"
    if before.lower() in ("is", "isnot"):
        return f"expected `null`, `defined` or `empty` after `{before}`, not `{word}`"
    if "NUMBER" in expected:
        return f"expected a value before `{word}`" if word in ")]},:|?" else f"expected a value, not `{word}`"
    return f"unexpected `{word}`"


def _hint(word: str, expected: set[str]) -> str | None:
    if word in _CURES:
        return _CURES[word]
    if "NUMBER" in expected:
        return "a value is a path, a literal, a function call, or an expression in parentheses"
    if word[0].isalnum() or word[0] in "'\"_$":
        return "an operator is missing before it"
    return None


def _bad_expansion(source: Source, offset: int) -> TemplateError:
    span = Span(min(offset, max(0, len(source.text) - 1)), len(source.text))
    hint = "an expansion names its result in brackets at the end of the key"
    return error("E105", "an expansion key is `$$path[name]` or `$${expression}[name]`", source, span, hint)
