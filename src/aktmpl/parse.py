"""Text to nodes: the parser that the grammar describes, and a short way for texts without expressions.

Lark lives here and nowhere else. Its tables are built once per process, when the first text with an
expression is parsed; most strings of a channel are plain text or bare paths and never need them.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aktmpl import explain_syntax
from aktmpl.build import Builder, SpanFault, element, merge, reference, span_of
from aktmpl.errors import SyntaxFault, TemplateError, error, together
from aktmpl.limits import Limits
from aktmpl.nodes import (
    Access,
    Condition,
    Expression,
    Insert,
    Node,
    Reference,
    Template,
    Typed,
)
from aktmpl.source import Source, Span

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

_DOLLAR_KINDS = ("ESCAPED_DOLLAR", "DOLLAR")
_KEYWORD = re.compile(r"(?:true|false|null|not)\Z", re.IGNORECASE)


def grammar_text() -> str:
    """The grammar file: beside the modules in an installed package, at the top of the source tree else."""
    packaged = Path(__file__).parent / "grammar" / "template.lark"
    path = packaged if packaged.is_file() else Path(__file__).parents[2] / "grammar" / "template.lark"
    return path.read_text(encoding="utf-8")


@cache
def _parser() -> "Lark":
    from lark import Lark  # noqa: PLC0415 - importing it takes longer than all the rest of the package

    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start=["text", "query", "expansion"],
        transformer=Builder(),  # any object with the rules' methods serves
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def parse_text(source: Source, limits: Limits, *, in_expansion: bool = False) -> Template:
    """Parse a text template.

    Args:
        source: The text.
        limits: Bounds of its length, nesting and paths.
        in_expansion: `[$]path` is a reference; otherwise it is text.

    Raises:
        SyntaxFault: E1xx; it knows all faults that were found.
        LimitError: E5xx.
    """
    _check_size(source, limits)
    text = source.text
    if "$" not in text:
        return _template(merge([(text, Span(0, len(text)))] if text else []), source, limits)
    parts = _simple_parts(text, in_expansion=in_expansion)
    if parts is None:
        parts = _recover(source, in_expansion=in_expansion)
    return _template(parts, source, limits)


def parse_query(source: Source, limits: Limits) -> Condition:
    """Parse a query; errors as `parse_text` raises them."""
    _check_size(source, limits)
    expression: Expression = _parse(source, "query")
    _check_node(expression, source, limits)
    return Condition(Span(0, len(source.text)), expression, source)


def parse_expansion(source: Source, limits: Limits, start: int = 0) -> tuple[Expression, str]:
    """Parse an object key `$$path[name]` from offset `start`; gives what to expand and the name."""
    _check_size(source, limits)
    expression, name, _ = _parse(source, "expansion", " " * start + source.text[start:])
    _check_node(expression, source, limits)
    return expression, name


def _check_size(source: Source, limits: Limits) -> None:
    if len(source.text) > limits.template:
        message = f"a template of {len(source.text):,} characters; the limit is {limits.template:,}"
        raise error("E501", message, source, Span(0, 0))


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
        raise explain_syntax.explain(unexpected, source, start) from None


def _recover(source: Source, *, in_expansion: bool) -> list[Any]:
    """Parse a text; after a fault go on behind the next brace, so that one pass finds all faults."""
    text = source.text
    faults: list[TemplateError] = []
    begin = 0
    while True:
        try:
            tokens = _parse(source, "text", " " * begin + text[begin:])
            parts = _parts(tokens, source, in_expansion=in_expansion)
        except SyntaxFault as fault:
            faults.extend(fault.faults)
        else:
            if not faults:
                return parts
        resume = text.find("}", max(faults[-1].span.end - 1, begin)) + 1
        if not resume or resume >= len(text) or len(faults) >= _MOST_FAULTS or begin >= resume:
            raise together(faults)
        begin = resume


def _parts(tokens: Iterable[Any], source: Source, *, in_expansion: bool) -> list[Any]:
    pieces: list[Any] = []
    faults: list[TemplateError] = []
    for token in tokens:
        if isinstance(token, Node):
            pieces.append(token)
        elif token.type == "STRAY_EXPANSION":
            hint = (
                'an expansion is a key: {"$$path[name]": [...]}; for a dollar sign before a value write `\\$`'
            )
            message = "`$$` can only begin an object key"
            faults.append(error("E105", message, source, span_of(token), hint))
        else:
            pieces.append(_piece(str(token), token.type, span_of(token), in_expansion))
    if faults:
        raise together(faults)
    return merge(pieces)


def _template(parts: list[Any], source: Source, limits: Limits) -> Template:
    faults: list[TemplateError] = []
    if len(parts) > 1:
        for part in parts:
            if isinstance(part, Typed):
                hint = "remove the `#` to insert the value as text, or let it be the whole string"
                faults.append(
                    error("E104", "`$#` cannot be combined with other text", source, part.span, hint)
                )
    for part in parts:
        try:
            _check_node(part, source, limits)
        except TemplateError as fault:
            faults.append(fault)
    if faults:
        raise together(faults)
    return Template(Span(0, len(source.text)), tuple(parts), source)


def _check_node(node: Node, source: Source, limits: Limits) -> None:
    """Hold a parsed tree to the limits, without recursion: the tree may be as deep as the text allowed."""
    if node.depth > limits.depth + 1:
        raise error("E502", f"expressions nested more than {limits.depth} deep", source, node.span)
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Reference | Access) and len(current.segments) > limits.segments:
            message = f"a path of {len(current.segments)} segments; the limit is {limits.segments}"
            raise error("E503", message, source, current.span)
        stack.extend(current.children())
