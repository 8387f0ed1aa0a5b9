"""The values that a run sees."""

import json
from pathlib import Path
from typing import Any

import pytest

from akrun.engine.compile import CompiledChannel
from akrun.errors import FileFaults
from akrun.rerun.subject import Kept
from akrun.rerun.values import values_of
from tests.akrun.pipes.bench import compiled

FIELDS = {
    "sender": [
        [
            {"type": "string", "name": "url", "label": "URL", "default": "https://a.example"},
            {"type": "string", "name": "api.key", "label": "Key", "secret": True},
            {"type": "string", "name": "pin", "label": "PIN", "secret": True},
        ]
    ],
    "campaign": [[{"type": "int", "name": "size", "label": "Size"}]],
    "subscription": [[{"type": "string", "name": "token", "label": "Token", "secret": True}]],
}


@pytest.fixture
def channel() -> CompiledChannel:
    return compiled([{"id": 1, "type": "log"}], fields=FIELDS)


def roots(channel: CompiledChannel, kept: Kept, **given: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    values = values_of(channel, kept, {path.replace("__", "."): each for path, each in given.items()})
    return {name: values.roots[name] for name in ("sender", "campaign")}, values.missing


def test_of_a_mailing_secrets_are_masked_where_there_were_some(channel: CompiledChannel) -> None:
    kept = Kept({"sender": {"url": "u", "api": {"key": "***"}}, "campaign": {"size": 3}}, whole=True)
    found = {"sender": {"url": "u", "api": {"key": "***"}}, "campaign": {"size": 3}}
    assert roots(channel, kept) == (found, ("sender.api.key",))


def test_of_a_single_message_secrets_were_left_out(channel: CompiledChannel) -> None:
    found, missing = roots(channel, Kept({"sender": {"url": "u"}}, whole=False))
    assert found == {"sender": {"url": "u", "api": {"key": "***"}, "pin": "***"}, "campaign": {}}
    assert missing == ("sender.api.key", "sender.pin")


def test_what_is_given_goes_before_what_is_stored_and_defaults_come_last(channel: CompiledChannel) -> None:
    kept = Kept({"sender": {"api": {"key": "***"}}, "campaign": {"size": 3}}, whole=True)
    found, missing = roots(channel, kept, sender__api__key="hunter22", campaign__size=4)
    assert found == {
        "sender": {"url": "https://a.example", "api": {"key": "hunter22"}},
        "campaign": {"size": 4},
    }
    assert missing == ()
    assert roots(channel, kept, sender__url="v")[0]["sender"]["url"] == "v"


def test_a_mailings_file_takes_the_place_of_all(channel: CompiledChannel, tmp_path: Path) -> None:
    file = tmp_path / "mailing.json"
    sender = {"url": "w", "pin": "1234"}
    file.write_text(json.dumps({"id": 1, "a_id": 1, "name": "M", "sender": sender, "campaign": {}}))
    kept = Kept({"sender": {"url": "u"}, "campaign": {"size": 3}}, whole=True)
    values = values_of(channel, kept, {"campaign.size": 5}, file)
    assert (values.roots["sender"], values.roots["campaign"]) == (sender, {"size": 5})
    assert values.missing == ()
    assert "1234" not in repr(values)


def test_a_value_that_breaks_its_rules_is_an_error(channel: CompiledChannel) -> None:
    with pytest.raises(FileFaults, match=r"campaign\.size"):
        roots(channel, Kept({}, whole=False), campaign__size="many")


def test_the_other_roots_are_there(channel: CompiledChannel) -> None:
    values = values_of(channel, Kept({}, whole=False), {})
    assert values.roots["channel"] == {"id": 7, "string_id": "test", "name": "Test"}
    assert values.roots.keys() >= {"template", "sender", "campaign", "resource", "account", "camp_schedule"}


@pytest.mark.parametrize(
    ("stored", "given", "whole"),
    [(True, {}, True), (False, {}, False), (False, {"sender.url": "u"}, True)],
    ids=["mailing", "process", "given"],
)
def test_whether_a_process_had_more(
    channel: CompiledChannel, *, stored: bool, given: dict[str, Any], whole: bool
) -> None:
    assert values_of(channel, Kept({}, whole=stored), given).whole is whole
