"""Channels with one real mistake each, beside what lint prints of them: `name.json` and `name.json.expected`.

The name begins with the finding that the mistake must give. `RECORD_LINT=1 pytest tests/lint/test_faulty.py`
writes what is printed into the files; the difference is to be read before it is kept.
"""

import os
from pathlib import Path

import pytest

from akrun.lint import RULES, check_channel
from akrun.lint.formats.text import render

FAULTY = Path(__file__).parent / "faulty"
CASES = sorted(path.name for path in FAULTY.iterdir() if path.suffix in {".json", ".yaml"})
RECORDING = bool(os.environ.get("RECORD_LINT"))


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_gives_its_finding_and_no_other(name: str) -> None:
    file = FAULTY / name
    findings = check_channel(file.read_text(encoding="utf-8"), name, is_json=file.suffix == ".json")
    printed = render(findings, 1) + "\n"
    expected = FAULTY / f"{name}.expected"
    if RECORDING:
        expected.write_text(printed, encoding="utf-8")
    assert {finding.code for finding in findings} == {name.partition("-")[0]}
    assert printed == expected.read_text(encoding="utf-8")


def test_every_rule_has_a_mistake() -> None:
    assert {rule.id for rule in RULES} <= {name.partition("-")[0] for name in CASES}


def test_nothing_expected_is_left_of_a_mistake_that_is_gone() -> None:
    assert sorted(path.name for path in FAULTY.glob("*.expected")) == [f"{name}.expected" for name in CASES]
