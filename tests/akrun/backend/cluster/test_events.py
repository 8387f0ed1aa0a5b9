"""Events on the servers and in the database for reports: each once, whatever dies and whoever asks."""

import asyncio
from dataclasses import replace

import pytest

from akrun.backend import EventRecord, NotFoundError, RecordError
from akrun.backend.cluster import Cluster, ClusterOptions, events
from akrun.backend.cluster.reports import FILE, Reports
from tests.contract.scene import event, sending


async def counts(backend: Cluster) -> list[int]:
    return [summary.count for summary in (await backend.report(launch_id="L")).events]


async def test_reports_of_every_process_see_every_event(backend: Cluster, options: ClusterOptions) -> None:
    await sending(backend, 3)
    shared = replace(options, report_database=f"sqlite:///{options.data.parent / 'shared.db'}")
    async with Cluster(shared) as one, Cluster(shared) as two:
        for number in range(3):
            await backend.record_events([event(f"m{number}", key=str(n)) for n in range(5)])
            found = await asyncio.gather(*(counts(each) for each in (one, two, one, backend)))
            assert found == [[5 * (number + 1)]] * 4
    assert await counts(backend) == [15]


async def test_more_events_than_go_at_once(backend: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PORTION", 7)
    await sending(backend, 1)
    many = [event("m0", key=str(number)) for number in range(40)]
    assert await backend.record_events(many[:30]) == 30
    assert await counts(backend) == [30]
    assert await backend.record_events(many) == 10
    assert await counts(backend) == [40]
    assert [each.key for each in await backend.message_events("m0")] == [str(n) for n in range(40)]


async def test_of_those_that_record_one_event_at_once_one_is_told_so(
    backend: Cluster, options: ClusterOptions
) -> None:
    await sending(backend, 1)
    async with Cluster(options) as other:
        found = await asyncio.gather(*(each.record_events([event("m0")]) for each in [backend, other] * 5))
    assert sorted(found) == [0] * 9 + [1]


async def test_a_database_that_was_lost_is_filled_anew(backend: Cluster, options: ClusterOptions) -> None:
    await sending(backend, 1)
    await backend.record_events([event("m0")])
    assert await counts(backend) == [1]
    await backend.close()
    for file in options.data.glob(f"{FILE}*"):
        file.unlink()
    async with Cluster(options) as again:
        assert await counts(again) == [1]


async def test_a_process_that_dies_between_reading_and_storing(
    backend: Cluster, options: ClusterOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sending(backend, 1)
    await backend.record_events([event("m0")])

    def die(*_: object) -> bool:
        raise KeyError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Reports, "add", die)
        with pytest.raises(KeyError):
            await backend.report()
    assert await counts(backend) == [1]
    assert await backend.fill_reports() == await backend.fill_reports()
    async with Cluster(options) as other:
        assert await counts(other) == [1]


async def test_mailings_come_back_as_they_were_registered(backend: Cluster) -> None:
    await sending(backend, 1)
    known, stranger = event("m0"), EventRecord("x", 1, "send", None, "", 1.0, profile_id="p0")
    await backend.record_events([known, replace(stranger, mailing_id="7"), replace(stranger, key="2")])
    await backend.record_events([replace(stranger, key="3", mailing_id="gone")])
    assert [each.mailing_id for each in await backend.history("p0")] == [7, None, "gone", 7]


async def test_what_is_no_event_is_not_stored(backend: Cluster) -> None:
    with pytest.raises(RecordError, match="not a JSON value"):
        await backend.record_events([event("m0"), replace(event("m1"), data=b"bytes")])
    assert (await backend.report()).unknown == 0


async def test_a_report_of_nothing_known_is_an_error(backend: Cluster) -> None:
    with pytest.raises(NotFoundError, match="mailing `7`"):
        await backend.report(mailing_id=7)
    with pytest.raises(NotFoundError, match="launch `L`"):
        await backend.report(launch_id="L")
