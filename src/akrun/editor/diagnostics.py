"""Diagnostics: what lint says of a channel, and loading of a mailing or test file, at its places."""

from dataclasses import dataclass

from akrun.editor.documents import Document
from akrun.editor.loading import loading_faults
from akrun.lint import Finding, Severity
from akrun.lint.check import examine_channel
from akrun.lint.subject import Subject
from aktmpl.source import Span, outermost

_MOST = 500
"""Findings that are shown of one file."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding at its place in the file.

    Attributes:
        span: in the file; at least one character, if there is one.
        severity: how bad it is.
        code: of the finding.
        message: with the hint on a line of its own.
        unused: whether it says that this part of the file is never used.
    """

    span: Span
    severity: Severity
    code: str
    message: str
    unused: bool = False


_UNUSED = frozenset({"L101", "L301"})


def check(document: Document) -> tuple[tuple[Finding, ...], Subject | None]:
    """What is wrong with a file, nothing for one that is none of ours; and what lint found out about it.

    The second is None for all but channels, and for a channel that does not fit the model.
    """
    if document.kind is None:
        return (), None
    if document.kind != "channel":
        return tuple(dict.fromkeys(map(Finding.of, loading_faults(document)))), None
    findings, subject = examine_channel(document.text, document.name, is_json=document.is_json)
    return tuple(findings), subject


def diagnostics(document: Document) -> list[Diagnostic]:
    """The diagnostics of a file that has been checked."""
    return [_diagnostic(document, each) for each in (document.findings or ())[:_MOST]]


def _diagnostic(document: Document, finding: Finding) -> Diagnostic:
    message = finding.message if finding.hint is None else f"{finding.message}\n{finding.hint}"
    span = span_of(document, finding)
    return Diagnostic(span, finding.severity, finding.code, message, finding.code in _UNUSED)


def span_of(document: Document, finding: Finding) -> Span:
    """Where a finding is."""
    _, span = outermost(finding.source, finding.span)
    last = len(document.text)
    start = min(span.start, max(0, last - 1))
    return Span(start, min(last, max(span.end, start + 1)))
