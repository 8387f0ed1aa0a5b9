"""What every part of the cluster backend stands on: connection, reader, writer, and transactions."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar

from nats.js import JetStreamContext

from akrun.backend.cluster.batches import Conflict, Put
from akrun.backend.cluster.connection import ClusterOptions, Connection, connect
from akrun.backend.cluster.reading import PAUSE, Reader, Record
from akrun.backend.cluster.streams import ensure, require_version, stream_name
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.cluster.wire import Wire
from akrun.backend.cluster.writer import Writer, WriterStatistics
from akrun.backend.errors import BackendError, ClosedError
from akrun.backend.link import Told

__all__ = ["Conflict", "Core", "Draft", "Known", "Put", "Record"]

R = TypeVar("R")

Known = Mapping[str, Record]
"""Records that were read, by subject; removed ones among them."""


_HASTY: Final = 3
"""Attempts of a transaction that follow each other at once."""


@dataclass(slots=True)
class Draft:
    """A transaction in the making: what it knows, and what it writes if that is still true.

    Attributes:
        known: what was read.
        puts: records to write.
        changes: what is added to the tallies, by their subjects.
    """

    known: Known
    puts: list[Put] = field(default_factory=list)
    changes: dict[str, Counter[str]] = field(default_factory=dict)

    def get(self, subject: str) -> Record | None:
        """The record of a subject; None if there is none, or it was removed."""
        record = self.known.get(subject)
        return record if record is not None and record.body else None

    def put(
        self,
        subject: str,
        body: bytes,
        ttl: float | None = None,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write a record in place of the one that is known, or where none is; for `ttl` seconds, if given."""
        record = self.known.get(subject)
        self.puts.append(Put(subject, body, 0 if record is None else record.sequence, ttl, headers))

    def remove(self, subject: str) -> None:
        """Remove a record, if there is one."""
        if self.get(subject) is not None:
            self.put(subject, b"")

    def count(self, tally: str, changes: Mapping[str, int]) -> None:
        """Add to a tally."""
        counter = self.changes.setdefault(tally, Counter())
        for name, change in changes.items():
            counter[str(name)] += change


class Core:
    """A connection to the servers, under whose names any number of processes work together.

    Args:
        options: which servers, and how.
        clock: seconds since the epoch, for the times the backend sets itself.
        told: told when the connection was lost, and when it is back.
    """

    _nc: Connection
    _js: JetStreamContext
    _wire: Wire
    _reader: Reader
    _writer: Writer

    def __init__(
        self, options: ClusterOptions, *, clock: Callable[[], float] = time.time, told: Told | None = None
    ) -> None:
        self._options = options
        self._clock = clock
        self._on_link = told
        self._subjects = Subjects(options.prefix)
        self._stream = stream_name(options.prefix)
        self._owner = ""
        self._opened = False
        self._closing: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._mailing_of_launch: dict[str, str] = {}  # which never changes
        self._queues: set[str] = set()  # channels that jobs were stored for, as far as is known here
        self._loading: set[str] = set()  # launches whose audience is being loaded by a call

    async def open(self) -> None:
        """Connect, and make or check the streams.

        Raises:
            StorageError: the servers cannot be reached or used.
            BackendError: a stream is not as it must be.
        """
        if self._opened:
            raise BackendError("the backend is open already")
        self._owner = secrets.token_hex(8)
        self._closing = None
        self._nc = await connect(self._options, told=self._on_link)
        try:
            await self._start()
        except BaseException:
            await self._nc.close()
            raise
        self._opened = True

    async def _start(self) -> None:
        require_version(self._nc)
        self._js = self._nc.jetstream()
        await ensure(self._js, self._options)
        self._wire = Wire(self._nc)
        await self._wire.open()
        chain = self._subjects.batch(self._owner)
        self._reader = Reader(self._wire, self._stream, self._options, chain)
        self._writer = Writer(self._nc, self._wire, self._reader, self._options, chain)
        await self._writer.open()

    async def close(self) -> None:
        """Carry out what was asked for, hand back what is leased, and let go of the connection.

        It goes on to its end when its caller is cancelled.
        """
        if not self._opened:
            return
        if self._closing is None:
            self._closing = asyncio.create_task(self._shut())
        await asyncio.shield(self._closing)

    async def _shut(self) -> None:
        while self._running:
            await asyncio.wait(self._running)
        try:
            await self._finish_up()
        finally:
            await self._writer.close()
            with suppress(Exception):  # what was acknowledged is stored; nothing is lost with the connection
                await self._nc.flush(1)
            await self._nc.close()
            self._opened = False

    async def _finish_up(self) -> None:
        """What a part does before the connection is closed."""

    @property
    def statistics(self) -> WriterStatistics:
        """What the writer did since opening."""
        self._require_open()
        return self._writer.statistics

    def _require_open(self) -> None:
        if not self._opened or self._closing is not None:
            raise ClosedError("the backend is not open")

    async def _call(self, call: Coroutine[Any, Any, R]) -> R:
        """Carry a call out to its end, also when its caller is cancelled: what it noted must be true."""
        try:
            self._require_open()
        except ClosedError:
            call.close()
            raise
        task = asyncio.create_task(call)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _commit(self, puts: Sequence[Put]) -> list[int]:
        """Write records, all or nothing; gives their sequences.

        Raises:
            Conflict: one of them is not what was expected.
            BackendError: they cannot be written.
        """
        sequences = await self._writer.commit(puts)
        await self._stir(puts)
        return sequences

    async def _stir(self, puts: Iterable[Put]) -> None:
        """Called with what was written, for a part that tells others of it."""

    async def _transact(
        self, make: Callable[[Draft], R], known: Known = MappingProxyType({})
    ) -> tuple[R, dict[str, Record]]:
        """Carry out a transaction; when something else was written meanwhile, read anew and make it anew.

        Args:
            make: fills a draft by what is known, and gives the answer to the call; may refuse by an error.
            known: to begin with; what is not in it is taken not to be there.

        Returns:
            The answer, and the written records by their subjects.
        """
        attempts = 0
        while True:
            draft = Draft(known)
            answer = make(draft)
            try:
                sequences = await self._writer.commit(draft.puts, draft.changes)
            except Conflict:
                attempts += 1
                if attempts > _HASTY:
                    await asyncio.sleep(PAUSE)
                known = await self._known([*known, *(put.subject for put in draft.puts)])
            else:
                await self._stir(draft.puts)
                pairs = zip(draft.puts, sequences, strict=True)
                return answer, {put.subject: Record(put.subject, at, put.body, {}) for put, at in pairs}

    async def _known(self, subjects: Iterable[str]) -> dict[str, Record]:
        """The records of subjects without wildcards, removed ones too."""
        found = await self._reader.many(subjects, removed=True)
        return {record.subject: record for record in found}

    async def _last(self, subject: str) -> Record | None:
        """The last record of a subject; of one with wildcards the latest of all."""
        self._require_open()
        return await self._reader.last(subject)

    async def _many(self, subjects: Iterable[str]) -> list[Record]:
        """The last record of each subject, by sequence; a wildcard stands for all that match."""
        self._require_open()
        return await self._reader.many(subjects)

    def _onward(self, subject: str, start: int = 1, *, settled: bool = False) -> AsyncGenerator[Record, None]:
        """The records of a subject with wildcards from a sequence on; see `Reader.onward`."""
        self._require_open()
        return self._reader.onward(subject, start, settled=settled)
