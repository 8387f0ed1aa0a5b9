"""Semantic highlighting: the parts of the templates inside a file's strings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pygments.token import Keyword, Name, Number, Operator, String, _TokenType

from akrun.editor.documents import Document
from akrun.editor.templates import Kind
from aktmpl.highlight import QueryLexer, TemplateLexer
from aktmpl.source import Span

LEGEND = ("macro", "variable", "property", "function", "keyword", "operator", "number", "string")
"""The protocol's types of tokens that are used; a token's type is its place here."""

_TYPES: tuple[tuple[_TokenType, str], ...] = (
    (String.Interpol, "macro"),
    (String.Escape, "macro"),
    (Name.Variable, "variable"),
    (Name.Attribute, "property"),
    (Name.Function, "function"),
    (Operator.Word, "keyword"),
    (Operator, "operator"),
    (Keyword, "keyword"),
    (Number, "number"),
    (String, "string"),
)
_text, _query = TemplateLexer(), QueryLexer()


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a template: where it stands in the file, and its place in `LEGEND`."""

    span: Span
    kind: int


def tokens(document: Document, within: Span | None = None) -> list[Token]:
    """The tokens of all templates of a file, in its order, or of those that a part of it touches."""
    snapshot = document.snapshot
    if snapshot is None or not document.is_channel:
        return []
    found = []
    for leaf in snapshot.leaves:
        origin = snapshot.origin(leaf)
        whole = document.now(Span(origin.offsets[0], origin.offsets[-1]))
        if within is None or (whole.start <= within.end and within.start <= whole.end):
            found += [
                Token(document.now(origin.span(span)), kind) for span, kind in _lexed(leaf.text, leaf.kind)
            ]
    return [*_apart(sorted(found, key=lambda each: each.span))]


def _apart(found: Iterable[Token]) -> Iterator[Token]:
    """Tokens of which none begins in another: an alias of YAML, or what is being typed, can make such."""
    end = 0
    for each in found:
        if end <= each.span.start < each.span.end:
            yield each
            end = each.span.end


@lru_cache(8192)
def _lexed(text: str, kind: Kind) -> tuple[tuple[Span, int], ...]:
    return tuple(_tokens(text, kind))


def _tokens(text: str, kind: Kind) -> Iterator[tuple[Span, int]]:
    lexer = _query if kind == "query" else _text
    for offset, token, written in lexer.get_tokens_unprocessed(text):
        name = next((name for parent, name in _TYPES if _is_a(token, parent)), None)
        if name is not None and written:
            yield Span(offset, offset + len(written)), LEGEND.index(name)


def _is_a(token: _TokenType, parent: _TokenType) -> bool:
    return token[: len(parent)] == parent
