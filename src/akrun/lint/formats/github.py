"""Findings as workflow commands, which GitHub shows at the lines of a pull request."""

from collections.abc import Sequence

from akrun.lint.finding import Finding

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(findings: Sequence[Finding]) -> str:
    """One command a line; see docs.github.com, "Workflow commands for GitHub Actions"."""
    return "\n".join(map(_command, findings))


def _command(finding: Finding) -> str:
    name, line, column = finding.place
    end_line, end_column = finding.end
    place = {"file": name, "line": line, "endLine": end_line, "title": finding.code}
    if line == end_line:  # columns of several lines are refused
        place |= {"col": column, "endColumn": end_column}
    properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items())
    text = finding.message + (f" ({finding.hint})" if finding.hint else "")
    return f"::{_COMMANDS[finding.severity]} {properties}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
