"""Edits of a file at the places of its findings; every other character stays as it is."""

from collections.abc import Iterable

from akrun.lint.check import check_channel
from akrun.lint.finding import Edit, Finding
from akrun.lint.select import Selection

_MOST_ROUNDS = 10


def fixed(text: str, name: str, *, is_json: bool, selection: Selection) -> tuple[str, int]:
    """The text with all that can be mended for certain, and how many findings that were.

    Mending goes on until there is nothing left to mend, so doing it again changes nothing.
    """
    count = 0
    for _ in range(_MOST_ROUNDS):
        found = [each for each in selection.of(check_channel(text, name, is_json=is_json)) if each.edits]
        if not found:
            break
        text = edited(text, found)
        count += len(found)
    return text, count


def edited(text: str, findings: Iterable[Finding]) -> str:
    """The text after the findings' edits; of two that overlap the first one counts."""
    edits = sorted({edit for finding in findings for edit in finding.edits}, key=_place)
    pieces, end = [], 0
    for edit in edits:
        if edit.span.start >= end:
            pieces += [text[end : edit.span.start], edit.text]
            end = edit.span.end
    return "".join([*pieces, text[end:]])


def _place(edit: Edit) -> tuple[int, int, str]:
    return edit.span.start, edit.span.end, edit.text
