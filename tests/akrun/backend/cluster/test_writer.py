"""Batches: shared by those that wait, refused alone, and carried out once though their answers are lost."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from nats.aio.msg import Msg

from akrun.backend import RecordError, UnavailableError
from akrun.backend.cluster import Cluster, writer
from akrun.backend.cluster.connection import Connection
from akrun.backend.cluster.core import Conflict, Put
from akrun.backend.cluster.tallies import total
from akrun.backend.cluster.wire import Wire
from tests.contract.scene import DONE, event, job, sending


@dataclass
class Network:
    """What lies between the client and the servers, where things get lost.

    Attributes:
        answers: answers to batches to lose.
        batches: batches to hold back instead of sending them.
        held: those.
    """

    client: Connection
    pass_on: Callable[[bytes], Awaitable[None]]
    answers: int = 0
    batches: int = 0
    held: list[bytes] = field(default_factory=list)

    async def send(self, batch: bytes) -> None:
        if self.batches:
            self.held.append(batch)
            self.batches -= 1
        else:
            await self.pass_on(batch)

    async def let_go(self) -> None:
        """Send what was held back, long after its time."""
        for batch in self.held:
            await self.pass_on(batch)
        await self.client.flush()

    def loses(self, message: Msg) -> bool:
        """Whether an answer does not arrive."""
        if self.answers and b'"batch":' in message.data:
            self.answers -= 1
            return True
        return False


@pytest.fixture
def network(backend: Cluster, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setattr(writer, "ANSWER", 0.1)
    network = Network(backend._nc, backend._nc.send)
    monkeypatch.setattr(backend._nc, "send", network.send)
    take = Wire._take

    async def deaf(wire: Wire, message: Msg) -> None:
        if not network.loses(message):
            await take(wire, message)

    [subscription] = [each for each in backend._nc._subs.values() if each._cb == backend._wire._take]
    monkeypatch.setattr(subscription, "_cb", lambda message: deaf(backend._wire, message))
    return network


def at(backend: Cluster, name: str) -> str:
    """A subject of the test's own."""
    return f"{backend._options.prefix}.test.{name}"


async def bodies(backend: Cluster) -> dict[str, bytes]:
    """What is on these subjects."""
    return {
        record.subject.rpartition(".")[2]: record.body for record in await backend._many([at(backend, "*")])
    }


async def test_transactions_share_a_batch(backend: Cluster) -> None:
    before = backend.statistics.commits
    sequences = await asyncio.gather(
        *(
            backend._commit([Put(at(backend, f"{n}"), b"1", 0), Put(at(backend, f"{n}-"), b"2")])
            for n in range(99)
        )
    )
    assert backend.statistics.commits - before <= 2
    flat = [each for pair in sequences for each in pair]
    records = await backend._many(at(backend, f"{n}{end}") for n in range(99) for end in ("", "-"))
    assert [record.sequence for record in records] == sorted(flat)
    assert [record.subject for record in records][:2] == [at(backend, "0"), at(backend, "0-")]


async def test_of_those_in_a_batch_only_the_refused_one_fails(backend: Cluster) -> None:
    [sequence] = await backend._commit([Put(at(backend, "7"), b"there")])
    answers = await asyncio.gather(
        *(backend._commit([Put(at(backend, f"{n}"), b"new", 0)]) for n in range(20)), return_exceptions=True
    )
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Conflict)] == [7]
    assert await bodies(backend) == {**{f"{n}": b"new" for n in range(20)}, "7": b"there"}
    await backend._commit([Put(at(backend, "7"), b"newer", sequence)])


async def test_two_for_one_subject_do_not_share_a_batch(backend: Cluster) -> None:
    answers = await asyncio.gather(
        *(backend._commit([Put(at(backend, "a"), b"%d" % n, 0)]) for n in range(3)), return_exceptions=True
    )
    assert [isinstance(answer, Conflict) for answer in answers] == [False, True, True]
    assert await bodies(backend) == {"a": b"0"}


