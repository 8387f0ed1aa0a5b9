"""Edits that mend faults of templates for which there is only one cure."""

from akrun.lint.finding import Edit
from aktmpl.source import Source, Span, outermost

_TEXT_ONLY = ("E104", "E209")
"""Faults of a `$#` where only text can be: beside other text, and in a key."""


def cure(code: str, source: Source, span: Span) -> tuple[Edit, ...]:
    """The edits that mend a fault; none where a person has to decide, or the text stands in no file."""
    if code not in _TEXT_ONLY or source.origin is None:
        return ()
    if source.text[span.start : span.start + 2] != "$#":
        return ()
    _, sign = outermost(source, Span(span.start + 1, span.start + 2))
    return (Edit(sign, ""),)
