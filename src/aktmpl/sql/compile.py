"""A text template that is SQL, compiled to a statement with parameters.

The template is parsed first, then the SQL around its references is cut into tokens, so that for each
reference it is known whether it stands alone, in a string, in a comment or in place of a name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aktmpl.build import merge
from aktmpl.errors import TemplateError, error, together
from aktmpl.nodes import Call, Insert, Template, Text, Typed
from aktmpl.source import Source, Span
from aktmpl.sql.lexer import HOLE, Dialect, Kind, Token, tokens
from aktmpl.sql.places import Place
from aktmpl.sql.template import MembersPiece, NamePiece, Piece, SqlTemplate, TextPiece, ValuePiece

if TYPE_CHECKING:
    from aktmpl.templates import TextTemplate

MARK = "sql_identifier"
"""The filter that marks a reference as a name."""

Part = Text | Insert | Typed

_SKIPPED = (Kind.SPACE, Kind.COMMENT)
_NO_PARAMETER = (Kind.COMMENT, Kind.NAME, Kind.OPAQUE)
_JOINED = (Kind.WORD, Kind.NUMBER, Kind.HOLE)
_JOINED_HINT = "put all of the name into the expression"


def compile_sql(
    parts: Sequence[Part],
    source: Source,
    dialect: Dialect,
    make: Callable[[Template], "TextTemplate"],
    check: Callable[[Template], list[TemplateError]],
) -> SqlTemplate:
    """Compile a parsed text.

    Args:
        parts: What the text is made of.
        source: The text.
        dialect: How the database quotes.
        make: Template node → compiled template.
        check: Template node → its faults.

    Raises:
        TemplateError: With all faults: E109 for SQL that is not one whole statement, E210 for a reference
            that cannot be a parameter, and those of `check`.
    """
    text, holes = _with_holes(parts, source)
    compiler = _Compiler(_Layout(parts, source), holes, dialect, make, check)
    pieces = compiler.statement(list(tokens(text, dialect)))
    if compiler.faults:
        raise together(sorted(compiler.faults, key=lambda fault: fault.span))
    return SqlTemplate(pieces, source)


@dataclass(frozen=True, slots=True)
class _Hole:
    """A reference of the statement."""

    part: Insert | Typed
    is_name: bool


def _with_holes(parts: Sequence[Part], source: Source) -> tuple[str, dict[int, _Hole]]:
    """The text with a `HOLE` for each reference, and the references by offset in it."""
    pieces: list[str] = []
    holes: dict[int, _Hole] = {}
    length = 0
    for part in parts:
        if isinstance(part, Text):
            if HOLE in part.value:
                raise error("E109", "SQL with the character NUL in it", source, part.span)
            pieces.append(part.value)
        else:
            pieces.append(HOLE)
            holes[length] = _hole(part)
        length += len(pieces[-1])
    return "".join(pieces), holes


def _hole(part: Insert | Typed) -> _Hole:
    call = part.expression
    if isinstance(call, Call) and call.name == MARK and len(call.arguments) == 1 and not call.named:
        return _Hole(type(part)(part.span, call.arguments[0]), is_name=True)
    return _Hole(part, is_name=False)


class _Layout:
    """Which part of the source an offset of the text with holes belongs to."""

    def __init__(self, parts: Sequence[Part], source: Source) -> None:
        self.source = source
        self._starts: list[tuple[int, Part]] = []
        length = 0
        for part in parts:
            self._starts.append((length, part))
            length += len(part.value) if isinstance(part, Text) else 1

    def span(self, start: int, end: int) -> Span:
        """The place in the source; within text with escapes it may be a little too far to the left."""
        return Span(self._offset(start), max(self._offset(end - 1) + 1, self._offset(start) + 1))

    def _offset(self, at: int) -> int:
        start, part = next(
            (each for each in reversed(self._starts) if each[0] <= at), (0, Text(Span(0, 0), ""))
        )
        return min(part.span.start + at - start, max(part.span.end - 1, 0))


class _Compiler:
    def __init__(
        self,
        layout: _Layout,
        holes: dict[int, _Hole],
        dialect: Dialect,
        make: Callable[[Template], "TextTemplate"],
        check: Callable[[Template], list[TemplateError]],
    ) -> None:
        self.layout = layout
        self.holes = holes
        self.dialect = dialect
        self.make = make
        self.check = check
        self.place = Place(dialect)
        self.faults: list[TemplateError] = []

    def statement(self, found: list[Token]) -> tuple[Piece, ...]:
        """The pieces of the whole statement, without a semicolon at its end."""
        marks = [index for index, token in enumerate(found) if token.kind not in _SKIPPED]
        while marks and found[marks[-1]].text == ";":
            del found[marks.pop() :]
        for index in marks:
            if found[index].text == ";":
                self.broken("there is more than one statement", found[index], "a pipe for each of them")
        if not marks:
            span = Span(0, len(self.layout.source.text))
            self.faults.append(error("E109", "there is no statement", self.layout.source, span))
        for token in found:
            if not token.closed:
                self.broken(f"{token.kind} is not closed", replace(token, text=token.text[:1]))
        for token in found:
            if token.kind in _NO_PARAMETER and token.holes:
                hint = "write a plain string: '…'" if token.kind is Kind.OPAQUE else None
                self.refused(token, f"no parameter can stand in {token.kind}", hint)
        for hole in self.holes.values():
            self.faults.extend(self.check(self.typed(hole)))
        return self.pieces(found)

    def pieces(self, found: list[Token]) -> tuple[Piece, ...]:
        """The pieces of a run of tokens."""
        made: list[Piece] = []
        index = 0
        while index < len(found):
            members = self.members(found, index)
            if members is not None:
                piece, index = members
                made.append(piece)
                continue
            token = found[index]
            index += 1
            behind = next((each for each in found[index:] if each.kind not in _SKIPPED), None)
            made.append(self.piece(token, behind) if token.holes else token.text)
            if token.kind not in _SKIPPED:
                self.place.read(token)
        return _joined(made)

    # ------------------------------------------------------------------------------------- references

    def piece(self, token: Token, behind: Token | None) -> Piece:
        """What a token with references in it becomes."""
        if token.kind in _NO_PARAMETER:
            return token.text  # told already
        hole = self.holes[token.holes[0]]
        alone = token.kind is Kind.HOLE or len(token.text) == len("'?'")
        if any(self.holes[at].is_name for at in token.holes):
            return self.name(token, hole, behind, alone=alone)
        objection = self.place.objection(token, behind)
        if objection is not None:
            return self.refused(token, *objection)
        if token.kind is Kind.HOLE:
            return ValuePiece(self.make(self.typed(hole)))
        if alone:
            return ValuePiece(self.make(self.typed(hole)), self.make(self.inserted(hole)))
        return TextPiece(self.make(self.literal(token)))

    def name(self, token: Token, hole: _Hole, behind: Token | None, *, alone: bool) -> Piece:
        """What a reference marked as a name becomes."""
        if token.kind is Kind.STRING or not alone:
            message = f"a name cannot stand in {token.kind}, nor beside other text in quotes"
            return self.refused(token, message, "write it without the quotes")
        last = self.place.before[-1] if self.place.before else None
        if last is not None and last.end == token.start and last.kind in _JOINED:
            return self.refused(token, f"the name is joined to `{last.text[:40]}`", _JOINED_HINT)
        if behind is not None and behind.start == token.end and behind.kind in _JOINED:
            return self.refused(token, f"the name is joined to `{behind.text[:40]}`", _JOINED_HINT)
        return NamePiece(self.make(self.inserted(hole)))

    def typed(self, hole: _Hole) -> Template:
        """The reference's value."""
        part = hole.part
        return Template(part.span, (Typed(part.span, part.expression),), self.layout.source)

    def inserted(self, hole: _Hole) -> Template:
        """The reference's text."""
        part = hole.part
        return Template(part.span, (Insert(part.span, part.expression),), self.layout.source)

    def literal(self, token: Token) -> Template:
        """The text of a string with references in it; its quotes and escapes are taken away."""
        quote = token.text[0]
        start = self.layout.span(token.start, token.end)
        made: list[Any] = []
        at = 1
        inside = token.text[:-1]
        while at < len(inside):
            hole = self.holes.get(token.start + at) if inside[at] == HOLE else None
            if hole is not None:
                made.append(Insert(hole.part.span, hole.part.expression))
                at += 1
            else:
                char, at = self.character(inside, at, quote)
                made.append((char, start))
        return Template(start, tuple(merge(made)), self.layout.source)

    def character(self, text: str, at: int, quote: str) -> tuple[str, int]:
        """One character of a string, and where the next one is."""
        if text[at] == quote:
            return quote, at + 2
        if self.dialect is Dialect.MYSQL and text[at] == "\\" and at + 1 < len(text):
            following = text[at + 1]
            return _ESCAPES.get(following, following), at + 2
        return text[at], at + 1

    # ------------------------------------------------------------------------------------------ lists

    def members(self, found: list[Token], index: int) -> tuple[Piece, int] | None:
        """`[NOT] IN (…)` that begins at `index`, if an item of it is a reference; and what follows it."""
        negated = found[index].word == "NOT"
        at = _following(found, index) if negated else index
        if at is None or found[at].word != "IN" or found[at].kind is not Kind.WORD:
            return None
        opening = _following(found, at)
        if opening is None:
            return None
        if found[opening].kind is not Kind.HOLE:
            return self.listed(found, opening, negated=negated, last=found[at])
        self.place.read(found[at])
        hole = found[opening]
        behind = next((each for each in found[opening + 1 :] if each.kind not in _SKIPPED), None)
        piece = self.piece(hole, behind)
        self.place.read(hole)
        return MembersPiece(((piece,),), negated), opening + 1

    def listed(
        self, found: list[Token], opening: int, *, negated: bool, last: Token
    ) -> tuple[Piece, int] | None:
        items, end = _items(found, opening)
        if end is None or not any(_is_reference(item) for item in items):
            return None
        self.place.read(last)
        self.place.read(found[opening])
        pieces = []
        for number, item in enumerate(items):
            if number:
                self.place.read(Token(Kind.SYMBOL, ",", item[0].start - 1 if item else 0))
            pieces.append(self.pieces(_stripped(item)))
        self.place.read(found[end])
        return MembersPiece(tuple(pieces), negated), end + 1

    # ----------------------------------------------------------------------------------------- faults

    def refused(self, token: Token, message: str, hint: str | None) -> str:
        """Note that the references of a token cannot be parameters; returns what stands for them."""
        span = self.holes[token.holes[0]].part.span
        self.faults.append(error("E210", message, self.layout.source, span, hint))
        return "NULL"

    def broken(self, message: str, token: Token, hint: str | None = None) -> None:
        span = self.layout.span(token.start, token.end)
        self.faults.append(error("E109", message, self.layout.source, span, hint))


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def _following(found: list[Token], index: int) -> int | None:
    """The index of the next token that counts."""
    return next((at for at in range(index + 1, len(found)) if found[at].kind not in _SKIPPED), None)


def _items(found: list[Token], opening: int) -> tuple[list[list[Token]], int | None]:
    """What the commas between a parenthesis and its partner separate, and where that one is."""
    if found[opening].text != "(":
        return [], None
    items: list[list[Token]] = [[]]
    depth = 0
    for index in range(opening, len(found)):
        text = found[index].text if found[index].kind is Kind.SYMBOL else ""
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return items, index
        if text == "," and depth == 1:
            items.append([])
        elif index > opening:
            items[-1].append(found[index])
    return items, None


def _stripped(item: list[Token]) -> list[Token]:
    counted = [index for index, token in enumerate(item) if token.kind not in _SKIPPED]
    return item[counted[0] : counted[-1] + 1] if counted else []


def _is_reference(item: list[Token]) -> bool:
    inside = _stripped(item)
    if len(inside) != 1 or not inside[0].holes:
        return False
    quoted = inside[0].kind in (Kind.STRING, Kind.DOUBLE) and len(inside[0].text) == len("'?'")
    return quoted or inside[0].kind is Kind.HOLE


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbouring texts as one."""
    made: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and made and isinstance(made[-1], str):
            made[-1] += piece
        else:
            made.append(piece)
    return tuple(made)
