"""One transaction is one atomic batch of the servers; those that wait meanwhile share the next.

Each batch begins with a record of this instance's own, written in place of that of the batch before. So the
batches of an instance are a chain, and when an answer is lost the chain tells whether the batch was carried
out. To end all doubt a batch of nothing but that record is written: once it is there, the one before either
is there too, or never will be.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import orjson
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from akrun.backend.cluster.batches import REMOVED, Conflict, Doubt, Put, new_name, published, sequence_of
from akrun.backend.cluster.connection import ClusterOptions, Connection, require_room, translate
from akrun.backend.cluster.reading import PAUSE, Reader
from akrun.backend.cluster.wire import Wire, is_first
from akrun.backend.errors import ClosedError, RecordError, UnavailableError

LARGEST: Final = 1000
"""Messages in one batch, which the servers limit."""

LARGEST_BYTES: Final = 8 << 20
"""Of the records in one batch, unless one transaction has more."""

ANSWER: Final = 3.0
"""Seconds until the answer to a batch counts as lost."""

PATIENCE: Final = 60.0
"""Seconds for which a batch is tried again while the servers do not answer, as when a leader is elected."""


@dataclass(slots=True)
class _Transaction:
    puts: Sequence[Put]
    changes: Mapping[str, Counter[str]]
    done: asyncio.Future[list[int]]

    @property
    def size(self) -> int:
        return len(self.puts) + len(self.changes)

    @property
    def bytes(self) -> int:
        return sum(len(put.body) for put in self.puts)


@dataclass(slots=True)
class WriterStatistics:
    """Since opening: batches carried out, transactions in them, and transactions in the largest of them."""

    commits: int = 0
    transactions: int = 0
    largest: int = 0


@dataclass(slots=True)
class _Chain:
    """The record that each batch begins with: its subject, and the sequence of the latest."""

    subject: str
    sequence: int = 0


@dataclass(slots=True)
class _Batch:
    """A batch on its way.

    Attributes:
        name: what its first record says.
        records: how many follow that.
        counts: this instance's tallies when it is carried out.
        fences: batches of a first record alone that were written to end the doubt about it.
    """

    name: str
    records: int = 0
    counts: Mapping[str, Counter[str]] = field(default_factory=dict)
    fences: list["_Batch"] = field(default_factory=list)


@dataclass(slots=True)
class _Tallies:
    """What this instance counted, by subject."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def with_changes(self, group: Sequence[_Transaction]) -> dict[str, Counter[str]]:
        """The counts as they will be after these transactions, of the subjects that they change."""
        changed: dict[str, Counter[str]] = {}
        for transaction in group:
            for subject, change in transaction.changes.items():
                if subject not in changed:
                    changed[subject] = Counter(self.counts.get(subject))
                changed[subject].update(change)
        return changed


