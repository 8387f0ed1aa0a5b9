"""The analysis of data agrees with what happens when channels run."""

import json
from typing import Any

from hypothesis import assume, event, given, note, settings

from akrun.lint import Finding, check_channel
from akrun.lint.subject import Subject
from akrun.model.channel import Channel
from akrun.model.located import parse_located
from tests.akrun.lint.channels import channels
from tests.akrun.lint.runs import Seen, seen_in
from tests.akrun.lint.values import fits

MISSING = {"E301", "E304", "body_missing", "not_bytes"}
"""Codes of failures of pipes that lack a field of `$in`, or `$error`."""
SURE = {"L201", "L203", "L205", "L207"}
PERHAPS = {"L202", "L204", "L206"}
MOST_RUNS = 60


def looked_at(document: dict[str, Any]) -> tuple[Subject, list[Finding]]:
    text = json.dumps(document)
    note(text)
    located, _ = parse_located(text, "random.json")
    subject = Subject.of(Channel.model_validate(located.value), located)
    assume(not subject.faults)
    return subject, check_channel(text, "random.json")


def runs_of(subject: Subject) -> Seen:
    """All runs, in which every pipe may fail by itself of which lint does not say that it cannot."""
    fallible = {
        (name, pipe_id)
        for name, flow in subject.flows.items()
        for pipe_id, passed in flow.passed.items()
        if passed.error.kinds
    }
    return seen_in(subject.compiled, fallible=fallible, most=MOST_RUNS)


def place(finding: Finding, document: dict[str, Any]) -> tuple[str, int]:
    _, _, pipeline, index, *_ = (finding.pointer or "").split("/")
    return pipeline, document["pipelines"][pipeline][int(index)]["id"]


@given(channels())
@settings(max_examples=60)
def test_what_lacks_a_field_when_it_runs_was_found_before(document: dict[str, Any]) -> None:
    subject, findings = looked_at(document)
    found = {place(each, document) for each in findings if each.code in SURE | PERHAPS}
    seen = runs_of(subject)
    lacking = {(name, pipe) for name, pipe, code in seen.failed if code in MISSING}
    event("clean" if not found else "found")
    assert lacking <= found


@given(channels())
@settings(max_examples=60)
def test_what_is_surely_missing_never_goes_well_and_can_happen(document: dict[str, Any]) -> None:
    subject, findings = looked_at(document)
    sure = {place(each, document) for each in findings if each.code in SURE}
    doubtful = any(each.code in PERHAPS for each in findings)
    asked = json.dumps(document).count('defined"')
    seen = runs_of(subject)
    assert not sure & seen.succeeded
    if seen.all and not doubtful and asked < 2:
        assert sure <= seen.entered


@given(channels())
@settings(max_examples=60)
def test_a_pipe_that_cannot_fail_does_not(document: dict[str, Any]) -> None:
    subject, findings = looked_at(document)
    safe = {place(each, document) for each in findings if each.code == "L104"}
    seen = seen_in(subject.compiled, fallible=set(), most=MOST_RUNS)
    assert not safe & {(name, pipe) for name, pipe, _ in seen.failed}


@given(channels())
@settings(max_examples=60)
def test_what_a_pipe_is_entered_with_is_of_the_type_that_lint_says(document: dict[str, Any]) -> None:
    subject, _ = looked_at(document)
    for name, pipe, data in runs_of(subject).inputs:
        before = subject.flows[name].before[pipe]
        assert before.kinds, "an event comes where lint says that none does"
        assert fits(dict(data), before.fields["in"].type)
