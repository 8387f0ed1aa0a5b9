"""Every rule's examples: the bad one has its finding, the good one has no error or warning of lint."""

import json

import pytest

from akrun.lint import RULES, check_channel
from akrun.lint.rule import Rule, Sample

IDS = [rule.id for rule in RULES]
FORGIVEN = {"L301", "L303", "L401", "L404"}
"""Small channels leave fields and events unused, and their listeners open."""


def codes_of(sample: Sample) -> list[str]:
    text = json.dumps(sample.document(), indent=1)
    return [finding.code for finding in check_channel(text, "sample.json")]


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_bad_example_has_the_finding(rule: Rule) -> None:
    assert rule.id in codes_of(rule.bad)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_good_example_has_nothing_worse(rule: Rule) -> None:
    found = codes_of(rule.good)
    assert rule.id not in found
    assert set(found) <= FORGIVEN


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_finding_has_the_rules_severity_a_place_and_a_hint(rule: Rule) -> None:
    text = json.dumps(rule.bad.document(), indent=1)
    for finding in check_channel(text, "sample.json"):
        if finding.code == rule.id:
            assert finding.severity == rule.severity
            assert finding.hint
            assert finding.pointer
            assert finding.place[0] == "sample.json"
            assert bool(finding.edits) == rule.fixes


def test_ids_are_in_order_and_unique() -> None:
    assert sorted(set(IDS)) == IDS
