"""The tree of a template: frozen, slotted nodes, each with its span.

Every node answers the same questions: where it stands (`span`), what it is made of (`children()`), how
deep the tree below it is (`depth`), and of how many nodes it is made (`size`). Two nodes are equal when
they mean the same; spans do not count.

    Template            text with references: parts are Text, Insert (as text) or Typed (the whole string)
    Condition           a query: one expression
    Expression          Literal Interpolation ListDisplay ObjectDisplay Reference Access Call
                        Negative Not Logic Compare Test Arithmetic Power Conditional Default
    Segment             Key Index Computed: the steps of a path
    Document            Constant Template Array Object (of Entry and Expansion)
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from aktmpl.node import Node, node
from aktmpl.source import Source, Span

Json: TypeAlias = Any
"""A JSON value or bytes: None, bool, int, float, str, bytes, list, dict with string keys."""


def count_values(value: Json, most: int = 1_000_000) -> int:
    """How many values a value is made of, itself among them; counting ends soon after `most`."""
    if not isinstance(value, list | dict):
        return 1
    count = 1
    level = [value]
    while level and count <= most:
        inner = level.pop()
        count += len(inner)
        items = inner.values() if isinstance(inner, dict) else inner
        level.extend(item for item in items if isinstance(item, list | dict))
    return count


# ---------------------------------------------------------------------------------------------- segments


@node
class Key(Node):
    """`.name`: a field of an object. `optional` is `?.name`: null instead of missing."""

    name: str
    optional: bool = False


@node
class Index(Node):
    """`.%N`: an element of a list; a negative index counts from the end."""

    index: int
    optional: bool = False


@node
class Computed(Node):
    """`[expression]`: a key or an index known only with the data."""

    expression: "Expression"

    def children(self) -> Iterator[Node]:
        """The expression in brackets."""
        yield self.expression


Segment: TypeAlias = Key | Index | Computed


# ------------------------------------------------------------------------------------------- expressions


@node
class Literal(Node):
    """A value written in the template, or folded into it."""

    value: Json

    def measure(self) -> None:
        """A value is as large as all that is in it."""
        object.__setattr__(self, "depth", 1)
        object.__setattr__(self, "size", count_values(self.value))


@node
class Interpolation(Node):
    """A string literal with references in it; its value is always text."""

    parts: "tuple[Text | Insert, ...]"

    def children(self) -> Iterator[Node]:
        """Pieces of text and references."""
        yield from self.parts


@node
class ListDisplay(Node):
    """`[a, b]`."""

    items: "tuple[Expression, ...]"

    def children(self) -> Iterator[Node]:
        """The elements."""
        yield from self.items


@node
class ObjectDisplay(Node):
    """`{k: v}`: keys are expressions that give text."""

    entries: "tuple[tuple[Expression, Expression], ...]"

    def children(self) -> Iterator[Node]:
        """Keys and values in turn."""
        for key, value in self.entries:
            yield key
            yield value


@node
class Reference(Node):
    """A path from a root: `in.data.%0`. `root_span` is the place of the root's name alone."""

    root: str
    segments: tuple[Segment, ...] = ()
    root_span: Span = Span(0, 0)

    @property
    def is_static(self) -> bool:
        """Whether the whole path is known without data."""
        return self.size == 1 + len(self.segments)

    def children(self) -> Iterator[Node]:
        """The segments."""
        yield from self.segments


@node
class Access(Node):
    """A path from any other expression: `f(x).name`."""

    target: "Expression"
    segments: tuple[Segment, ...]

    def children(self) -> Iterator[Node]:
        """The target, then the segments."""
        yield self.target
        yield from self.segments


@node
class Call(Node):
    """`f(x, name=y)`, or `x | f(name=y)` when `piped`: the first argument then came from the left."""

    name: str
    arguments: "tuple[Expression, ...]"
    named: "tuple[tuple[str, Expression], ...]" = ()
    piped: bool = False
    name_span: Span = Span(0, 0)

    def children(self) -> Iterator[Node]:
        """All arguments, named ones last."""
        yield from self.arguments
        for _, value in self.named:
            yield value


@node
class Negative(Node):
    """`-x`."""

    operand: "Expression"

    def children(self) -> Iterator[Node]:
        """The operand."""
        yield self.operand


@node
class Not(Node):
    """`!x`, `not x`."""

    operand: "Expression"

    def children(self) -> Iterator[Node]:
        """The operand."""
        yield self.operand


@node
class Logic(Node):
    """A run of `and` or of `or`, evaluated from the left until the answer is known."""

    operator: str
    operands: "tuple[Expression, ...]"

    def children(self) -> Iterator[Node]:
        """The operands."""
        yield from self.operands


