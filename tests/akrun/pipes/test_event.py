from datetime import UTC, datetime
from typing import Any

import pytest

from akrun.backend.records import EventRecord
from tests.akrun.pipes.bench import Bench, Found, error, failure_of, faults_of, pipe

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()


def event(
    event_type: str = "send", channel_id: Any = 7, action_type: Any = 1, **fields: Any
) -> dict[str, Any]:
    given = {"channel_id": channel_id, "action_type": action_type}
    present = {name: value for name, value in given.items() if value is not None}
    return pipe("event", event_type=event_type, **present, event={"send_message_id": "$in.id", **fields})


async def registered(*pipes: dict[str, Any], **origin: Any) -> list[EventRecord]:
    result = await Bench().run(*pipes, origin={"id": "m-1", **origin})
    assert result.state == "done", result.error
    return result.effects


async def test_an_event_with_its_defaults() -> None:
    assert await registered(event()) == [EventRecord("m-1", 7, "send", 1, "", NOW)]


async def test_an_event_with_everything() -> None:
    pipes = event(
        "undeliv",
        "$in.channel",
        "$#in.action",
        time="$in.at",
        reason="$in.why",
        data={"raw": "$#in.n"},
        key="k$in.n",
    )
    [record] = await registered(
        pipes, channel="7", action=2, at="2031-02-03T04:05:06+03:00", why="no such user", n=5
    )
    at = datetime(2031, 2, 3, 1, 5, 6, tzinfo=UTC).timestamp()
    assert record == EventRecord("m-1", 7, "undeliv", 2, "k5", at, "no such user", {"raw": 5})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (1_700_000_000, 1_700_000_000.0),
        ("1700000000", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14 22:13:20", 1_700_000_000.0),
        (None, NOW),
    ],
)
async def test_times(written: Any, seconds: float) -> None:
    [record] = await registered(event(time="$#in.at"), at=written)
    assert record.time == seconds


@pytest.mark.parametrize("kind", ["stop", "moderate_pass", "moderate_error"])
async def test_platform_events_need_neither_channel_nor_action(kind: str) -> None:
    [record] = await registered(event(kind, None, None, reason="r"))
    assert record == EventRecord("m-1", 7, kind, None, "", NOW, "r")


async def test_several_events_keep_their_order_and_the_alias_works() -> None:
    records = await registered({**event(), "type": "eventer"}, event("undeliv", action_type=2))
    assert [record.event_type for record in records] == ["send", "undeliv"]


async def test_an_event_stays_registered_when_a_later_pipe_fails() -> None:
    result = await Bench().run(event(), pipe("unpack"), origin={"id": "m-1"})
    assert (result.state, len(result.effects)) == ("failed", 1)


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 201, "ключ", "a\nb", None, {"a": 1}])
async def test_a_message_id_has_a_form(wrong: Any) -> None:
    result = await Bench().run(
        pipe("event", event_type="stop", event={"send_message_id": "$#in.id"}), origin={"id": wrong}
    )
    assert result.error is not None
    assert (result.error["code"], result.error["kind"]) == ("event", "event")
    assert "is no message id" in result.error["message"]


@pytest.mark.parametrize("number", [5, "5"])
async def test_a_message_id_may_be_a_number(number: Any) -> None:
    result = await Bench().run(
        pipe("event", event_type="stop", event={"send_message_id": "$#in.id"}), origin={"id": number}
    )
    assert result.effects[0].send_message_id == "5"


@pytest.mark.parametrize(
    ("given", "origin", "message"),
    [
        (event(channel_id="$in.x"), {"x": 8}, "channel_id: channel 8 is not this channel, which is 7"),
        (event(action_type="$in.x"), {"x": 3}, "action_type: the channel has no event 3"),
        (
            event(action_type="$in.x"),
            {"x": "2"},
            "action_type: the channel's event 2 is of type undeliv, not send",
        ),
        (event("$in.x", None, None), {"x": "deliv"}, "channel_id: an event of type deliv needs channel_id"),
        (event("$in.x", 7, None), {"x": "deliv"}, "action_type: an event of type deliv needs action_type"),
        (
            event(time="$in.x"),
            {"x": "soon"},
            "time: 'soon' is neither seconds since 1970 nor an ISO 8601 time",
        ),
        (
            event(time=["x"]),
            {},
            "time: a value of type list is neither seconds since 1970 nor an ISO 8601 time",
        ),
    ],
)
async def test_what_is_wrong_at_run_time(given: dict[str, Any], origin: dict[str, Any], message: str) -> None:
    failure = await failure_of(given, origin={"id": "m-1", **origin})
    assert failure == error("event", message, kind="event")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            event("$in.x"),
            "event_type: 'x' is not one of stop, moderate_pass, moderate_error, send, deliv, sbounce, ",
        ),
        (event(channel_id="$in.x"), "channel_id: 'x' is not a whole number"),
    ],
)
async def test_a_parameter_of_the_wrong_kind_at_run_time(given: dict[str, Any], message: str) -> None:
    failure = await failure_of(given, origin={"id": "m-1", "x": "x"})
    assert failure["message"].startswith(message)
    assert (failure["code"], failure["kind"]) == ("parameter", "parameter")


async def test_a_missing_field_is_a_template_failure() -> None:
    failure = await failure_of(event())
    assert (failure["code"], failure["kind"]) == ("E301", "template")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (
            event("sent"),
            Found(
                "C503", "`event_type`: 'sent' is not one of", "did you mean `send`?", '"event_type": "sent",'
            ),
        ),
        (
            event(channel_id=8),
            Found("C503", "channel 8 is not this channel, which is 7", None, '"channel_id": 8,'),
        ),
        (event(action_type=9), Found("C503", "the channel has no event 9", None, '"action_type": 9,')),
        (
            event(action_type="2"),
            Found("C503", "the channel's event 2 is of type undeliv, not send", None, '"action_type": "2",'),
        ),
        (
            event(action_type="x"),
            Found("C503", "`action_type`: 'x' is not a whole number", None, '"action_type": "x",'),
        ),
        (
            event(channel_id=None),
            Found("C503", "an event of type send needs `channel_id`", None, '"params": {'),
        ),
        (
            event(action_type=None),
            Found("C503", "an event of type send needs `action_type`", None, '"params": {'),
        ),
        (event(reson="x"), Found("C202", "unknown key `reson`", "did you mean `reason`?", '"reson": "x"')),
        (
            event("stop", 8, None),
            Found("C503", "channel 8 is not this channel, which is 7", None, '"channel_id": 8,'),
        ),
    ],
)
def test_faults(given: dict[str, Any], found: Found) -> None:
    [fault] = faults_of(given)
    assert fault.message.startswith(found.message)
    assert (fault.code, fault.hint, fault.line) == (found.code, found.hint, found.line)


def test_an_event_needs_a_message_id() -> None:
    [fault] = faults_of(pipe("event", event_type="stop", event={}))
    assert fault.message == "the key `send_message_id` is missing"
