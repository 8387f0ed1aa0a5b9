"""Completion, at places where something is being typed."""

import pytest

from akrun.editor.completion import complete
from akrun.editor.documents import Document
from akrun.editor.proposals import Completion
from tests.akrun.editor.channels import CHANNEL, MARK, YAML, typed


def labels(document: Document, offset: int) -> list[str]:
    return [each.label for each in complete(document, offset)]


def one(document: Document, offset: int, label: str) -> Completion:
    return next(each for each in complete(document, offset) if each.label == label)


def taken(document: Document, found: Completion) -> str:
    """The text after a completion was taken."""
    return document.text[: found.span.start] + found.text + document.text[found.span.end :]


@pytest.mark.parametrize(
    ("typing", "expected"),
    [
        ('"to": "$sender.¦"', ["url", "key", "button"]),
        ('"to": "$sender.button.¦', ["url"]),
        ('"to": "$campaign.category.¦"', ["id", "title"]),
        ('"to": "🚀 Привет $pro¦"', ["profile"]),
        ('"to": "${profile.name | upp¦"', ["upper"]),
        ('"to": "${truncate(\'x\', size=1, endi¦)}"', ["ending="]),
        ('"to": "no template¦"', []),
        ('"to": ¦', []),
    ],
)
def test_in_templates(typing: str, expected: list[str]) -> None:
    assert labels(*typed('"to": "$subscription.phone"', typing)) == expected


def test_roots_fields_and_functions_have_their_types_and_words() -> None:
    found = one(*typed('"$subscription.phone"', '"$sender.¦"'), "url")
    assert (found.kind, found.detail) == ("field", "string")
    found = one(*typed('"$subscription.phone"', '"${upp¦"'), "upper")
    assert (found.kind, found.detail) == ("function", "The text in capital letters.")
    assert "upper(text: string)" in found.doc
    assert one(*typed('"$subscription.phone"', '"$¦"'), "subscription").kind == "root"


def test_what_pipes_before_have_left_in_the_event_is_known() -> None:
    document, offset = typed("$in.status = 200", "$in.st¦")
    found = one(document, offset, "status")
    assert found.detail == "int"
    assert '"query": "$in.status"' in taken(document, found)


def test_conditions_are_expressions_without_braces() -> None:
    assert "upper" in labels(*typed("$in.status = 200", "upp¦"))


def test_operations_see_their_input() -> None:
    assert labels(*typed('"$in.query"', '"$in.¦"')) == ["query"]


def test_elements_of_an_expansion() -> None:
    before = '{"id": 2, "type": "http_request",'
    data = '{"people": [{"first": "a", "last": "b"}]}'
    setting = f'{{"id": 9, "type": "set", "params": {{"data": {data}}}, "outs": {{"success": 2}}}},'
    text = CHANNEL.replace('"outs": {"success": 2, "error": 4}}', '"outs": {"success": 9, "error": 4}}')
    text = text.replace(before, setting + before)
    typing = '"headers": {"$$in.people[x]": [{"n": "[$]¦"}]}'
    assert labels(*typed('"headers": {"X-Key": "$sender.key"}', typing, text)) == ["first", "last"]


@pytest.mark.parametrize(
    ("before", "typing", "expected", "absent"),
    [
        ('"id": 7, "string_id"', '"id": 7, ¦ "string_id"', {"moderation", "listener"}, {"name", "events"}),
        ('"label": "Make it", ', "¦", {"workers", "lint", "label"}, {"id", "type", "params", "retry"}),
        ('"method": "POST"', '"¦', {"timeout", "form", "limit", "retry"}, {"url", "outs", "query"}),
        ('"success": 3', '"¦"', {"success"}, {"id", "error"}),
    ],
    ids=["channel", "pipe", "params", "outs"],
)
def test_keys(before: str, typing: str, expected: set[str], absent: set[str]) -> None:
    found = {*labels(*typed(before, typing))}
    assert expected <= found
    assert not absent & found


