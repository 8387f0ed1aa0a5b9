"""Text to nodes: the parser that the grammar describes, and a short way for texts without expressions.

Lark is loaded when the first text with an expression is parsed; most strings of a channel are plain text or
bare paths and never need it.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from aktmpl.build import SpanFault, element, merge, reference, span_of
from aktmpl.errors import Fault, TemplateError, error, together
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Access,
    Condition,
    Expression,
    Insert,
    Literal,
    Reference,
    Template,
    Text,
    Typed,
)
from aktmpl.source import Source, Span
from aktmpl.values import check_number

if TYPE_CHECKING:
    from lark import Lark

_MOST_FAULTS = 20
"""A text that is wrong all over is not worth more messages than this."""

_PATH = r"[^\W\d_]\w*(?:\.(?:%-?\d+|\w+))*"
_SIMPLE_PART = re.compile(
    rf"""
      (?P<text>     (?: [^$\\\[] | \\+(?![\\$]) | \[(?!\$\#?\]) )+ )
    | \$ (?P<path>{_PATH})
    | \$ \{{ (?P<braced_path>{_PATH}) \}}
    | \$\# (?P<typed_path>{_PATH})
    | \$\# \{{ (?P<typed_braced_path>{_PATH}) \}}
    | (?P<dollar>   (?:\\\\)*\\\$ | \$(?! \#?[^\W\d_] | \#?\{{ | \$[^\W\d_] | \$\{{ ) )
    | (?P<backslashes> (?:\\\\)+(?=\$) )
    | (?P<element>  \[\$\#?\](?:(?:%-?\d+|\w+)(?:\.(?:%-?\d+|\w+))*)? )
    """,
    re.VERBOSE,
)
"""The parts that need no parser; they mean what the grammar says, which a law in the tests holds them to."""

_PATHS = (Reference, Access)
_SURROGATE = re.compile("[\ud800-\udfff]")
_DOLLAR_KINDS = ("ESCAPED_DOLLAR", "DOLLAR")
_KEYWORD = re.compile(r"(?:true|false|null|not)(?!\w)", re.IGNORECASE)


@cache
def _parser() -> "Lark":
    from aktmpl.lark_parser import parser  # noqa: PLC0415 - importing Lark takes as long as all the rest

    return parser()


def parse_text(
    source: Source, limits: Limits, *, in_expansion: bool = False, faults: list[TemplateError] | None = None
) -> Template:
    """Parse a text template.

    Args:
        source: The text.
        limits: Bounds of its length, nesting and paths.
        in_expansion: `[$]path` is a reference; otherwise it is text.
        faults: Where faults are added instead of being raised; the template then lacks what is wrong.

    Raises:
        SyntaxFault: E1xx; it knows all faults that were found.
        LimitError: E5xx.
    """
    found: list[TemplateError] = []
    parts = _all_parts(source, limits, found, in_expansion=in_expansion)
    template = _template(parts, source, limits, found)
    if faults is not None:
        faults.extend(found)
    elif found:
        raise together(found)
    return template


def parse_parts(source: Source, limits: Limits) -> list[Text | Insert | Typed]:
    """The parts of a text in which `$#` may stand beside other text; errors as `parse_text` raises them."""
    faults: list[TemplateError] = []
    parts = _all_parts(source, limits, faults, in_expansion=False)
    faults += _broken_limits(parts, source, limits)
    if faults:
        raise together(faults)
    return parts


def _all_parts(
    source: Source, limits: Limits, faults: list[TemplateError], *, in_expansion: bool
) -> list[Any]:
    try:
        _check_text(source, limits)
        text = source.text
        if "$" not in text:
            return merge([(text, Span(0, len(text)))] if text else [])
        parts = _simple_parts(text, in_expansion=in_expansion)
    except SpanFault as fault:
        faults.append(fault.at(source, fault.span))
        return []
    except TemplateError as fault:
        faults.append(fault)
        return []
    return _recover(source, faults, in_expansion=in_expansion) if parts is None else parts


def parse_query(source: Source, limits: Limits) -> Condition:
    """Parse a query; errors as `parse_text` raises them."""
    _check_text(source, limits)
    expression: Expression = _parse(source, "query")
    _check_node(expression, source, limits)
    return Condition(Span(0, len(source.text)), expression, source)


def parse_expansion(source: Source, limits: Limits, start: int = 0) -> tuple[Expression, str]:
    """Parse an object key `$$path[name]` from offset `start`; gives what to expand and the name."""
    _check_text(source, limits)
    expression, name, place = _parse(source, "expansion", " " * start + source.text[start:])
    text = source.text
    if place.end < len(text) or text[place.start - 1].isspace():  # what an expression may have around it
        from aktmpl import explain_syntax  # noqa: PLC0415 - only errors need it

        raise explain_syntax.bad_expansion(source, min(place.start - 1, len(text) - 1))
    _check_node(expression, source, limits)
    return expression, name


def _check_text(source: Source, limits: Limits) -> None:
    if len(source.text) > limits.template:
        message = f"a template of {len(source.text):,} characters; the limit is {limits.template:,}"
        raise error("E501", message, source, Span(0, 0))
    if not source.text.isascii() and (half := _SURROGATE.search(source.text)):
        hint = "it is what is left of an emoji or another rare character that was cut in two"
        raise error("E106", "half a surrogate pair is no character", source, Span(*half.span()), hint)


def _simple_parts(text: str, *, in_expansion: bool) -> list[Any] | None:
    """The parts of a text that holds only plain text and paths; None when it holds more."""
    pieces: list[Any] = []
    offset = 0
    while offset < len(text):
        match = _SIMPLE_PART.match(text, offset)
        if match is None:
            return None
        span = Span(offset, match.end())
        offset = match.end()
        group = match.lastgroup or ""
        if group.endswith("path"):
            if _KEYWORD.match(match[group]):
                return None
            node = reference(match[group], match.start(group), span)
            pieces.append(Typed(span, node) if group.startswith("typed") else Insert(span, node))
        else:
            pieces.append(_piece(match.group(), group.upper(), span, in_expansion))
    return merge(pieces)


def _piece(text: str, kind: str, span: Span, in_expansion: bool) -> Any:  # noqa: FBT001
    """A lexer's piece of a text: plain text with its place, or the reference that `[$]path` is."""
    if kind == "ELEMENT" and in_expansion:
        node = element(text, span.start, span)
        return Typed(span, node) if text.startswith("[$#") else Insert(span, node)
    if kind in _DOLLAR_KINDS:
        return "\\" * ((len(text) - 1) // 2) + "$", span
    if kind == "BACKSLASHES":
        return text[: len(text) // 2], span
    return text, span


def _parse(source: Source, start: str, text: str | None = None) -> Any:
    """Run the parser; every fault comes out as a located `SyntaxFault`."""
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415 - see `_parser`

    text = source.text if text is None else text
    try:
        return _parser().parse(text, start=start)
    except SpanFault as fault:
        raise fault.at(source, fault.span) from None
    except UnexpectedInput as unexpected:
        from aktmpl import explain_syntax  # noqa: PLC0415 - only errors need it

        raise explain_syntax.explain(unexpected, source, start) from None


def _recover(source: Source, faults: list[TemplateError], *, in_expansion: bool) -> list[Any]:
    """Parse a text; what is wrong is left out and parsing goes on, so that one pass finds all faults."""
    pieces: list[Any] = []
    begin, end = 0, len(source.text)
    while begin < end:
        try:
            pieces += _parse_range(source, begin, end)
            break
        except TemplateError as fault:
            faults.append(fault)
            start, resume = _broken_part(source.text, fault.span)
            with suppress(TemplateError):  # a part that cannot be told from what is wrong
                pieces += _parse_range(source, begin, start)
            begin = max(resume, begin + 1) if len(faults) < _MOST_FAULTS else end
    return _parts(pieces, source, faults, in_expansion=in_expansion)


def _parse_range(source: Source, start: int, end: int) -> list[Any]:
    """The pieces of a part of a text, with their places in the whole; blanks stand for what is before."""
    pieces: list[Any] = _parse(source, "text", " " * start + source.text[start:end])
    return pieces


def _broken_part(text: str, fault: Span) -> tuple[int, int]:
    """From the `${` before a fault to the brace behind it."""
    start = max(text.rfind("${", 0, fault.start + 2), text.rfind("$#{", 0, fault.start + 3))
    end = text.find("}", max(fault.end - 1, start)) + 1
    return max(start, 0), end or len(text)


def _parts(
    tokens: Iterable[Any], source: Source, faults: list[TemplateError], *, in_expansion: bool
) -> list[Any]:
    pieces: list[Any] = []
    for token in tokens:
        if isinstance(token, Node):
            pieces.append(token)
        elif token.type == "STRAY_EXPANSION":
            if len(faults) >= _MOST_FAULTS:
                break
            hint = (
                'an expansion is a key: {"$$path[name]": [...]}; for a dollar sign before a value write `\\$`'
            )
            message = "`$$` can only begin an object key"
            faults.append(error("E105", message, source, span_of(token), hint))
        else:
            pieces.append(_piece(str(token), token.type, span_of(token), in_expansion))
    return merge(pieces)


def _template(parts: list[Any], source: Source, limits: Limits, faults: list[TemplateError]) -> Template:
    if len(parts) > 1:
        for part in parts:
            if isinstance(part, Typed) and len(faults) < _MOST_FAULTS:
                hint = "remove the `#` to insert the value as text, or let it be the whole string"
                faults.append(
                    error("E104", "`$#` cannot be combined with other text", source, part.span, hint)
                )
    broken = list(islice(_broken_limits(parts, source, limits), _MOST_FAULTS))
    faults.extend(broken)
    # Nothing that walks the tree shall meet one that is too deep.
    return Template(Span(0, len(source.text)), () if broken else tuple(parts), source)


def _broken_limits(parts: Iterable[Node], source: Source, limits: Limits) -> Iterator[TemplateError]:
    for part in parts:
        try:
            _check_node(part, source, limits)
        except TemplateError as fault:
            yield fault


def _check_node(node: Node, source: Source, limits: Limits) -> None:
    """Hold a parsed tree to the limits, without recursion: the tree may be as deep as the text allowed."""
    if node.depth > limits.depth + 1:
        raise error("E502", f"expressions nested more than {limits.depth} deep", source, node.span)
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, _PATHS) and len(current.segments) > limits.segments:
            message = f"a path of {len(current.segments):,} segments; the limit is {limits.segments:,}"
            raise error("E503", message, source, current.span)
        if isinstance(current, Literal) and type(current.value) is int:
            try:
                check_number(current.value, limits)
            except Fault as fault:
                raise fault.at(source, current.span) from None
        if current.size > 1 and not (isinstance(current, Reference) and current.is_static):
            stack.extend(current.children())
