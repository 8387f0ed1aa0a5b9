"""JUnit XML, as continuous integration reads it."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from akrun.testkit.report import findings
from akrun.testkit.run import CaseResult
from akrun.testkit.suite import FileReport

_UNPRINTABLE: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(reports: Sequence[FileReport], path: Path) -> None:
    """Write a test suite for each file; raises OSError."""
    root = Element("testsuites", name="akrun test")
    for report in reports:
        _suite(root, report)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: Element, report: FileReport) -> None:
    states = [each.state for each in report.results]
    broken = report.error is not None
    suite = SubElement(
        root,
        "testsuite",
        name=str(report.path),
        tests=str(len(states) + broken),
        failures=str(states.count("failed")),
        errors=str(states.count("error") + broken),
        skipped="0",
        time=f"{sum(each.seconds for each in report.results):.3f}",
    )
    for result in report.results:
        _case(suite, report.path, result)
    if report.error is not None:
        case = SubElement(suite, "testcase", classname=str(report.path), name="(the file)")
        _trouble(case, "error", report.error.splitlines()[:1], report.error.splitlines())


def _case(suite: Element, path: Path, result: CaseResult) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=str(path),
        name=_clean(result.name),
        file=str(path),
        line=str(result.line),
        time=f"{result.seconds:.3f}",
    )
    if not result.passed:
        kind = "failure" if result.state == "failed" else "error"
        titles = [finding.title for _, finding in result.findings]
        _trouble(case, kind, titles, list(findings(path, result)))


def _trouble(case: Element, kind: str, titles: Iterable[str], lines: Iterable[str]) -> None:
    trouble = SubElement(case, kind, message=_clean("; ".join(titles)))
    trouble.text = _clean("\n".join(lines).strip("\n"))


def _clean(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", text)