@node
class Compare(Node):
    """Two operands and one of `= != < <= > >= ~= !~= contains`."""

    operator: str
    left: "Expression"
    right: "Expression"

    def children(self) -> Iterator[Node]:
        """Left and right."""
        yield self.left
        yield self.right


@node
class Test(Node):
    """`x is null`, `x is not defined`, `x is empty`."""

    test: str
    negated: bool
    operand: "Expression"

    def children(self) -> Iterator[Node]:
        """The operand."""
        yield self.operand


@node
class Arithmetic(Node):
    """A run of `+ -` or of `* / %`, from the left. One flat node, so that a long sum is not deep."""

    first: "Expression"
    rest: "tuple[tuple[str, Expression], ...]"

    def children(self) -> Iterator[Node]:
        """The operands."""
        yield self.first
        for _, operand in self.rest:
            yield operand


@node
class Power(Node):
    """`base ^ exponent`, from the right."""

    base: "Expression"
    exponent: "Expression"

    def children(self) -> Iterator[Node]:
        """Base and exponent."""
        yield self.base
        yield self.exponent


@node
class Conditional(Node):
    """`condition ? then : otherwise`."""

    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"

    def children(self) -> Iterator[Node]:
        """The condition and both branches."""
        yield self.condition
        yield self.then
        yield self.otherwise


@node
class Default(Node):
    """`a ?? b ?? c`: the first that is neither missing nor null, or else the last."""

    operands: "tuple[Expression, ...]"

    def children(self) -> Iterator[Node]:
        """The candidates."""
        yield from self.operands


Expression: TypeAlias = (
    Literal | Interpolation | ListDisplay | ObjectDisplay | Reference | Access | Call | Negative | Not
    | Logic | Compare | Test | Arithmetic | Power | Conditional | Default
)  # fmt: skip


# --------------------------------------------------------------------------------------------- templates


@node
class Text(Node):
    """Text as it will appear, escapes resolved."""

    value: str


@node
class Insert(Node):
    """`$path` or `${expression}`: the value's text form."""

    expression: Expression

    def children(self) -> Iterator[Node]:
        """The expression."""
        yield self.expression


@node
class Typed(Node):
    """`$#path` or `$#{expression}`: the value itself."""

    expression: Expression

    def children(self) -> Iterator[Node]:
        """The expression."""
        yield self.expression


@node
class Template(Node):
    """A text template. `Typed` stands only as the single part."""

    parts: tuple[Text | Insert | Typed, ...]
    source: Source

    def children(self) -> Iterator[Node]:
        """The parts."""
        yield from self.parts

    @property
    def constant(self) -> str | None:
        """The text, when the template has no reference."""
        if not self.parts:
            return ""
        only = self.parts[0]
        return only.value if len(self.parts) == 1 and isinstance(only, Text) else None


@node
class Condition(Node):
    """A query."""

    expression: Expression
    source: Source

    def children(self) -> Iterator[Node]:
        """The expression."""
        yield self.expression


# --------------------------------------------------------------------------------------------- documents


@node
class Constant(Node):
    """A JSON value without references."""

    value: Json

    def measure(self) -> None:
        """A value is as large as all that is in it."""
        object.__setattr__(self, "depth", 1)
        object.__setattr__(self, "size", count_values(self.value))


@node
class Array(Node):
    """A JSON array."""

    items: "tuple[Document, ...]"

    def children(self) -> Iterator[Node]:
        """The elements."""
        yield from self.items


@node
class Entry(Node):
    """A member of an object. An optional one is left out when its value is null or lacks a field."""

    key: Template
    value: "Document"
    optional: bool = False

    def children(self) -> Iterator[Node]:
        """Key and value."""
        yield self.key
        yield self.value


@node
class Expansion(Node):
    """`"$$path[name]": pattern`: the pattern once per element, collected under `name`.

    Attributes:
        over: Gives the list.
        name: The key of the result.
        pattern: The items rendered for each element; the results are concatenated.
        source: The key's text.
        optional: The key began with `$?`.
    """

    over: Expression
    name: str
    pattern: "tuple[Document, ...]"
    source: Source
    optional: bool = False

    def children(self) -> Iterator[Node]:
        """What is expanded, then the pattern."""
        yield self.over
        yield from self.pattern


@node
class Object(Node):
    """A JSON object."""

    entries: tuple[Entry | Expansion, ...]

    def children(self) -> Iterator[Node]:
        """The members."""
        yield from self.entries


Document: TypeAlias = Constant | Template | Array | Object
AnyNodes: TypeAlias = Template | Condition | Constant | Array | Object
"""What `interpret` and `compile` take."""
