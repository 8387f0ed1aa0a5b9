"""Leases end with their process: what it had goes to another one, and what it still says of it is refused."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import pytest

from akrun.backend import JournalEntry, LeaseError, Message, MessageState, NotFoundError
from akrun.backend.cluster import Cluster, ClusterOptions, leases, units
from akrun.backend.cluster.core import Put, Record
from akrun.backend.cluster.leases import WINDOW
from tests.contract.scene import DONE, FAILED, entry, event, job, letter, sending

SHORT = 0.5
"""Seconds that a lease lasts without a sign of life."""

WORKER = """
import asyncio, sys
from pathlib import Path
from akrun.backend.cluster import Cluster, ClusterOptions
from tests.contract.scene import entry

async def main():
    url, prefix, data, ack_wait = sys.argv[1:]
    servers, last = (url,), float(ack_wait)
    options = ClusterOptions(servers=servers, prefix=prefix, replicas=1, data=Path(data), ack_wait=last)
    backend = Cluster(options)
    await backend.open()
    messages = await backend.lease("L", 3)
    jobs = await backend.lease_jobs(1.0, 3)
    await backend.record(entry(messages[0].id, checkpoint=b"reached", intent=4))
    print(*(each.id for each in [*messages, *jobs]), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def options(options: ClusterOptions) -> ClusterOptions:
    return replace(options, ack_wait=SHORT)


@pytest.fixture
async def other(options: ClusterOptions, backend: Cluster) -> AsyncIterator[Cluster]:  # noqa: ARG001 - opened first
    async with Cluster(options) as opened:
        yield opened


def stall(backend: Cluster) -> None:
    """Let it give no more signs of life, as a process does that is swapped out."""
    assert backend._signs is not None
    backend._signs.cancel()


async def leased(backend: Cluster, count: int = 1) -> list[Message]:
    """Lease as soon as there is something to lease."""
    while not (messages := await backend.lease("L", count)):  # noqa: ASYNC110 - the server gives it out when its time is over
        await asyncio.sleep(0.02)
    return messages


async def test_a_lease_lasts_as_long_as_its_process_lives(backend: Cluster, other: Cluster) -> None:
    await sending(backend, 1)
    await leased(backend)
    await asyncio.sleep(3 * SHORT)
    assert await other.lease("L", 1) == []
    await backend.record(entry("m0"))
    assert await backend.finish("m0", DONE)


async def test_what_a_stalled_process_had_goes_to_another(backend: Cluster, other: Cluster) -> None:
    await sending(backend, 1)
    await leased(backend)
    await backend.record(entry("m0", intent=3))
    stall(backend)
    [message] = await leased(other)
    assert (message.attempts, message.journal) == (2, (entry("m0", intent=3),))
    counts = await other.counts("L")
    assert (counts.pending, counts.in_progress) == (0, 1)
    with pytest.raises(NotFoundError):
        await backend.record(entry("m0", checkpoint=b"late"))
    assert await backend.release(["m0"]) == 0
    await other.record(entry("m0", intent=4))
    assert await other.finish("m0", DONE, [event("m0")])
    assert not await backend.finish("m0", FAILED, [event("m0", "late")], letter())
    counts = await backend.counts("L")
    assert (counts.done, counts.failed, counts.in_progress) == (1, 0, 0)
    assert await backend.dead_letters() == []
    assert [each.event_type for each in await backend.message_events("m0")] == ["send"]


async def test_an_outcome_that_comes_late_counts_when_it_is_the_first(
    backend: Cluster, other: Cluster
) -> None:
    """What was sent was sent: the other attempt ends where it asks next."""
    await sending(backend, 1)
    await leased(backend)
    stall(backend)
    await leased(other)
    assert await backend.finish("m0", DONE)
    with pytest.raises(NotFoundError):
        await other.record(entry("m0"))
    assert not await other.finish("m0", DONE)
    counts = await other.counts("L")
    assert (counts.done, counts.in_progress, counts.pending) == (1, 0, 0)


async def test_a_release_that_comes_late_takes_nothing_from_another(backend: Cluster, other: Cluster) -> None:
    await sending(backend, 1)
    await leased(backend)
    stall(backend)
    await leased(other)
    assert await backend.release(["m0"], started=True) == 0
    await backend.close()
    async with Cluster(replace(backend._options)) as third:
        assert await third.lease("L", 1) == []
    await other.record(entry("m0"))
    assert await other.finish("m0", DONE)


async def test_of_a_killed_process_nothing_is_lost(backend: Cluster, options: ClusterOptions) -> None:
    await sending(backend, 3)
    await backend.enqueue([job(1), job(2)])
    arguments = [*options.servers, options.prefix, str(options.data), str(SHORT)]
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    line = await worker.stdout.readline()
    worker.kill()
    await worker.wait()
    assert line.split() == [b"m0", b"m1", b"m2", b"j1", b"j2"]
    found: dict[str, tuple[int, tuple[JournalEntry, ...]]] = {}
    while len(found) < 5:
        messages, jobs = await backend.lease("L", 9), await backend.lease_jobs(1.0, 9)
        found |= {message.id: (message.attempts, message.journal) for message in messages}
        found |= {each.id: (each.attempts, each.journal) for each in jobs}
        await asyncio.sleep(0.02)
    assert found == {
        "m0": (2, (entry("m0", intent=4),)),
        **dict.fromkeys(("m1", "m2", "j1", "j2"), (2, ())),
    }
    assert (await backend.counts("L")).in_progress == 3


async def test_what_is_handed_back_goes_to_another_at_once(backend: Cluster, other: Cluster) -> None:
    await sending(backend, 3)
    await leased(backend, 3)
    assert await backend.release(["m2", "m0"]) == 2
    assert [message.id for message in await other.lease("L", 9)] == ["m0", "m2"]
    await backend.close()
    assert [message.id for message in await other.lease("L", 9)] == ["m1"]


async def test_what_was_taken_ahead_goes_back_when_it_is_not_asked_for(
    backend: Cluster, other: Cluster
) -> None:
    await sending(backend, WINDOW)
    [first] = await leased(backend)
    assert await other.lease("L", 1) == []
    others = await leased(other, WINDOW)
    assert [message.id for message in others] == [f"m{n}" for n in range(1, WINDOW)]
    assert await backend.finish(first.id, DONE)


async def test_what_is_settled_and_comes_again_is_passed_over(
    backend: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_reply: str) -> None:
        """An acknowledgement that does not arrive."""

    monkeypatch.setattr(backend, "_acknowledge", lost)
    await sending(backend, 2)
    await leased(backend, 2)
    assert await backend.finish("m0", DONE)
    stall(backend)
    [message] = await leased(other, 9)
    assert message.id == "m1"
    status = await other.message("m0")
    assert status is not None
    assert (status.state, status.attempts) == (MessageState.DONE, 1)


async def test_branches_that_record_at_once_are_written_together(backend: Cluster) -> None:
    await sending(backend, 1)
    await leased(backend)
    before = backend.statistics.transactions
    entries = [entry("m0", f"/{n:02}", checkpoint=b"%d" % n) for n in range(40)]
    await asyncio.gather(*map(backend.record, entries))
    assert backend.statistics.transactions - before == 2
    await backend.release(["m0"], started=True)
    [message] = await leased(backend)
    assert message.journal == tuple(entries)


async def test_what_is_being_leased_does_not_go_back(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "UNUSED", 0.01)
    await sending(backend, 1)
    commit = backend._writer.commit

    async def late(*arguments: Any) -> list[int]:
        await asyncio.sleep(0.2)
        return await commit(*arguments)

    monkeypatch.setattr(backend._writer, "commit", late)
    [message] = await leased(backend)
    monkeypatch.undo()
    await backend.record(entry("m0", intent=3))
    assert await backend.finish("m0", DONE)
    assert message.attempts == 1


async def test_an_attempt_that_has_lost_its_lease_is_told_so(backend: Cluster, other: Cluster) -> None:
    await sending(backend, 1)
    await leased(backend)
    stall(backend)
    await leased(other)
    with pytest.raises(LeaseError):
        await backend.record(entry("m0", intent=3))


async def test_what_was_sent_again_is_recorded_by_whichever_attempt_ends_first(
    backend: Cluster, other: Cluster
) -> None:
    await sending(backend, 1)
    await leased(backend)
    await backend.record(entry("m0", intent=3))
    stall(backend)
    await leased(other)
    await other.record(entry("m0", intent=3, resent=1))
    assert await backend.finish("m0", DONE)
    assert not await other.finish("m0", DONE)
    status = await other.message("m0")
    assert status is not None
    assert status.outcome is not None
    assert status.outcome.resent == 1


async def test_units_are_looked_up_no_earlier_than_their_work_items(
    backend: Cluster, other: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sending(backend, 1)
    await leased(backend)
    await backend.release(["m0"])
    item = await backend._last(backend._subjects.work("message", "L", "m0"))
    assert item is not None
    look_up, seen = other._known, []

    async def noted(subjects: Iterable[str]) -> dict[str, Record]:
        seen.append(other._reader.seen)
        return await look_up(subjects)

    monkeypatch.setattr(other, "_known", noted)
    other._reader.seen = 0  # as of a process that has asked a replica which lags behind
    await other._receive("message", await other._consumer_of("message", "L").pull(1))
    assert seen == [item.sequence]


async def test_what_nobody_had_yet_is_leased_unread(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sending(backend, 3)
    await backend.enqueue([job(1)])

    async def read(subjects: Iterable[str]) -> dict[str, Record]:
        raise AssertionError(list(subjects))

    monkeypatch.setattr(backend, "_known", read)
    assert [message.id for message in await backend.lease("L", 3)] == ["m0", "m1", "m2"]
    assert [each.id for each in await backend.lease_jobs(1.0, 3)] == ["j1"]


@pytest.mark.parametrize("settle", [True, False])
async def test_what_another_settled_or_had_meanwhile_is_read_after_all(
    backend: Cluster, other: Cluster, *, settle: bool
) -> None:
    await sending(backend, 2)
    first = await backend._look("message", "L", 1)
    assert [held.key[1] for held in first] == ["m0", "m1"]
    if settle:  # by a process that never had a lease of it
        assert await other.finish("m0", DONE)
        [message] = await backend.lease("L", 2)
        assert (message.id, message.attempts) == ("m1", 1)
    else:
        record = await other._last(other._subjects.unit("message", "m0"))
        assert record is not None
        begun = units.decode(record).change(record, attempts=1)
        await other._commit([Put(record.subject, begun.encode(), record.sequence)])
        again, new = await backend.lease("L", 2)
        assert (again.id, again.attempts, new.attempts) == ("m0", 2, 1)
