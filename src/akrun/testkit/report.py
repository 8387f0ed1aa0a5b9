"""What people read of a test run: a line for each file, every failure with its diff, and the coverage."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from akrun.testkit.coverage import Coverage, Totals
from akrun.testkit.run import CaseResult
from akrun.testkit.suite import FileReport

_MARKS: Final[Mapping[str, str]] = {"passed": ".", "failed": "F", "error": "E"}
MOST_MISSED: Final = 20
"""Places without coverage that are listed."""


def file_line(report: FileReport) -> str:
    """The line of a file: `channel.test.yaml ..F. 3 passed, 1 failed`."""
    if report.error is not None:
        return f"{report.path} cannot be run"
    marks = "".join(_MARKS[each.state] for each in report.results)
    return f"{report.path} {marks}"


def failures(report: FileReport) -> Iterator[str]:
    """The lines of everything that went wrong in a file."""
    if report.error is not None:
        yield from ("", f"FAILED {report.path}", "")
        yield from report.error.splitlines()
    for result in report.results:
        if not result.passed:
            yield from ("", f"FAILED {report.path}:{result.line} {result.name}")
            yield from findings(report.path, result)


def findings(path: Path, result: CaseResult) -> Iterator[str]:
    """The lines of what was not as a case expects; the first of each names its place."""
    for line, finding in result.findings:
        yield from ("", f"{path}:{line}: {finding.title}")
        yield from (f"    {each}" if each else "" for each in finding.lines)


def summary(reports: Sequence[FileReport], seconds: float) -> str:
    """The last line: how many passed and failed, and how long it took."""
    states = [each.state for report in reports for each in report.results]
    parts = [f"{states.count('passed')} passed"]
    for state, words in (("failed", "failed"), ("error", "could not be run")):
        if state in states:
            parts.append(f"{states.count(state)} {words}")
    broken = sum(report.error is not None for report in reports)
    if broken:
        parts.append(f"{broken} {'file' if broken == 1 else 'files'} could not be read")
    return f"{', '.join(parts)} in {seconds:.2f} s"


def coverage_lines(found: Sequence[Coverage], *, places: bool = True) -> Iterator[str]:
    """How much of the channels was covered, and the places that were not."""
    for each in found:
        yield f"{each.name}: {totals_text(each.totals())}"
        missed = each.missed() if places else []
        for pipeline, pipe, way in missed[:MOST_MISSED]:
            yield f"    {pipeline} {pipe}: " + (f"exit {way} was never taken" if way else "was never entered")
        if len(missed) > MOST_MISSED:
            yield f"    and {len(missed) - MOST_MISSED} more"


def totals_text(totals: Totals) -> str:
    """`pipes 12 of 14 (85 %), exits 20 of 20 (100 %)`."""
    pipes = f"pipes {totals.entered} of {totals.pipes} ({percent(totals.entered, totals.pipes)})"
    return f"{pipes}, exits {totals.taken} of {totals.exits} ({percent(totals.taken, totals.exits)})"


def percent(part: int, whole: int) -> str:
    """A share in whole percent; 100 only for all of it."""
    return f"{100 if part == whole else min(99, round(100 * part / whole))} %"
