"""Findings as SARIF 2.1.0 (OASIS), which code scanning services read."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from akrun.lint.finding import Edit, Finding
from akrun.lint.rules import RULES
from aktmpl.source import Source, outermost

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(findings: Sequence[Finding]) -> str:
    """A log of one run: the rules with their explanations, the results with their places and fixes."""
    rules = [_rule(code) for code in sorted({each.code for each in findings})]
    driver = {"name": "akrun lint", "version": version("akrun"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each) for each in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(code: str) -> dict[str, Any]:
    for rule in RULES:
        if rule.id == code:
            return {
                "id": code,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.explanation},
                "help": {"text": rule.cure},
                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
            }
    return {"id": code}


def _result(finding: Finding) -> dict[str, Any]:
    text = finding.message + (f"\n{finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": {**_artifact(finding), "region": _region(finding)}}],
    }
    if finding.edits:
        result["fixes"] = [_fix(finding)]
    return result


def _artifact(finding: Finding) -> dict[str, Any]:
    return {"artifactLocation": {"uri": quote(Path(finding.place[0]).as_posix())}}


def _region(finding: Finding) -> dict[str, int]:
    _, line, column = finding.place
    end_line, end_column = finding.end
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fix(finding: Finding) -> dict[str, Any]:
    source, _ = outermost(finding.source, finding.span)
    replacements = [_replacement(edit, source) for edit in finding.edits]
    change = {**_artifact(finding), "replacements": replacements}
    return {"description": {"text": finding.hint or finding.message}, "artifactChanges": [change]}


def _replacement(edit: Edit, source: Source) -> dict[str, Any]:
    line, column = source.position(edit.span.start)
    end_line, end_column = source.position(edit.span.end)
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}
