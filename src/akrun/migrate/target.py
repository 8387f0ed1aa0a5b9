"""The cluster that is carried to: rows in batches, and in each batch how far it has come with them.

That record makes a migration exact: whatever broke it off, the next call goes on behind the last batch, and
of two calls at once one is refused.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

import orjson

from akrun.backend.cluster import Cluster, units
from akrun.backend.cluster.connection import require_room
from akrun.backend.cluster.core import Conflict, Put, Record
from akrun.backend.cluster.migration import MIGRATION
from akrun.backend.cluster.reading import Reader
from akrun.backend.cluster.store import EXPIRES
from akrun.backend.cluster.streams import bucket_stream, bucket_subject
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.errors import BackendError, RecordError
from akrun.backend.records import ChannelRecord, MailingRecord
from akrun.migrate.records import Batch
from akrun.migrate.rows import Contents, Kind, Placed, Position, Row, ValueRow

BATCH_RECORDS: Final = 900
BATCH_BYTES: Final = 4 << 20
"""A batch ends at whichever of the two it reaches first."""

_ANEW: Final = "name another nats_prefix, or delete the streams that were begun"


@dataclass(frozen=True, slots=True)
class Marker:
    """How far a migration has come.

    Attributes:
        source: the fingerprint of the database.
        kind: what is being carried.
        after: the position of the last row of that kind.
        carried: rows so far, by kind.
        ended: when everything was there and compared, in seconds since the epoch; None before that.
    """

    source: str
    kind: Kind = Kind.VALUE
    after: Position = None
    carried: Mapping[str, int] = field(default_factory=dict)
    ended: float | None = None

    def encode(self) -> bytes:
        """Its record."""
        return orjson.dumps(self)


class Target(Cluster):
    """A cluster to be carried to, on which nobody works yet."""

    _is_carried_to: ClassVar[bool] = True
    _marker: Marker
    _marker_sequence = 0

    async def look(self, source: str) -> Marker | None:
        """The migration of that source that was begun here; None where there is nothing at all.

        Raises:
            BackendError: there is something else, or a process works on it while not all is carried.
        """
        marker = await self._found_marker(source)
        if marker is None or marker.ended is None:
            await self._require_nobody()
        return marker

    async def begin(self, source: str) -> Marker:
        """Begin a migration, or go on with the one that was begun.

        Raises:
            BackendError: see `look`.
        """
        if await self.look(source) is None:
            await self._note(Marker(source))
        return self._marker

    async def _found_marker(self, source: str) -> Marker | None:
        record = await self._last(self._marker_at)
        if record is None:
            await self._require_empty()
            return None
        told = orjson.loads(record.body)
        marker = Marker(**{**told, "kind": Kind(told["kind"])})
        if marker.source != source:
            what = "another database was carried here, or this one before more work was done on it"
            raise BackendError(f"{self._options.place}: {what}", cure=_ANEW)
        self._marker, self._marker_sequence = marker, record.sequence
        return marker

    async def _require_nobody(self) -> None:
        """Refuse to carry to where processes work."""
        for member in await self.members():
            said = member.said
            where = f"process {said.pid} on {said.host}"
            message = f"{self._options.place}: `akrun {said.kind}` works on the cluster ({where})"
            raise BackendError(message, cure="end it and all others, and call again")

    async def take(self, kind: Kind, rows: AsyncIterable[Placed]) -> int:
        """Store the rows of a kind that follow the position reached; gives how many there are now.

        Raises:
            RecordError: the cluster cannot take a row.
            BackendError: another call carries, too.
        """
        portion = _Portion(self._subjects, self._owner, self._options.keep)
        async for row, position in rows:
            portion.add(row, position)
            if portion.is_full:
                await self._call(self._store_portion(kind, portion))
                portion = _Portion(self._subjects, self._owner, self._options.keep)
        if portion.rows:
            await self._call(self._store_portion(kind, portion))
        return self._marker.carried.get(kind, 0)

    async def end(self) -> None:
        """Note that everything is there."""
        await self._note(replace(self._marker, ended=self._clock()))

    async def contents(self, now: float) -> Contents:
        """How many records there are, read from one end to the other.

        Args:
            now: values whose time is over then are not counted.
        """
        subjects = self._subjects
        counts = {kind: await self._count(subject) for kind, subject in self._places.items()}
        counts[Kind.VALUE] = await self._count_values(now)
        counts[Kind.CHANNEL] = len(await self.channels())
        counts[Kind.MAILING] = len(await self.mailings())
        messages: Counter[tuple[str, str]] = Counter()
        jobs: Counter[str] = Counter()
        async for record in self._onward(subjects.messages, settled=True):
            message = units.decode_message(record)
            messages[message.launch_id, message.state] += 1
        async for record in self._onward(self._jobs, settled=True):
            jobs[units.decode_job(record).state] += 1
        counts[Kind.MESSAGE] = messages.total()
        counts[Kind.JOB] = jobs.total()
        return Contents({kind: counts[kind] for kind in Kind}, messages, jobs)

    @property
    def _marker_at(self) -> str:
        return self._subjects.guard(MIGRATION)

    @property
    def _jobs(self) -> str:
        return f"{self._subjects.prefix}.unit.job.*"

    @property
    def _places(self) -> dict[Kind, str]:
        subjects = self._subjects
        return {
            Kind.EVENT: subjects.events,
            Kind.TRACE: subjects.traces,
            Kind.ACCEPTED: subjects.all_accepted,
            Kind.LETTER: subjects.all_dead,
            Kind.CONTROL: subjects.controls,
            Kind.LAUNCH: subjects.launches(),
        }

    async def _require_empty(self) -> None:
        places = {**self._places, Kind.MESSAGE: self._subjects.messages, Kind.JOB: self._jobs}
        found = [kind for kind, place in places.items() if await _any(self._onward(place))]
        if await self.channels():
            found.append(Kind.CHANNEL)
        if await _any(self._stored_values()):
            found.append(Kind.VALUE)
        if found:
            raise BackendError(
                f"{self._options.place}: the cluster is not empty: it has {', '.join(found)}",
                cure="name another nats_prefix; what two installations did is not put together",
            )

    async def _count(self, subject: str) -> int:
        return sum([1 async for _ in self._onward(subject, settled=True)])

    async def _count_values(self, now: float) -> int:
        return sum([1 async for record in self._stored_values() if float(record.headers[EXPIRES]) > now])

    async def _stored_values(self) -> AsyncGenerator[Record, None]:
        """The store's values; empty ones too, but not the marks of those that were taken."""
        reader = Reader(self._wire, bucket_stream(self._values), self._options, "")
        subject = f"{bucket_subject(self._values)}.>"
        async for record in reader.onward(subject, removed=True, settled=True):
            if EXPIRES in record.headers:
                yield record

    async def _note(self, marker: Marker, batch: Batch | None = None) -> None:
        """Write how far it has come, together with what is carried."""
        puts = [Put(self._marker_at, marker.encode(), self._marker_sequence)]
        changes: Mapping[str, Counter[str]] = {}
        if batch is not None:
            puts += batch.puts
            changes = batch.changes
        try:
            self._marker_sequence, *_ = await self._writer.commit(puts, changes)
        except Conflict:
            cure = "wait for it to end; if there is none, call again"
            message = f"{self._options.place}: another call of `akrun migrate` carries there"
            raise BackendError(message, cure=cure) from None
        self._marker = marker

    async def _store_portion(self, kind: Kind, portion: "_Portion") -> None:
        """Store a batch; what lies in a bucket of its own first, where storing it again changes nothing."""
        for put in portion.batch.puts:
            with _naming(put.subject):
                require_room(self._nc, put.body)
        values = [row for row in portion.outside if isinstance(row, ValueRow)]
        await asyncio.gather(*map(self._keep_value, values))
        for row in portion.outside:
            if isinstance(row, ChannelRecord):
                await self.register_channel(row)
            elif isinstance(row, MailingRecord):
                await self.register_mailing(row)
        carried = {**self._marker.carried, kind.value: self._marker.carried.get(kind, 0) + portion.rows}
        marker = replace(self._marker, kind=kind, after=portion.reached, carried=carried)
        await self._note(marker, portion.batch)

    async def _keep_value(self, row: ValueRow) -> None:
        with _naming(f"the value `{row.key}` of table `{row.table}`"):
            await self._keep(row.table, row.key, row.value, row.expires)


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Say what it is that cannot be stored."""
    try:
        yield
    except RecordError as error:
        raise RecordError(f"{what}: {error.message}", cure=error.cure) from error


class _Portion:
    """Rows that are stored together.

    Attributes:
        batch: what becomes records of the transaction stream.
        outside: what is stored in a bucket of its own.
        rows: how many there are.
        reached: the position of the last.
    """

    def __init__(self, subjects: Subjects, owner: str, keep: float) -> None:
        self.batch = Batch(subjects, owner, keep)
        self.outside: list[ValueRow | ChannelRecord | MailingRecord] = []
        self.rows = 0
        self.reached: Position = None
        self._bytes = 0

    def add(self, row: Row, position: Position) -> None:
        """Take in a row."""
        if isinstance(row, ValueRow | ChannelRecord | MailingRecord):
            self.outside.append(row)
            self._bytes += len(row.value if isinstance(row, ValueRow) else row.document)
        else:
            self.batch.add(row)
        self.rows += 1
        self.reached = position

    @property
    def is_full(self) -> bool:
        """Whether it is to be stored before the next row comes."""
        large = self._bytes + self.batch.bytes >= BATCH_BYTES
        return large or len(self.outside) + self.batch.size >= BATCH_RECORDS


async def _any(records: AsyncGenerator[Record, None]) -> bool:
    """Whether there is a record."""
    async with aclosing(records):
        return await anext(records, None) is not None