class Writer:
    """Carries out transactions in the order in which they came.

    Args:
        client: the connection.
        wire: for answers.
        reader: told what was written; asked what became of a batch whose answer was lost.
        options: for messages of errors.
        subject: of the record that each batch begins with.
    """

    def __init__(
        self, client: Connection, wire: Wire, reader: Reader, options: ClusterOptions, subject: str
    ) -> None:
        self.statistics = WriterStatistics()
        self._client = client
        self._wire = wire
        self._reader = reader
        self._options = options
        self._chain = _Chain(subject)
        self._tallies = _Tallies()
        self._doubtful: _Batch | None = None
        self._waiting: list[_Transaction] = []
        self._wake = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def commit(
        self, puts: Sequence[Put], changes: Mapping[str, Counter[str]] = MappingProxyType({})
    ) -> list[int]:
        """Write records, all or nothing, and add to this instance's tallies.

        Cancelling the call does not take them back.

        Args:
            puts: what is written, at most once for a subject.
            changes: what is added to the tallies, by their subjects.

        Returns:
            The sequences of the records, in their order.

        Raises:
            Conflict: a record is not what was expected.
            RecordError: too much for one transaction.
            UnavailableError: the servers do not answer.
        """
        if self._closed:
            raise ClosedError("the backend is closed")
        transaction = _Transaction(puts, changes, asyncio.get_running_loop().create_future())
        if not puts and not changes:
            return []
        self._check(transaction)
        self._waiting.append(transaction)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="akrun-writer")
        return await transaction.done

    def _check(self, transaction: _Transaction) -> None:
        if transaction.size >= LARGEST:
            raise RecordError(
                f"{transaction.size} records are too many for one transaction", cure="cut it into parts"
            )
        for put in transaction.puts:
            require_room(self._client, put.body)

    async def open(self) -> None:
        """Begin the chain.

        Raises:
            UnavailableError: the servers do not answer.
        """
        await self._batch([])

    async def close(self) -> None:
        """Carry out what waits, take no more, and remove the record of the chain."""
        self._closed = True
        self._wake.set()
        if self._task is not None:
            await self._task
        headers = {"Nats-TTL": f"{REMOVED:.0f}s"}
        with suppress(NatsError):  # a record that stays is no harm
            await self._client.publish(self._chain.subject, b"", headers=headers)

    async def _run(self) -> None:
        while self._waiting or not self._closed:
            self._wake.clear()
            while group := self._next_group():
                await self._carry_out(group)
            if not self._closed:
                await self._wake.wait()

    def _next_group(self) -> list[_Transaction]:
        """As many waiting transactions as fit into a batch and write to different subjects."""
        group: list[_Transaction] = []
        left: list[_Transaction] = []
        subjects: set[str] = set()
        tallies: set[str] = set()
        size, length = 1, 0
        for transaction in self._waiting:
            wanted = {put.subject for put in transaction.puts}
            grown = size + len(transaction.puts) + len(transaction.changes.keys() - tallies)
            heavy = length + transaction.bytes
            if (
                left
                or not wanted.isdisjoint(subjects)
                or grown > LARGEST
                or (group and heavy > LARGEST_BYTES)
            ):
                left.append(transaction)
                continue
            group.append(transaction)
            subjects |= wanted
            tallies |= transaction.changes.keys()
            size, length = grown, heavy
        self._waiting = left
        return group

    async def _carry_out(self, group: Sequence[_Transaction]) -> None:
        """One batch for all; if that is refused, two for half of them each, so that one fails alone."""
        try:
            first = await self._batch(group)
        except (Conflict, RecordError, APIError) as error:
            if len(group) > 1:
                half = len(group) // 2
                await self._carry_out(group[:half])
                await self._carry_out(group[half:])
            else:
                _fail(group, error if isinstance(error, Conflict) else translate(error, self._options))
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            _fail(group, translate(error, self._options))
        else:
            self._count(group)
            for transaction in group:
                sequences = list(range(first, first + len(transaction.puts)))
                first += len(transaction.puts)
                if not transaction.done.done():  # else its caller was cancelled
                    transaction.done.set_result(sequences)

    def _count(self, group: Sequence[_Transaction]) -> None:
        self.statistics.commits += 1
        self.statistics.transactions += len(group)
        self.statistics.largest = max(self.statistics.largest, len(group))

    async def _batch(self, group: Sequence[_Transaction]) -> int:
        """Write a batch; gives the sequence of its first record behind that of the chain."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            await self._end_doubt(end)
            counts = self._tallies.with_changes(group)
            puts = [put for transaction in group for put in transaction.puts]
            puts += [Put(subject, orjson.dumps(count)) for subject, count in counts.items()]
            batch = _Batch(new_name(), len(puts), counts)
            try:
                sequence = await self._write(batch.name, puts)
            except Doubt as doubt:
                self._doubtful = batch
                await self._client.unanswered()
                found = await self._end_doubt(end)
                if found is not None:
                    return found + 1
                if loop.time() > end:
                    raise translate(doubt.reason, self._options) from doubt.reason
            else:
                self._carried_out(batch, sequence)
                return sequence + 1

    def _carried_out(self, batch: _Batch, sequence: int) -> None:
        self._client.answered()
        self._chain.sequence = sequence
        self._reader.seen = max(self._reader.seen, sequence + batch.records)
        self._tallies.counts |= batch.counts

    async def _end_doubt(self, end: float) -> int | None:
        """Learn what became of the batch in doubt; gives its sequence if it was carried out.

        Raises:
            UnavailableError: nobody can tell until that time; the next batch will ask again.
        """
        loop = asyncio.get_running_loop()
        while (batch := self._doubtful) is not None:
            await asyncio.sleep(PAUSE)
            fence = _Batch(new_name())
            batch.fences.append(fence)
            reason: Exception | None = None
            try:
                found: _Batch | None = fence
                sequence = await self._write(fence.name, [])
            except Conflict:  # the batch itself was carried out, or a fence whose answer was lost
                record = await self._reader.last(self._chain.subject)
                name = None if record is None else record.body.decode()
                found = next((each for each in (batch, *batch.fences) if each.name == name), None)
                sequence = 0 if record is None else record.sequence
            except Doubt as doubt:
                found, sequence, reason = None, 0, doubt.reason
            if found is not None:
                self._doubtful = None
                self._carried_out(found, sequence)
                return sequence if found is batch else None
            await self._client.unanswered()
            if loop.time() > end:
                raise UnavailableError(
                    f"{self._options.place}: the servers do not say whether a transaction was carried out",
                    cure="check that most of the servers run",
                ) from reason
        return None

    async def _write(self, name: str, puts: Sequence[Put]) -> int:
        """Send a batch once; gives the sequence of the chain's record, which is its first."""
        batch = [Put(self._chain.subject, name.encode(), self._chain.sequence), *puts]
        reply, question = self._wire.expect(is_first)
        try:
            messages = [published(put, name, number) for number, put in enumerate(batch[:-1], 1)]
            messages.append(published(batch[-1], name, len(batch), reply))
            await self._client.send(b"".join(messages))
            async with asyncio.timeout(ANSWER):
                await question.answered
        except (TimeoutError, NatsError) as error:
            raise Doubt(error) from error
        finally:
            self._wire.forget(reply)
        return sequence_of(question.messages[0]) - len(puts)


def _fail(group: Sequence[_Transaction], error: Exception) -> None:
    for transaction in group:
        if not transaction.done.done():
            transaction.done.set_exception(error)
