"""Code actions: what `akrun lint --fix` would mend, one finding at a time or all at once."""

from dataclasses import dataclass

from akrun.editor.diagnostics import span_of
from akrun.editor.documents import Document
from akrun.lint import Edit, Finding, Selection, fixed
from aktmpl.source import Span


@dataclass(frozen=True, slots=True)
class Action:
    """Edits that mend a finding, which are all made or none.

    Attributes:
        title: what they do, for people.
        edits: of the file.
        finding: what they mend; None for all that can be mended.
    """

    title: str
    edits: tuple[Edit, ...]
    finding: Finding | None = None


def actions(document: Document, span: Span) -> list[Action]:
    """What can be mended in a part of a file; nothing while the file is not looked at."""
    return [
        Action(f"{each.code}: {each.hint or each.message}", each.edits, each)
        for each in document.findings or ()
        if each.edits and _touch(span_of(document, each), span)
    ]


def fix_all(document: Document) -> Action | None:
    """All that can be mended for certain, as one edit; None where there is nothing."""
    if not any(each.edits for each in document.findings or ()):
        return None
    text, count = fixed(document.text, document.name, is_json=document.is_json, selection=Selection())
    if text == document.text:
        return None
    return Action(f"Mend all that lint can mend ({count})", (_difference(document.text, text),))


def _touch(a: Span, b: Span) -> bool:
    return a.start <= b.end and b.start <= a.end


def _difference(before: str, after: str) -> Edit:
    """One edit that makes one text of another."""
    most = min(len(before), len(after))
    start = next((at for at in range(most) if before[at] != after[at]), most)
    most -= start
    tail = next((at for at in range(most) if before[-at - 1] != after[-at - 1]), most)
    return Edit(Span(start, len(before) - tail), after[start : len(after) - tail])