async def test_more_than_a_batch_holds_is_refused_or_cut(backend: Cluster) -> None:
    with pytest.raises(RecordError, match="too many for one transaction"):
        await backend._commit([Put(at(backend, f"{n}"), b"") for n in range(writer.LARGEST)])
    with pytest.raises(RecordError, match="too many for one record"):
        await backend._commit([Put(at(backend, "a"), b" " * backend._nc.max_payload)])
    assert await backend.enqueue([job(n) for n in range(1500)]) == 1500
    assert (await backend.job_counts()).pending == 1500


async def test_a_removed_record_is_there_no_more(backend: Cluster) -> None:
    [sequence] = await backend._commit([Put(at(backend, "a"), b"1")])
    [removed] = await backend._commit([Put(at(backend, "a"), b"", sequence)])
    assert await backend._last(at(backend, "a")) is None
    assert await backend._reader.at(removed) is None
    assert [record async for record in backend._onward(at(backend, "*"))] == []


async def test_a_batch_whose_answer_is_lost_is_not_written_again(backend: Cluster, network: Network) -> None:
    network.answers = 1
    tally = at(backend, "tally")
    [sequence] = await backend._writer.commit([Put(at(backend, "a"), b"1", 0)], {tally: Counter(n=2)})
    assert network.answers == 0
    record = await backend._last(at(backend, "a"))
    assert record is not None
    assert (record.sequence, record.body) == (sequence, b"1")
    await backend._writer.commit([], {tally: Counter(n=1)})
    assert total(await backend._many([tally])) == {"n": 3}


@pytest.mark.parametrize("lost", [2, 3, 4])
async def test_also_when_the_answers_about_it_are_lost(backend: Cluster, network: Network, lost: int) -> None:
    network.answers = lost
    tally = at(backend, "tally")
    await backend._writer.commit([Put(at(backend, "a"), b"1", 0)], {tally: Counter(n=2)})
    await backend._writer.commit([Put(at(backend, "b"), b"1", 0)], {tally: Counter(n=1)})
    assert total(await backend._many([tally])) == {"n": 3}
    assert backend.statistics.transactions == 2


@pytest.mark.parametrize("held", [1, 2])
async def test_a_batch_that_comes_late_is_refused(backend: Cluster, network: Network, held: int) -> None:
    """It was sent again meanwhile; with two held back a batch that was to end the doubt comes late too."""
    network.batches = held
    tally = at(backend, "tally")
    await backend._writer.commit([Put(at(backend, "a"), b"1")], {tally: Counter(n=2)})
    await backend._writer.commit([Put(at(backend, "a"), b"2")], {tally: Counter(n=1)})
    await network.let_go()
    await backend._writer.commit([Put(at(backend, "b"), b"3")], {tally: Counter(n=1)})
    assert total(await backend._many([tally])) == {"n": 4}
    assert await bodies(backend) | {"tally": b""} == {"a": b"2", "b": b"3", "tally": b""}


async def test_a_doubt_that_nobody_ends_is_told_and_ended_later(
    backend: Cluster, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.2)
    tally = at(backend, "tally")
    network.answers, network.batches = 1, 0
    doubtful = asyncio.ensure_future(
        backend._writer.commit([Put(at(backend, "a"), b"1", 0)], {tally: Counter(n=2)})
    )
    while network.answers:  # noqa: ASYNC110 - lost between here and the servers
        await asyncio.sleep(0.005)
    network.batches = 99
    with pytest.raises(UnavailableError):
        await doubtful
    network.batches = 0
    await backend._writer.commit([Put(at(backend, "b"), b"2", 0)], {tally: Counter(n=1)})
    assert total(await backend._many([tally])) == {"n": 3}


async def test_calls_are_carried_out_once_over_a_network_that_loses(
    backend: Cluster, network: Network
) -> None:
    await sending(backend, 12)
    messages = await backend.lease("L", 12)
    for number, message in enumerate(messages):
        network.answers, network.batches = ((1, 0), (0, 1), (2, 0))[number % 3]
        assert await backend.finish(message.id, DONE, [event(message.id)], jobs=[job(number)])
    await network.let_go()
    counts = await backend.counts("L")
    assert (counts.done, counts.pending, counts.in_progress) == (12, 0, 0)
    assert (await backend.job_counts()).pending == 12
    assert (await backend.report(launch_id="L")).events[0].count == 12
