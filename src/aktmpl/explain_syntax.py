"""What a person is told when the parser stops: no terminal names, the cause, and a cure."""

import re
from typing import Any

from aktmpl.errors import TemplateError, cut, error
from aktmpl.source import Source, Span
from aktmpl.syntax_cures import OPERATOR_RUN, cure_of_operator, cure_of_word

_WORD = re.compile(r"\w+|[=<>!~&|?]+|\S", re.DOTALL)
_CLOSING = {"${": "}", "$#{": "}", "$${": "}", "(": ")", "[": "]", "{": "}"}
_CLOSERS = set(_CLOSING.values())
_COMPARISON = re.compile(r"[=<>!~]|contains\b|is\b", re.IGNORECASE)
_STRING_BODY = {"SINGLE_TEXT", "DOUBLE_TEXT"}
_STRING_TOKENS = {*_STRING_BODY, "ESCAPE", "DOLLAR", "STRING_PATH", "STRING_TYPED"}
_VALUE = "a value is a path, a literal, a function call, or an expression in parentheses"
_TESTS = "`null`, `defined` or `empty`"


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
    if start == "expansion" and not _inside_braces(stack):
        return bad_expansion(source, offset)
    if expected & _STRING_BODY:
        quote = _open_quote(stack)
        span = Span(quote.start_pos if quote else offset, len(source.text))
        return error("E103", "a string literal that does not end", source, span, "add the closing quote")
    match = _WORD.match(source.text, offset)
    if match is None:
        return _at_end(source, stack, expected)
    word, span = match.group(), Span(*match.span())
    operator = _whole_operator(source.text, offset)
    if operator is not None:
        message, cure = f"unexpected `{source.text[operator.start : operator.end]}`", cure_of_operator
        return error("E101", message, source, operator, cure(source.text[operator.start : operator.end]))
    if _COMPARISON.match(word) and len(stack) > 1 and _COMPARISON.match(str(stack[-2])):
        hint = "join two comparisons by `and`"
        return error("E107", "comparisons cannot be chained", source, span, hint)
    if word in _CLOSERS and "NUMBER" not in expected and (opener := _innermost(stack)) is not None:
        if _CLOSING[str(opener)] != word:
            return _wrong_closer(word, span, source, stack, opener)
        if word == "}" and "COLON" in expected and "?" in map(str, stack):
            hint = "`condition ? value : other value`"
            return error("E101", "a conditional without its `:`", source, span, hint)
    message = _message(word, expected, stack)
    return error("E101", message, source, span, _hint(source.text, span, expected, stack))


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


def _is_token(item: Any) -> bool:
    return isinstance(item, str)  # nodes, pairs and the parser's lists of repeated items are not


def _inside_braces(stack: list[Any]) -> bool:
    """Whether the parser stopped between `$${` and its brace."""
    return bool(stack) and str(stack[0]) == "$${" and "}" not in map(str, filter(_is_token, stack))


def _open_quote(stack: list[Any]) -> Any:
    """The quote of the string literal that the parser stopped in."""
    quotes = (item for item in reversed(stack) if _is_token(item) and item.type not in _STRING_TOKENS)
    return next(quotes, None)


def _innermost(stack: list[Any], closing: str | None = None) -> Any:
    """The innermost bracket that is open, or the innermost that `closing` would close."""
    closed = 0
    for item in reversed(stack):
        if not _is_token(item):
            continue
        if str(item) in _CLOSERS:
            closed += 1
        elif str(item) in _CLOSING:
            if closed:
                closed -= 1
            elif closing is None or _CLOSING[str(item)] == closing:
                return item
    return None


def _whole_operator(text: str, offset: int) -> Span | None:
    """The run of operator characters around an offset, when it is one that other languages have."""
    for match in OPERATOR_RUN.finditer(text, max(0, offset - 3)):
        if match.start() <= offset < match.end() and cure_of_operator(match.group()):
            return Span(*match.span())
    return None


def _wrong_closer(word: str, span: Span, source: Source, stack: list[Any], opener: Any) -> TemplateError:
    if _innermost(stack, word) is None:
        return error("E101", f"`{word}` closes nothing", source, span, "remove it, or add what it closes")
    return _unclosed(source, opener)


def _unclosed(source: Source, opener: Any) -> TemplateError:
    text = str(opener)
    span = Span(opener.start_pos, opener.end_pos)
    return error("E102", f"`{text}` is never closed", source, span, f"add `{_CLOSING[text]}`")


def _at_end(source: Source, stack: list[Any], expected: set[str]) -> TemplateError:
    opener = _innermost(stack)
    if opener is not None:
        return _unclosed(source, opener)
    end = len(source.text)
    last = Span(max(0, end - 1), end)
    if not source.text.strip():
        return error("E101", "an empty query", source, Span(0, 0), "a query is a condition: `in.a = 1`")
    if "TEST" in expected:
        return error("E101", f"{_TESTS} is missing at the end", source, last)
    if "SEGMENT" in expected:
        return error("E101", "a field name is missing at the end", source, last)
    return error("E101", "a value is missing at the end", source, last, _VALUE)


def _message(word: str, expected: set[str], stack: list[Any]) -> str:
    before = str(stack[-1]) if stack and _is_token(stack[-1]) else ""
    shown = cut(word)
    if "SEGMENT" in expected:
        return f"expected a field name after `{before}`, not `{shown}`"
    if before == "|":
        return f"expected a function's name after `|`, not `{shown}`"
    if "TEST" in expected:
        return f"expected {_TESTS} after `{before}`, not `{shown}`"
    if "NUMBER" in expected:
        return f"expected a value{' before' if word in ')]},:|?' else ', not'} `{shown}`"
    if before in ("{", ",") and "NAME" in expected:
        return f"expected a key, not `{shown}`"
    return f"unexpected `{shown}`"


def _hint(text: str, span: Span, expected: set[str], stack: list[Any]) -> str | None:
    word = text[span.start : span.end]
    if "SEGMENT" in expected:
        return "after a dot stands a name, `%0` or a name in quotes; a key from the data is `[…]` without one"
    if text.startswith(("${", "$#"), span.start):
        return "`${…}` and `$#` are forms of text: inside an expression write the path alone"
    if "TEST" in expected:
        return "compare to anything else with `=`: `in.a = true`"
    if stack and str(stack[-1]) in ("{", ",") and "NUMBER" not in expected and "NAME" in expected:
        return "a key is a name or a string in quotes"
    if word == "." and text[span.end : span.end + 1].isdigit():
        return "a number has a digit before its point: `0.5`"
    if not text.startswith(".", span.end) and (cure := cure_of_word(word)):
        return cure
    if "NUMBER" in expected:
        return _VALUE
    if word[0].isalnum() or word[0] in "'\"_$":
        if text[span.start - 1 : span.start] in ("'", '"'):
            return "a string ended right before it: a quote inside a string is written `\\'` or `\\\"`"
        return "an operator is missing before it"
    return None


def bad_expansion(source: Source, offset: int) -> TemplateError:
    """The error for a key that is nearly an expansion, from `offset` on."""
    span = Span(min(offset, max(0, len(source.text) - 1)), len(source.text))
    hint = "an expansion names its result in brackets at the end of the key"
    return error("E105", "an expansion key is `$$path[name]` or `$${expression}[name]`", source, span, hint)
