"""The parser's callbacks: what each rule of the grammar becomes in the tree.

The parser calls a method with the rule's children, tokens and nodes alike; both know where they stand.
Nothing here keeps state, so one builder serves all threads.
"""

import re
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

from aktmpl.errors import Fault
from aktmpl.limits import MOST_DIGITS, MOST_SEGMENTS
from aktmpl.node import Node, replace
from aktmpl.nodes import (
    Access,
    Arithmetic,
    Call,
    Compare,
    Computed,
    Conditional,
    Default,
    Expression,
    Index,
    Insert,
    Interpolation,
    Key,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    ObjectDisplay,
    Power,
    Reference,
    Segment,
    Test,
    Text,
    Typed,
)
from aktmpl.source import Span


class Token(Protocol):
    """What the lexer gives: a string that knows its kind and place."""

    type: str
    start_pos: int
    end_pos: int


Child: TypeAlias = Any
"""A token or a node."""

Piece: TypeAlias = "Insert | tuple[str, Span]"
"""A reference, or plain text with its place."""

_SEGMENT = re.compile(r"%-?\d+|\w+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = {"n": "\n", "t": "\t"}
_COMPARISONS = {"==": "=", "<>": "!="}


class SpanFault(Fault):
    """A fault that the builder found, with its place in the text."""

    def __init__(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        super().__init__(code, message, hint)
        self.span = span


def span_of(child: Child) -> Span:
    """The place of a token or a node."""
    return child.span if isinstance(child, Node) else Span(child.start_pos, child.end_pos)


def _is_node(child: Child) -> bool:
    return isinstance(child, Node)


def _over(children: list[Child]) -> Span:
    return span_of(children[0]).to(span_of(children[-1]))


def split_path(text: str, start: int) -> list[tuple[str, Span]]:
    """The names of `a.b.%0`, which begins at offset `start`, each with its place."""
    found = []
    for name in text.split(".") if text else ():
        found.append((name, Span(start, start + len(name))))
        start += len(name) + 1
    return found


def segment(text: str, span: Span, *, optional: bool = False) -> Segment:
    """`name` or `%N` as a segment."""
    if text.startswith("%"):
        if len(text.lstrip("%-")) > 10:
            raise SpanFault("E505", "an index of more than 10 digits", span)
        return Index(span, int(text[1:]), optional)
    return Key(span, text, optional)


def reference(text: str, start: int, span: Span) -> Reference:
    """The reference that a bare path `root.a.%0` (at offset `start`) is."""
    (root, root_span), *rest = split_path(text, start)
    return Reference(span, root, tuple(segment(*each) for each in rest), root_span)


def element(text: str, start: int, span: Span) -> Reference:
    """The reference that `[$]path` is: a path from the current element."""
    body = text.index("]") + 1
    rest = split_path(text[body:], start + body)
    return Reference(span, "item", tuple(segment(*each) for each in rest), Span(start, start + body))


class Builder:
    """One method per rule of the grammar."""

    # Parts of a text. A list of parts, not yet a template: the caller knows whether `[$]` is text.

    def text(self, children: list[Child]) -> list[Child]:
        """Parts as they stand: nodes, and tokens of plain text."""
        return children

    def query(self, children: list[Child]) -> Expression:
        """The one expression."""
        expression: Expression = children[0]
        return expression

    def insert_path(self, children: list[Child]) -> Insert:
        """`$root.path`."""
        span = span_of(children[0])
        return Insert(span, reference(children[0][1:], span.start + 1, span))

    def typed_path(self, children: list[Child]) -> Typed:
        """`$#root.path`."""
        span = span_of(children[0])
        return Typed(span, reference(children[0][2:], span.start + 2, span))

    def insert(self, children: list[Child]) -> Insert:
        """`${…}`."""
        return Insert(_over(children), children[1])

    def typed(self, children: list[Child]) -> Typed:
        """`$#{…}`."""
        return Typed(_over(children), children[1])

    def expand_path(self, children: list[Child]) -> tuple[Expression, str, Span]:
        """`$$root.path[name]`."""
        path, name = children
        span = span_of(path)
        return reference(path[2:], span.start + 2, span), name[1:-1], span_of(name)

    def expand_expression(self, children: list[Child]) -> tuple[Expression, str, Span]:
        """`$${…}[name]`."""
        return children[1], children[3][1:-1], span_of(children[3])

    # Expressions, low to high.

    def filter(self, children: list[Child]) -> Call:
        """`value | name(arguments)`."""
        value, _, name, *rest = children
        arguments, named = _arguments(rest)
        return Call(
            _over(children), str(name), (value, *arguments), named, piped=True, name_span=span_of(name)
        )

    def call(self, children: list[Child]) -> Call:
        """`name(arguments)`."""
        name, *rest = children
        arguments, named = _arguments(rest)
        return Call(_over(children), str(name), arguments, named, name_span=span_of(name))

    def named_argument(self, children: list[Child]) -> tuple[Token, Expression]:
        """`name=value`."""
        return children[0], children[2]

    def conditional(self, children: list[Child]) -> Conditional:
        """`condition ? then : otherwise`."""
        return Conditional(_over(children), children[0], children[2], children[4])

    def default(self, children: list[Child]) -> Default:
        """`a ?? b`."""
        return Default(_over(children), tuple(children[::2]))

    def disjunction(self, children: list[Child]) -> Logic:
        """`a or b`."""
        return Logic(_over(children), "or", tuple(children[::2]))

    def conjunction(self, children: list[Child]) -> Logic:
        """`a and b`."""
        return Logic(_over(children), "and", tuple(children[::2]))

    def logical_not(self, children: list[Child]) -> Not:
        """`not a`."""
        return Not(_over(children), children[1])

    def compare(self, children: list[Child]) -> Compare:
        """`a = b`."""
        operator = str(children[1]).lower()
        return Compare(_over(children), _COMPARISONS.get(operator, operator), children[0], children[2])

    def test(self, children: list[Child]) -> Test:
        """`a is not null`."""
        negated = children[1].type == "ISNOT" or len(children) == 4
        return Test(_over(children), str(children[-1]).lower(), negated, children[0])

    def sum(self, children: list[Child]) -> Arithmetic:
        """`a + b - c`."""
        pairs = zip(children[1::2], children[2::2], strict=True)
        return Arithmetic(
            _over(children), children[0], tuple((str(sign), operand) for sign, operand in pairs)
        )

    def product(self, children: list[Child]) -> Arithmetic:
        """`a * b / c`."""
        return self.sum(children)

    def power(self, children: list[Child]) -> Power:
        """`a ^ b`."""
        return Power(_over(children), children[0], children[2])

    def negative(self, children: list[Child]) -> Expression:
        """`-a`."""
        operand = children[1]
        if isinstance(operand, Literal) and type(operand.value) in (int, float):
            return Literal(_over(children), -operand.value)
        return Negative(_over(children), operand)

    # Paths.

    def root(self, children: list[Child]) -> Reference:
        """`name`."""
        span = span_of(children[0])
        return Reference(span, str(children[0]), (), span)

    def path(self, children: list[Child]) -> Reference:
        """`$name.path`."""
        span = span_of(children[0])
        return reference(children[0][1:], span.start + 1, span)

    def member(self, children: list[Child]) -> Expression:
        """`target.name`, `target?.name`."""
        target, dot, name = children
        return _step(target, segment(str(name), span_of(name), optional=dot == "?."), _over(children))

    element = member

    def quoted_member(self, children: list[Child]) -> Expression:
        """`target.'odd name'`."""
        target, dot, name = children
        if not isinstance(name, Literal):
            raise SpanFault("E101", "a quoted field name cannot hold a reference", name.span, "use `[…]`")
        return _step(target, Key(name.span, name.value, dot == "?."), _over(children))

    def computed(self, children: list[Child]) -> Expression:
        """`target[expression]`."""
        return _step(children[0], Computed(_over(children[1:]), children[2]), _over(children))

    # Primaries.

    def group(self, children: list[Child]) -> Expression:
        """`(a)`: the same node, wider; it counts as a level of nesting."""
        inner: Expression = children[1]
        outer = replace(inner, span=_over(children))
        object.__setattr__(outer, "depth", inner.depth + 1)
        return outer

    def list_display(self, children: list[Child]) -> ListDisplay:
        """`[a, b]`."""
        return ListDisplay(_over(children), tuple(filter(_is_node, children)))

    def object_display(self, children: list[Child]) -> ObjectDisplay:
        """`{k: v}`."""
        return ObjectDisplay(_over(children), tuple(child for child in children if isinstance(child, tuple)))

    def entry(self, children: list[Child]) -> tuple[Expression, Expression]:
        """`k: v`."""
        key = children[0]
        return key if isinstance(key, Node) else Literal(span_of(key), str(key)), children[2]  # type: ignore[return-value]

    def literal(self, children: list[Child]) -> Literal:
        """A number, `true`, `false` or `null`."""
        token = children[0]
        span = span_of(token)
        if token.type != "NUMBER":
            return Literal(span, {"true": True, "false": False, "null": None}[token.lower()])
        if len(token) > MOST_DIGITS:
            raise SpanFault("E505", f"a number of more than {MOST_DIGITS:,} digits", span)
        if token.isdecimal():
            try:
                return Literal(span, int(token))
            except ValueError:  # the host has set a lower bound, by `sys.set_int_max_str_digits`
                raise SpanFault("E505", "a number of too many digits", span) from None
        value = float(token)
        if value == float("inf"):
            raise SpanFault("E409", "a number too large for a float", span)
        return Literal(span, value)

    def string(self, children: list[Child]) -> Literal | Interpolation:
        """`'text $in.x'`."""
        span = _over(children)
        pieces: list[Piece] = []
        for token in children[1:-1]:
            place = span_of(token)
            if token.type == "STRING_PATH":
                pieces.append(Insert(place, reference(token[1:], place.start + 1, place)))
            elif token.type == "STRING_TYPED":
                hint = f"remove the quotes: `{token[2:]}` has its own type"
                raise SpanFault("E104", "`$#` cannot stand in a string literal", place, hint)
            else:
                pieces.append((_unescape(token) if token.type == "ESCAPE" else str(token), place))
        parts = merge(pieces)
        for part in parts:
            if isinstance(part, Text) and not part.value.isascii():
                _refuse_surrogates(part)
        if not parts:
            return Literal(span, "")
        if len(parts) == 1 and isinstance(parts[0], Text):
            return Literal(span, parts[0].value)
        return Interpolation(span, tuple(parts))


def _arguments(
    children: list[Child],
) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
    positional: list[Expression] = []
    named: list[tuple[str, Expression]] = []
    for child in children:
        if isinstance(child, tuple):
            name, value = child
            if any(name == known for known, _ in named):
                raise SpanFault("E206", f"the argument `{name}` is given twice", span_of(name))
            named.append((str(name), value))
        elif isinstance(child, Node):
            if named:
                raise SpanFault("E206", "a positional argument after a named one", child.span)
            positional.append(child)  # type: ignore[arg-type]
    return tuple(positional), tuple(named)


def _step(target: Expression, step: Segment, span: Span) -> Expression:
    """A path one segment longer; it stays flat. Each step copies the path, so its length is bounded here."""
    if isinstance(target, Reference | Access) and len(target.segments) >= MOST_SEGMENTS:
        raise SpanFault("E503", f"a path of more than {MOST_SEGMENTS:,} segments", span)
    if isinstance(target, Reference):
        return Reference(span, target.root, (*target.segments, step), target.root_span)
    if isinstance(target, Access):
        return Access(span, target.target, (*target.segments, step))
    return Access(span, target, (step,))


def merge(pieces: Iterable[Any]) -> list[Any]:
    """Nodes as they are; neighbouring pieces of plain text, each with its place, as one `Text`."""
    parts: list[Any] = []
    texts: list[str] = []
    place = Span(0, 0)
    for piece in pieces:
        if isinstance(piece, tuple):
            text, span = piece
            place = place.to(span) if texts else span
            texts.append(text)
            continue
        if texts:
            parts.append(Text(place, _pair_surrogates("".join(texts))))
            texts = []
        parts.append(piece)
    if texts:
        parts.append(Text(place, _pair_surrogates("".join(texts))))
    return parts


def _pair_surrogates(text: str) -> str:
    r"""Join the two halves of a character that was written as two `\u` escapes."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _refuse_surrogates(part: Text) -> None:
    if _SURROGATE.search(part.value):
        raise SpanFault("E106", "half a surrogate pair is no character", part.span)


def _unescape(token: str) -> str:
    if token[1] == "u":
        return chr(int(f"0x{token[2:]}", base=0))
    return _ESCAPES.get(token[1], token[1])
