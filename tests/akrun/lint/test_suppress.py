"""Findings that a file allows."""

import json
from typing import Any

from akrun.lint import check_channel
from akrun.lint.rule import Sample, pipe

REASON = "the service has no keys, and drops doubles by itself"
POST = {"url": "https://a.example", "method": "POST", "retry": {"max": 1}}
EXIT = {"success": 2, "error": 3}
ENDS = [
    pipe(2, "log", message="$template.text to $subscription.phone"),
    pipe(3, "log", message="$error.message"),
]
FIELDS = {"template": [{"type": "string", "name": "text", "required": True}], "sender": []}


def found(*message: dict[str, Any], **parts: Any) -> list[str]:
    document = Sample(
        {"fields": FIELDS, "events": [], "pipelines": {"message": [*message]}, **parts}
    ).document()
    return [finding.code for finding in check_channel(json.dumps(document, indent=1), "c.json")]


def allowing(**reasons: str) -> dict[str, Any]:
    return {"lint": {"allow": reasons}}


def test_a_pipe_allows_what_is_found_in_it_and_nowhere_else() -> None:
    first = pipe(1, "http_request", **POST, outs=EXIT)
    second = [pipe(2, "http_request", **POST, outs={"success": 4, "error": 3}), ENDS[1], {**ENDS[0], "id": 4}]
    assert found(first, *second) == ["L402", "L402"]
    assert found({**first, **allowing(L402=REASON)}, *second) == ["L402"]
    assert (
        found({**first, **allowing(L402=REASON)}, {**second[0], **allowing(L402=REASON)}, *second[1:]) == []
    )


def test_a_channel_allows_everywhere() -> None:
    assert found(pipe(1, "http_request", **POST, outs=EXIT), *ENDS, **allowing(L402=REASON)) == []


def test_findings_inside_a_template_are_of_its_pipe() -> None:
    log = pipe(1, "log", message="$template.text and $subscription.phone: $in.nothing")
    assert found(log) == ["L201"]
    assert found({**log, **allowing(L201="it is there in trials")}) == []


def test_what_is_allowed_needs_a_reason_and_a_finding() -> None:
    request = pipe(1, "http_request", **POST, outs=EXIT)
    assert found(request, *ENDS, **allowing(L402=" ")) == ["L901"]
    assert found(request, *ENDS, **allowing(L402=REASON, L305="none")) == ["L902"]
    assert found(request, *ENDS, **allowing(L402=REASON, L9999="none")) == ["L903"]


def test_of_an_entry_for_the_pipe_and_one_for_the_channel_both_count_as_needed() -> None:
    request = {**pipe(1, "http_request", **POST, outs=EXIT), **allowing(L402=REASON)}
    assert found(request, *ENDS, **allowing(L402=REASON)) == []


def test_faults_cannot_be_allowed_and_leave_the_rest_in_peace() -> None:
    broken = pipe(1, "http_request", **{**POST, "method": "POTS"}, outs=EXIT)
    assert found(broken, *ENDS, **allowing(C503="no", L402=REASON)) == ["C503", "L903"]


def test_a_reason_is_text() -> None:
    assert found(*ENDS, lint={"allow": {"L402": True}}) == ["C203"]
    assert found(*ENDS, lint={"alow": {}}) == ["C202"]
