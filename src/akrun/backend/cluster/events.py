"""The event log of the cluster backend: written to the stream, asked of the database for reports."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from akrun.backend.cluster import event_records
from akrun.backend.cluster.core import Record
from akrun.backend.cluster.event_records import EncodedEvent
from akrun.backend.cluster.launch_records import decode as decode_launch
from akrun.backend.cluster.outlast import outlasted
from akrun.backend.cluster.owners import Owner, Owners
from akrun.backend.cluster.registry import ClusterRegistry
from akrun.backend.cluster.reports import Belongs, EventRow, Reports, Scope
from akrun.backend.errors import NotFoundError
from akrun.backend.records import EventRecord, Report
from akrun.exact_json import decode, encode

R = TypeVar("R")

PORTION: Final = 500
"""Events in one transaction, of the stream or of the database."""


class ClusterEventLog(ClusterRegistry, Owners):
    """The `EventLog` protocol, and the events of one message."""

    _reports: Reports | None = None
    _read_upto = 0
    """The sequence of the last event in the database, as far as this process knows."""

    async def _start(self) -> None:
        await super()._start()
        self._filling = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="akrun-reports")

    async def _finish_up(self) -> None:
        await super()._finish_up()
        if self._reports is not None:
            await self._in_thread(self._reports.close)
            self._reports = None
        self._thread.shutdown()

    async def record_events(self, events: Sequence[EventRecord]) -> int:
        """See `EventLog.record_events`."""
        self._require_open()
        encoded = await self._encode_events(events)
        new = 0
        for start in range(0, len(encoded), PORTION):
            portion = encoded[start : start + PORTION]
            count, _ = await self._transact(partial(event_records.write, portion, keep=self._options.keep))
            new += count
        return new

    async def _encode_events(
        self, events: Sequence[EventRecord], new: Mapping[str, Owner] = MappingProxyType({})
    ) -> list[EncodedEvent]:
        """Events as they are written, those of known messages completed.

        Args:
            events: the events.
            new: owners of messages that are stored together with them.

        Raises:
            RecordError: one of them cannot be stored.
        """
        owners = {**new, **await self._owners(event.send_message_id for event in events)}
        return [
            event_records.encode(self._subjects, event, owners.get(event.send_message_id)) for event in events
        ]

    async def message_events(self, message_id: str) -> list[EventRecord]:
        """See `Controls.message_events`."""
        found = await self._many([self._subjects.events_of(message_id)])
        return await self._as_registered(event_records.decode(record).event for record in found)

    async def report(self, *, mailing_id: int | str | None = None, launch_id: str | None = None) -> Report:
        """See `EventLog.report`."""
        self._require_open()
        scope = await self._scope(mailing_id, launch_id)
        reports = await self._filled()
        return await self._in_thread(lambda: reports.report(scope))

    async def history(self, profile_id: str) -> list[EventRecord]:
        """See `EventLog.history`."""
        self._require_open()
        reports = await self._filled()
        rows = await self._in_thread(lambda: reports.history(profile_id))
        return await self._as_registered(map(_of_row, rows))

    async def fill_reports(self) -> int:
        """Bring the database for reports up to the present; returns the sequence of the last event in it.

        Reports do so themselves; from time to time it keeps them quick.
        """
        self._require_open()
        await self._filled()
        return self._read_upto

    async def _scope(self, mailing_id: int | str | None, launch_id: str | None) -> Scope:
        if launch_id is not None:
            if await self._last(self._subjects.find_launch(launch_id)) is None:
                raise NotFoundError(f"there is no launch `{launch_id}`")
            return Scope(launch_id=launch_id)
        if mailing_id is None:
            return Scope()
        if await self.mailing(mailing_id) is None:
            raise NotFoundError(f"there is no mailing `{mailing_id}`")
        launches = await self._many([self._subjects.launches(str(mailing_id))])
        return Scope(str(mailing_id), launches=[decode_launch(record).launch_id for record in launches])

    async def _as_registered(self, events: Iterable[EventRecord]) -> list[EventRecord]:
        """Events with the ids of their mailings as they were registered."""
        listed = list(events)
        ids = await self._mailing_ids(
            {str(event.mailing_id) for event in listed if event.mailing_id is not None}
        )
        return [
            replace(event, mailing_id=ids.get(str(event.mailing_id), event.mailing_id)) for event in listed
        ]

    async def _filled(self) -> Reports:
        """The database for reports with all events that there are."""
        async with self._filling:
            reports = self._reports or await self._open_reports()
            while not await self._fill(reports):
                self._read_upto = await self._in_thread(reports.position)
            return reports

    async def _open_reports(self) -> Reports:
        reports = Reports(self._options.report_database, self._options.data, self._options.prefix)
        info = await outlasted(lambda: self._js.stream_info(self._stream), self._options)
        assert info is not None, "it was made when the backend was opened"
        await self._in_thread(lambda: reports.open(f"{self._stream} {info.created}"))
        self._read_upto = await self._in_thread(reports.position)
        self._reports = reports
        return reports

    async def _fill(self, reports: Reports) -> bool:
        """Read on; False when another process has stored what was read."""
        rows: list[EventRow] = []
        async for record in self._onward(self._subjects.events, self._read_upto + 1, settled=True):
            rows.append(await self._row(record))
            if len(rows) == PORTION:
                if not await self._add(reports, rows):
                    return False
                rows = []
        return not rows or await self._add(reports, rows)

    async def _row(self, record: Record) -> EventRow:
        event, known = event_records.decode(record)
        return EventRow(
            record.sequence,
            event.send_message_id,
            event.channel_id,
            event.event_type,
            event.action_type,
            event.key,
            event.time,
            event.reason,
            encode(event.data).decode(),
            event.profile_id,
            None if event.mailing_id is None else str(event.mailing_id),
            event.launch_id,
            await self._belongs(event, known=known),
        )

    async def _belongs(self, event: EventRecord, *, known: bool) -> Belongs:
        if not known:
            return Belongs.NOTHING
        if event.launch_id is None:
            return Belongs.ITSELF
        launched = await self._mailing_of(event.launch_id) is not None
        return Belongs.LAUNCH if launched else Belongs.CONTROL

    async def _add(self, reports: Reports, rows: Sequence[EventRow]) -> bool:
        added = await self._in_thread(lambda: reports.add(self._read_upto, rows))
        if added:
            self._read_upto = rows[-1].sequence
        return added

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _of_row(row: EventRow) -> EventRecord:
    values = row[1:-1]
    event = EventRecord(*values)
    return replace(event, data=decode(row.data.encode()))
