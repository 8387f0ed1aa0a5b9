"""Loading an audience into the cluster backend: batch by batch, started anew after a crash."""

import secrets
import sqlite3
from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from typing import Final

from akrun.backend.audience import Progress, batches
from akrun.backend.cluster import units
from akrun.backend.cluster.core import Conflict, Draft, Put, Record
from akrun.backend.cluster.launch_records import LaunchRecord, decode
from akrun.backend.cluster.launches import ClusterLaunches
from akrun.backend.cluster.tallies import total
from akrun.backend.cluster.units import MessageUnit
from akrun.backend.errors import ConflictError, StateError
from akrun.backend.records import LaunchState, LoadResult, MessageState, NewMessage, Outcome

BATCH_ROWS: Final = 400
"""Most rows of a batch."""


class _Profiles:
    """The profiles of an audience so far, in a temporary file of SQLite's own; memory stays flat."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE profile (id TEXT PRIMARY KEY) WITHOUT ROWID"
        )

    def close(self) -> None:
        self._connection.close()

    def is_new(self, profile_id: str) -> bool:
        """Note a profile; False when it was noted before."""
        noted = self._connection.execute("INSERT OR IGNORE INTO profile VALUES (?)", (profile_id,))
        return noted.rowcount == 1


class ClusterAudience(ClusterLaunches):
    """Loading, of the `Launches` protocol."""

    async def load(
        self, launch_id: str, rows: Iterable[NewMessage] | AsyncIterable[NewMessage]
    ) -> LoadResult:
        """See `Launches.load`."""
        self._require_open()
        if launch_id in self._loading:
            raise StateError(f"launch `{launch_id}` is being loaded by another call")
        self._loading.add(launch_id)
        try:
            return await self._load(launch_id, rows)
        finally:
            self._loading.discard(launch_id)

    async def _load(
        self, launch_id: str, rows: Iterable[NewMessage] | AsyncIterable[NewMessage]
    ) -> LoadResult:
        call = secrets.token_hex(8)
        record = await self._call(self._claim(launch_id, call))
        progress = Progress()
        with closing(_Profiles()) as profiles:
            async with aclosing(batches(rows, BATCH_ROWS)) as portions:
                async for batch in portions:
                    fresh: list[NewMessage] = []
                    duplicates: list[str] = []
                    for row in batch:
                        progress.digest.update(row)
                        if profiles.is_new(row.profile_id):
                            fresh.append(row)
                        else:
                            duplicates.append(row.profile_id)
                    if fresh:
                        record = await self._call(self._store(record, fresh, progress.stored))
                    skipped = sum(row.skip_reason is not None for row in fresh)
                    progress.add(len(fresh), skipped, duplicates)
        launch = await self._call(self._complete(record, progress))
        return progress.result(launch.launch())

    async def _claim(self, launch_id: str, call: str) -> Record:
        """Begin to load: every batch expects the record written here, so that no two calls load at once."""
        while True:
            record = await self._existing(launch_id)
            launch = _require_loading(record)
            since = self._reader.seen if launch.loading_from is None else launch.loading_from
            claimed = replace(launch, loading=call, loading_from=since)
            try:
                claim = await self._rewrite(record, claimed)
            except Conflict:
                continue
            return claim if launch.loading_from is None else await self._clear(claim)

    async def _rewrite(self, record: Record, launch: LaunchRecord) -> Record:
        body = launch.encode()
        [sequence] = await self._commit([Put(record.subject, body, record.sequence)])
        return record._replace(sequence=sequence, body=body)

    async def _clear(self, record: Record) -> Record:
        """Remove the messages of a load that did not come to its end."""
        launch = decode(record)
        left = [
            found
            async for found in self._onward(self._subjects.messages, (launch.loading_from or 0) + 1)
            if units.decode_message(found).launch_id == launch.launch_id
        ]
        for start in range(0, len(left), 2 * BATCH_ROWS):
            await self._commit(
                [Put(each.subject, b"", each.sequence) for each in left[start : start + 2 * BATCH_ROWS]]
            )
        await self._purge_queue(launch.launch_id, record.sequence)
        tallies = await self._many([self._subjects.launch_tally(launch.launch_id)])

        def make(draft: Draft) -> None:
            _require_same(draft, record)
            draft.put(record.subject, replace(launch, loading_from=self._reader.seen).encode())
            counted = {name: -count for name, count in total(tallies).items()}
            draft.count(self._subjects.launch_tally(launch.launch_id, self._owner), counted)

        _none, written = await self._transact(make, {record.subject: record})
        return written[record.subject]

    async def _store(self, record: Record, rows: Sequence[NewMessage], first: int) -> Record:
        """Store a batch whose first row has that ordinal; gives the launch's record as it is then."""
        launch = decode(record)
        now = self._clock()

        def make(draft: Draft) -> None:
            _require_same(draft, record)
            draft.put(record.subject, record.body)
            taken: set[str] = set()
            for ordinal, row in enumerate(rows, first):
                unit = _unit(row, launch.launch_id, ordinal, now)
                subject = unit.subject(self._subjects)
                if subject in taken or draft.get(subject) is not None:
                    raise ConflictError(
                        f"a message id in the audience is taken: `{row.id}` of profile `{row.profile_id}`"
                    )
                taken.add(subject)
                draft.put(subject, unit.encode(), None if unit.outcome is None else self._options.keep)
                if row.skip_reason is None:
                    work = self._subjects.work("message", launch.launch_id, row.id)
                    draft.put(work, unit.work(row.payload, new=True))
                tally = self._subjects.launch_tally(launch.launch_id, self._owner)
                draft.count(tally, {unit.state: 1})

        _none, written = await self._transact(make, {record.subject: record})
        return written[record.subject]

    async def _complete(self, record: Record, progress: Progress) -> LaunchRecord:
        launch = replace(
            decode(record),
            state=LaunchState.READY,
            total=progress.stored,
            audience_digest=progress.digest.hexdigest(),
            loading=None,
            loading_from=None,
        )

        def make(draft: Draft) -> None:
            _require_same(draft, record)
            draft.put(record.subject, launch.encode())

        await self._transact(make, {record.subject: record})
        return launch


def _require_loading(record: Record) -> LaunchRecord:
    launch = decode(record)
    if launch.state is not LaunchState.LOADING:
        raise StateError(f"launch `{launch.launch_id}` is {launch.state}: its audience is settled")
    return launch


def _require_same(draft: Draft, record: Record) -> None:
    """Refuse to go on with a load when the launch was moved on, or another call began to load it."""
    present = draft.get(record.subject)
    if present is None or present.sequence != record.sequence:
        launch = _require_loading(record if present is None else present)
        raise StateError(f"launch `{launch.launch_id}` is being loaded by another call")


def _unit(row: NewMessage, launch_id: str, ordinal: int, now: float) -> MessageUnit:
    unit = MessageUnit(id=row.id, launch_id=launch_id, ordinal=ordinal, profile_id=row.profile_id)
    if row.skip_reason is None:
        return unit
    reason = {"kind": "skip", "message": row.skip_reason}
    return replace(
        unit,
        state=MessageState.SKIPPED,
        outcome=Outcome(MessageState.SKIPPED, None, reason, now),
        payload=row.payload,
    )
