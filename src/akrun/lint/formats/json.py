"""Findings as JSON."""

import json
from collections.abc import Sequence

from akrun.lint.finding import Finding
from akrun.lint.formats.text import counts


def render(findings: Sequence[Finding]) -> str:
    """An object of `findings`, each as `Finding.to_dict` says, and `summary`: how many of each severity."""
    value = {"findings": [each.to_dict() for each in findings], "summary": counts(findings)}
    return json.dumps(value, ensure_ascii=False, indent=2)