def test_a_key_brings_quotes_and_a_colon_where_these_are_missing() -> None:
    document, offset = typed('"success": 3', "suc¦")
    assert '"outs": {"success": , ' in taken(document, one(document, offset, "success"))
    document, offset = typed('"success": 3', '"suc¦"')
    assert '"outs": {"success": , ' in taken(document, one(document, offset, "success"))
    document, offset = typed('"success": 3', '"suc¦": 3')
    assert '"outs": {"success": 3, ' in taken(document, one(document, offset, "success"))


def test_types_are_those_that_may_stand_in_the_pipeline() -> None:
    message = labels(*typed('"type": "http_request"', '"type": "¦"'))
    assert {"http_request", "http_requester", "set"} <= {*message}
    assert "result" not in message
    assert "result" in labels(*typed('"type": "result"', '"type": ¦'))


def test_values() -> None:
    assert labels(*typed('"communication": "direct"', '"communication": "¦"')) == ["direct", "indirect"]
    assert labels(*typed('"secret": true', '"secret": ¦')) == ["true", "false"]
    document, offset = typed('"type": "int"', '"type": ¦')
    assert '{"type": "color", "name": "id"}' in taken(document, one(document, offset, "color"))


def test_exits_are_the_pipes_of_the_pipeline_with_their_labels() -> None:
    document, offset = typed('"success": 3', '"success": ¦')
    found = complete(document, offset)
    assert [each.label for each in found] == ["1", "2", "3", "4"]
    assert found[0].detail == "pack: Make it"
    assert labels(*typed('"out": 4', '"out": ¦')) == ["1", "2", "3", "4"]


def test_events_and_entities_by_name() -> None:
    assert labels(*typed('"action_type": 1', '"action_type": ¦')) == ["1"]
    assert labels(*typed('"entity": "category"', '"entity": "¦"')) == ["category"]
    assert labels(*typed('"preview": "title"', '"preview": "¦"')) == ["id", "title"]


def test_completion_goes_on_while_the_file_is_broken() -> None:
    document, offset = typed('"url": "$sender.url",', '"url": "$sender.¦')
    assert document.current() is None
    assert labels(document, offset) == ["url", "key", "button"]
    assert labels(Document.opened("channel.json", document.text), offset) == []


def test_a_channel_that_never_was_whole_has_the_fields_that_can_be_read() -> None:
    pipe = '{"id": 1, "type": "log", "params": {"data": "$sender.¦"}}'
    fields = '{"sender": [{"type": "string", "name": "url"}]}'
    text = f'{{"fields": {fields}, "pipelines": {{"message": [{pipe}]}}}}'
    document = Document.examined("x.json", text.replace(MARK, ""))
    assert document.types is None
    assert labels(document, text.index(MARK)) == ["url"]


@pytest.mark.parametrize(
    ("before", "typing", "expected"),
    [
        ("to: $subscription.phone", "to: $sub¦", ["subscription"]),
        ("url: '$sender.url'", "url: '$sender.¦", ["url"]),
        ("$profile.name, see", "$sender.¦", ["url"]),
        ("outs: {success: 2}", "outs: {success: ¦", ["1", "2"]),
        ("      method: POST", "      succ¦", ["success_codes"]),
        ("type: http_request", "type: foreach¦", ["foreach"]),
    ],
)
def test_yaml(before: str, typing: str, expected: list[str]) -> None:
    document, offset = typed(before, typing, YAML, "channel.yaml")
    assert {*expected} <= {*labels(document, offset)}


def test_a_key_of_yaml_brings_its_colon() -> None:
    document, offset = typed("      method: POST", "      succ¦", YAML, "channel.yaml")
    assert "      success_codes: \n" in taken(document, one(document, offset, "success_codes"))


def test_other_files_are_left_alone() -> None:
    assert complete(Document.examined("package.json", '{"name": ""}'), 10) == []
