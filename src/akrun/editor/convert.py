"""What the features give, as the protocol has it."""

from collections.abc import Iterable, Sequence
from typing import Final

from lsprotocol import types as lsp

from akrun.editor.actions import Action
from akrun.editor.diagnostics import Diagnostic
from akrun.editor.documents import Document
from akrun.editor.hover import Hover
from akrun.editor.lines import Lines
from akrun.editor.proposals import Completion
from akrun.editor.tokens import Token
from akrun.lint import Edit
from aktmpl.source import Span

_SEVERITIES: Final = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
_KINDS: Final = {
    "root": lsp.CompletionItemKind.Variable,
    "field": lsp.CompletionItemKind.Field,
    "function": lsp.CompletionItemKind.Function,
    "parameter": lsp.CompletionItemKind.Property,
    "key": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.Value,
}


def span_of(lines: Lines, given: lsp.Range) -> Span:
    """The span of a range."""
    return Span(offset_of(lines, given.start), offset_of(lines, given.end))


def offset_of(lines: Lines, position: lsp.Position) -> int:
    """The offset of a position."""
    return lines.offset(position.line, position.character)


def range_of(lines: Lines, span: Span) -> lsp.Range:
    """The range of a span."""
    (line, column), (last, end) = lines.range(span)
    return lsp.Range(lsp.Position(line, column), lsp.Position(last, end))


def diagnostics(document: Document, found: Iterable[Diagnostic]) -> list[lsp.Diagnostic]:
    """Findings as an editor shows them."""
    return [
        lsp.Diagnostic(
            range=range_of(document.lines, each.span),
            message=each.message,
            severity=_SEVERITIES[each.severity],
            code=each.code,
            source="akrun",
            tags=[lsp.DiagnosticTag.Unnecessary] if each.unused else None,
        )
        for each in found
    ]


def completion(document: Document, found: Sequence[Completion]) -> lsp.CompletionList:
    """Ways to go on, kept in their order."""
    items = [
        lsp.CompletionItem(
            label=each.label,
            kind=_KINDS[each.kind],
            detail=each.detail or None,
            documentation=markdown(each.doc) if each.doc else None,
            sort_text=f"{number:04}",
            filter_text=each.text.removesuffix(": "),
            text_edit=lsp.TextEdit(range_of(document.lines, each.span), each.text),
        )
        for number, each in enumerate(found)
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)


def hover(document: Document, found: Hover) -> lsp.Hover:
    """What is said of a part of the file."""
    return lsp.Hover(markdown(found.text), range_of(document.lines, found.span))


def markdown(text: str) -> lsp.MarkupContent:
    """A text in Markdown."""
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, text)


def edits(document: Document, found: Iterable[Edit]) -> list[lsp.TextEdit]:
    """Edits of a file."""
    return [lsp.TextEdit(range_of(document.lines, each.span), each.text) for each in found]


def action(uri: str, document: Document, found: Action, kind: str) -> lsp.CodeAction:
    """A code action, with what it mends."""
    return lsp.CodeAction(
        title=found.title,
        kind=kind,
        is_preferred=kind == lsp.CodeActionKind.QuickFix or None,
        edit=lsp.WorkspaceEdit(changes={uri: edits(document, found.edits)}),
    )


def tokens(document: Document, found: Iterable[Token]) -> lsp.SemanticTokens:
    """Tokens, each counted from the one before; those of several lines are cut to their lines."""
    data: list[int] = []
    line = column = 0
    for each in found:
        for span in _rows(document.text, each.span):
            row, start = document.lines.position(span.start)
            width = document.lines.units(document.text[span.start : span.end])
            data += [row - line, start - column if row == line else start, width, each.kind, 0]
            line, column = row, start
    return lsp.SemanticTokens(data=data)


def _rows(text: str, span: Span) -> Iterable[Span]:
    start = span.start
    while start < span.end:
        end = text.find("\n", start, span.end)
        stop = span.end if end < 0 else end
        if stop > start:
            yield Span(start, stop)
        start = stop + 1
