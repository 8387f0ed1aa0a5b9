"""The catalogue: built-in, shipped and registered channels."""

import hashlib
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from akrun.backend import ChannelRecord
from akrun.channels import BUILT_IN, catalogue, channel_of, shipped
from akrun.engine.compile import compile_channel
from akrun.engine.event import Event
from akrun.engine.run import run
from akrun.model import Channel, Form, load_channel_file
from tests.akrun.http_server import Reply, loopback_client, serve
from tests.akrun.pipes.bench import Bench

CRM = Path(__file__).parents[3] / "examples" / "crm" / "channel.json"


def record(document: bytes, string_id: str = "demo_crm") -> ChannelRecord:
    return ChannelRecord(9002, string_id, "CRM", document, hashlib.sha256(document).hexdigest())


def test_built_in_channels_are_driven_by_modules_and_cannot_be_changed() -> None:
    assert [(each.id, each.string_id, each.kind, each.module) for each in BUILT_IN] == [
        (1, "email", "built_in", "email"),
        (2, "sms", "built_in", "sms"),
        (3, "push", "built_in", "push"),
    ]
    with pytest.raises(ValueError, match="frozen"):
        BUILT_IN[0].name = "x"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("string_id", "subscription", "fits"),
    [
        ("email", {"email": "ann@example.com"}, True),
        ("email", {"email": "ann"}, False),
        ("sms", {"phone": "+79990000001"}, True),
        ("sms", {"phone": "89990000001"}, False),
        ("push", {"provider": "fcm", "token": "t"}, True),
        ("push", {"provider": "gcm", "token": "t"}, False),
    ],
)
def test_what_ties_a_profile_to_a_built_in_channel(
    string_id: str, subscription: dict[str, str], *, fits: bool
) -> None:
    channel = next(each for each in BUILT_IN if each.string_id == string_id)
    faults = Form("subscription", channel.fields.subscription, channel).fill(subscription)[1]
    assert (not faults) is fits


def test_events_have_the_same_ids_and_colours_in_all_of_them() -> None:
    by_id: dict[int, set[tuple[str, str]]] = {}
    for channel in BUILT_IN:
        for event in channel.events:
            by_id.setdefault(event.id, set()).add((event.event_type, event.color))
    assert all(len(kinds) == 1 for kinds in by_id.values())


def test_shipped_channels_compile_and_are_called_system() -> None:
    names = [each.name for each in files("akrun.channels").iterdir() if each.name.endswith(".json")]
    assert [channel.string_id + ".json" for channel in shipped()] == sorted(names)
    for name in names:
        with as_file(files("akrun.channels") / name) as path:
            channel, located = load_channel_file(path)
        assert channel.kind == "system"
        assert "message" in compile_channel(channel, located).pipelines


@pytest.mark.parametrize(("status", "kind", "reason"), [(202, "send", None), (410, "undeliv", "status 410")])
async def test_the_webhook_posts_and_registers(status: int, kind: str, reason: str | None) -> None:
    with as_file(files("akrun.channels") / "webhook.json") as path:
        compiled = compile_channel(*load_channel_file(path))
    async with serve(Reply(status=status)) as server, loopback_client() as client:
        roots = {
            "resource": {"url": server.url},
            "sender": {"token": "t-4711"},
            "template": {"text": "Hi"},
            "subscription": {"address": "ann"},
        }
        event = Event({"send_message_id": "m-1"}, Bench(http=client).services, roots=roots)
        result = await run(compiled.pipeline("message"), event)
    assert (result.state, result.error) == ("done", None)
    assert server.requests[0].headers["authorization"] == "Bearer t-4711"
    assert server.requests[0].body == b'{"id":"m-1","to":"ann","text":"Hi"}'
    assert [(each.event_type, each.reason) for each in result.effects] == [(kind, reason)]


def test_no_two_channels_share_an_id() -> None:
    channels = [entry.channel for entry in catalogue()]
    assert len({channel.id for channel in channels}) == len(channels) == len(BUILT_IN) + len(shipped())


def test_registered_channels_join_by_id() -> None:
    entries = catalogue([record(CRM.read_bytes())])
    assert entries[-1].channel.string_id == "demo_crm"
    assert [entry.registered for entry in entries] == [False] * (len(entries) - 1) + [True]
    about = entries[-1].to_dict()
    assert (about["entities"], about["registered"]) == (["category"], True)
    assert about["events"] == [{"id": 1, "name": "Queued by the CRM", "type": "send"}]


def test_a_registered_channel_stands_in_the_place_of_a_shipped_one() -> None:
    document = Channel.model_dump_json(shipped()[0], by_alias=True, exclude_defaults=True).encode()
    entries = catalogue([record(document, shipped()[0].string_id)])
    assert len(entries) == len(catalogue())
    assert [entry.registered for entry in entries if entry.channel == shipped()[0]] == [True]


def test_a_registered_document_may_be_yaml() -> None:
    yaml = "name: Y\nid: 5\nstring_id: y\ncommunication: direct\nmodule: m\nfields:\n  subscription:\n"
    yaml += "    - {type: string, name: phone}\n"
    assert channel_of(record(yaml.encode(), "y")).name == "Y"
