"""Findings for people: frames, in colours where a terminal shows them, and a line that counts them."""

import re
from collections import Counter
from collections.abc import Sequence

import click

from akrun.lint.finding import Finding, Severity

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_WORDS = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
_CARETS = re.compile(r"^(\s*\| \s*)(\^+)$")
_GUTTER = re.compile(r"^(\s*(?:\d+ )?\s*\|)(.*)$")
_HINT = re.compile(r"^(\s*= hint:)(.*)$")


def render(findings: Sequence[Finding], files: int, *, colour: bool = False) -> str:
    """The frames of all findings, file by file, and the summary.

    Args:
        findings: in the order in which they are shown.
        files: how many files were looked at.
        colour: whether the text commands a terminal's colours.
    """
    parts = [_coloured(each) if colour else each.frame() for each in findings]
    return "\n\n".join([*parts, summary(findings, files, colour=colour)])


def summary(findings: Sequence[Finding], files: int, *, colour: bool = False) -> str:
    """One line: how many findings of each severity, in how many files, and how many `--fix` mends."""
    number = counts(findings)
    named = [
        click.style(f"{number[each]} {_word(each, number[each])}", _COLOURS[each], bold=True) if colour
        else f"{number[each]} {_word(each, number[each])}"
        for each in _SEVERITIES
        if number[each]
    ]  # fmt: skip
    where = f"{files} channel" if files == 1 else f"{files} channels"
    if not named:
        return click.style(f"{where}: nothing wrong", "green") if colour else f"{where}: nothing wrong"
    fixable = sum(bool(each.edits) for each in findings)
    return f"{where}: {', '.join(named)}" + (f"; --fix mends {fixable}" if fixable else "")


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    counter = Counter(each.severity for each in findings)
    return {severity: counter[severity] for severity in _SEVERITIES}


def _word(severity: str, number: int) -> str:
    return _WORDS[severity][number != 1]


def _coloured(finding: Finding) -> str:
    """The frame with its parts told apart: the place, what is wrong, the carets, the hint."""
    head, *rest = finding.frame().split("\n")
    colour = _COLOURS[finding.severity]
    place, _, said = head.partition(f": {finding.severity} ")
    word = click.style(f"{finding.severity} {finding.code}", colour, bold=True)
    told = said.removeprefix(f"{finding.code} ")
    rows = [f"{click.style(place, bold=True)}: {word} {told}"]
    return "\n".join(rows + [_row(row, colour) for row in rest])


def _row(row: str, colour: str) -> str:
    if found := _CARETS.match(row):
        return click.style(found[1], dim=True) + click.style(found[2], colour, bold=True)
    if found := _HINT.match(row):
        return click.style(found[1], "cyan") + found[2]
    if found := _GUTTER.match(row):
        return click.style(found[1], dim=True) + found[2]
    return row
