"""The tests of the examples and the shipped channels: all pass, and leave nothing of the channels out."""

from pathlib import Path

import pytest

from akrun.testkit.report import failures
from akrun.testkit.suite import coverage_of, run_suite

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "examples").glob("*/*.test.yaml")),
    *sorted((ROOT / "src/akrun/channels").glob("*.test.yaml")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_cases_pass_and_cover_the_channel(path: Path) -> None:
    (report,) = run_suite([path])
    assert report.passed, "\n".join(failures(report))
    (coverage,) = coverage_of([report])
    assert coverage.missed() == []


def test_every_channel_has_tests() -> None:
    channels = [*(ROOT / "examples").glob("*/channel.json"), *(ROOT / "src/akrun/channels").glob("*.json")]
    tested = {path.with_suffix("").with_suffix(".json") for path in FILES}
    assert set(channels) <= tested
