"""The event log: each event once, reports by kind, a profile's history."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from akrun.backend import Embedded, EventRecord, EventSummary, NotFoundError, RecordError

Prepare = Callable[[Embedded, int], Awaitable[None]]


def event(message_id: str, kind: str, at: float, *, key: str = "", reason: str | None = None) -> EventRecord:
    return EventRecord(message_id, 1, kind, 5, key, at, reason)


async def test_the_same_event_twice_is_one(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 2)
    first = event("m0", "deliv", 1.0)
    assert await backend.record_events([first, replace(first, time=2.0)]) == 1
    assert await backend.record_events([replace(first, reason="again")]) == 0
    platform = replace(first, action_type=None)
    assert await backend.record_events([platform, platform]) == 1
    others = [
        replace(first, key="2"),
        replace(first, event_type="reply"),
        replace(first, action_type=6),
        replace(first, send_message_id="m1"),
    ]
    counts = await asyncio.gather(*(backend.record_events([other, first]) for other in others))
    assert counts == [1, 1, 1, 1]
    assert [entry.time for entry in await backend.history("p0")] == [1.0] * 5


async def test_a_report_counts_by_kind_with_times_and_reasons(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 4)
    await backend.record_events(
        [
            event("m0", "undeliv", 30.0, reason="blocked"),
            event("m1", "undeliv", 20.0, reason="absent"),
            event("m2", "undeliv", 40.0, reason="blocked"),
            event("m2", "undeliv", 50.0, key="2"),
            event("m3", "deliv", 10.0),
        ]
    )
    deliv = EventSummary(1, "deliv", 5, 1, 1, 10.0, 10.0, {})
    undeliv = EventSummary(1, "undeliv", 5, 4, 3, 20.0, 50.0, {"blocked": 2, "absent": 1})
    for report in (
        await backend.report(mailing_id=7),
        await backend.report(launch_id="L"),
        await backend.report(),
    ):
        assert report.events == (deliv, undeliv)
        assert report.unknown == 0
    assert list((await backend.report(launch_id="L")).events[1].reasons) == ["blocked", "absent"]


async def test_events_of_unknown_messages_are_kept_and_counted_apart(
    backend: Embedded, prepare: Prepare
) -> None:
    await prepare(backend, 1)
    stranger = event("foreign", "deliv", 1.0)
    claiming = replace(stranger, key="mailing", mailing_id=7, profile_id="p0")
    naming = replace(stranger, key="launch", launch_id="L")
    assert await backend.record_events([stranger, claiming, naming, event("m0", "deliv", 2.0)]) == 4
    everything = await backend.report()
    assert (everything.unknown, [summary.count for summary in everything.events]) == (3, [1])
    assert (await backend.report(mailing_id=7)).unknown == 2
    assert (await backend.report(launch_id="L")).unknown == 1
    assert [entry.send_message_id for entry in await backend.history("p0")] == ["foreign", "m0"]


async def test_history_is_by_time_and_filled_in_from_the_message(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 2)
    data = {"text": "снова", "parts": [1, 2.5, None]}
    late = replace(event("m0", "reply", 9.0, reason="\x00"), data=data, profile_id="forged")
    await backend.record_events([late, event("m0", "send", 3.0), event("m1", "send", 4.0)])
    assert await backend.history("p0") == [
        replace(event("m0", "send", 3.0), profile_id="p0", mailing_id=7, launch_id="L"),
        replace(late, profile_id="p0", mailing_id=7, launch_id="L"),
    ]
    assert await backend.history("forged") == []


async def test_a_report_of_nothing_known_is_an_error(backend: Embedded) -> None:
    with pytest.raises(NotFoundError, match="mailing `7`"):
        await backend.report(mailing_id=7)
    with pytest.raises(NotFoundError, match="launch `L`"):
        await backend.report(launch_id="L")
    assert (await backend.report()).events == ()


async def test_data_must_be_json(backend: Embedded) -> None:
    with pytest.raises(RecordError, match="not a JSON value"):
        await backend.record_events([replace(event("m0", "send", 1.0), data=b"bytes")])
    assert (await backend.report()).unknown == 0
