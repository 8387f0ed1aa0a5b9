"""A compiled SQL statement: its text, and what becomes a parameter or a name in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from aktmpl.errors import Fault, TemplateError
from aktmpl.references import PathRead
from aktmpl.source import Source
from aktmpl.values import text_form

if TYPE_CHECKING:
    from aktmpl.templates import TextTemplate

Scope = Mapping[str, Any]


# ------------------------------------------------------------------------------------- what is executed


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that is bound to a parameter."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a table or column, still to be allowed and quoted."""

    text: str


@dataclass(frozen=True, slots=True)
class Members:
    """`IN (…)`, or `NOT IN (…)` when negated; it may have no items, which few dialects can write."""

    items: "tuple[tuple[SqlPart, ...], ...]"
    negated: bool = False


SqlPart: TypeAlias = str | Bound | Name | Members
"""What a rendered statement is made of; a string is SQL as its author wrote it."""


# -------------------------------------------------------------------------------------- what is compiled


@dataclass(frozen=True, slots=True)
class ValuePiece:
    """A reference that becomes a parameter.

    Attributes:
        value: gives the value.
        text: gives its text form, for one that stands alone in quotes; None keeps the value's type.
    """

    value: "TextTemplate"
    text: "TextTemplate | None" = None

    def render(self, scope: Scope) -> Bound:
        """The parameter. In quotes null stays null, everything else becomes text."""
        value = self.value.render(scope)
        return Bound(value if self.text is None or value is None else self.text.render_text(scope))

    def render_items(self, scope: Scope) -> Iterator[Bound]:
        """As items of `IN (…)`: one for each element of a list."""
        value = self.value.render(scope)
        if not isinstance(value, list):
            yield self.render(scope)
            return
        for element in value:
            yield Bound(element if self.text is None or element is None else self._text_of(element))

    def _text_of(self, element: Any) -> str:
        try:
            return text_form(element)
        except Fault as fault:
            raise fault.at(self.value.source, self.value.nodes.span) from None


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A string with references in it, which becomes one parameter: its text."""

    text: "TextTemplate"

    def render(self, scope: Scope) -> Bound:
        """The parameter."""
        return Bound(self.text.render_text(scope))


@dataclass(frozen=True, slots=True)
class NamePiece:
    """A reference marked `| sql_identifier`."""

    name: "TextTemplate"

    def render(self, scope: Scope) -> Name:
        """The name."""
        return Name(self.name.render_text(scope))


@dataclass(frozen=True, slots=True)
class MembersPiece:
    """`IN (…)` with at least one item that may be a list."""

    items: "tuple[tuple[Piece, ...], ...]"
    negated: bool

    def render(self, scope: Scope) -> Members:
        """The items, lists among them spread out."""
        items: list[tuple[SqlPart, ...]] = []
        for item in self.items:
            if len(item) == 1 and isinstance(item[0], ValuePiece):
                items.extend((each,) for each in item[0].render_items(scope))
            else:
                items.append(_rendered(item, scope))
        return Members(tuple(items), self.negated)


Piece: TypeAlias = str | ValuePiece | TextPiece | NamePiece | MembersPiece


class SqlTemplate:
    """A statement whose references are parameters.

    Attributes:
        source: The text.
    """

    def __init__(self, pieces: tuple[Piece, ...], source: Source) -> None:
        self._pieces = pieces
        self.source = source

    def __repr__(self) -> str:
        return f"<SqlTemplate {self.source.text!r}>"

    def render(self, scope: Scope) -> tuple[SqlPart, ...]:
        """The statement with the scope's values, none of them in its text.

        Raises:
            TemplateError: As the references raise it.
        """
        return _rendered(self._pieces, scope)

    def specialize(self, scope: Scope) -> Self:
        """The statement with the roots in `scope` folded in; see `TextTemplate.specialize`."""
        return type(self)(tuple(_specialized(piece, scope) for piece in self._pieces), self.source)

    def references(self) -> list[PathRead]:
        """Every path the statement reads."""
        return [read for template in self.templates() for read in template.references()]

    def templates(self) -> list["TextTemplate"]:
        """The references, each as a template of its own."""
        return [*_templates(self._pieces)]

    def names(self) -> list["TextTemplate"]:
        """The references marked `| sql_identifier`."""
        return [piece.name for piece in _leaves(self._pieces) if isinstance(piece, NamePiece)]

    def constant_names(self) -> list[tuple["TextTemplate", str]]:
        """Those of `names` that are known without data, each with the name it gives."""
        known = []
        for template in self.names():
            if not template.references():
                try:
                    known.append((template, template.render_text({})))
                except TemplateError:
                    continue  # an error for rendering
        return known


def _rendered(pieces: tuple[Piece, ...], scope: Scope) -> tuple[SqlPart, ...]:
    return tuple(piece if isinstance(piece, str) else piece.render(scope) for piece in pieces)


def _leaves(pieces: tuple[Piece, ...]) -> Iterator[str | ValuePiece | TextPiece | NamePiece]:
    for piece in pieces:
        if isinstance(piece, MembersPiece):
            for item in piece.items:
                yield from _leaves(item)
        else:
            yield piece


def _templates(pieces: tuple[Piece, ...]) -> Iterator["TextTemplate"]:
    for piece in _leaves(pieces):
        match piece:
            case ValuePiece(value=template) | TextPiece(text=template) | NamePiece(name=template):
                yield template


def _specialized(piece: Piece, scope: Scope) -> Piece:
    match piece:
        case str():
            return piece
        case ValuePiece(value=value, text=text):
            return ValuePiece(value.specialize(scope), None if text is None else text.specialize(scope))
        case TextPiece(text=text):
            return TextPiece(text.specialize(scope))
        case NamePiece(name=name):
            return NamePiece(name.specialize(scope))
        case MembersPiece(items=items, negated=negated):
            folded = tuple(tuple(_specialized(each, scope) for each in item) for item in items)
            return MembersPiece(folded, negated)
