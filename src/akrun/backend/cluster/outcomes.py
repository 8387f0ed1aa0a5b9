"""Outcomes of messages and jobs, and what comes with them."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from akrun.backend.cluster import dead_records, event_records, trace_records, units
from akrun.backend.cluster.codec import unpack
from akrun.backend.cluster.core import Draft, Known, Record
from akrun.backend.cluster.event_records import EncodedEvent
from akrun.backend.cluster.events import ClusterEventLog
from akrun.backend.cluster.job_queues import JobQueues
from akrun.backend.cluster.leases import Held, Leases
from akrun.backend.cluster.new_jobs import put_jobs
from akrun.backend.cluster.owners import Owner
from akrun.backend.cluster.reading import PAUSE
from akrun.backend.cluster.units import JobUnit, Kind, MessageUnit, Unit
from akrun.backend.errors import BackendError, NotFoundError
from akrun.backend.giving_up import given_up
from akrun.backend.records import DeadLetter, EventRecord, MessageState, NewJob, Outcome, TraceRecord


class Ending(NamedTuple):
    """An outcome and what comes with it."""

    outcome: Outcome
    events: Sequence[EventRecord] = ()
    dead: DeadLetter | None = None
    jobs: Sequence[NewJob] = ()
    trace: TraceRecord | None = None


class _Surroundings(NamedTuple):
    """What an ending needs to know beyond the unit.

    Attributes:
        payload: the unit's, where it must be kept.
        events: the ending's, completed.
        launch_id: of the message that a job's dead letter names.
    """

    payload: bytes
    events: Sequence[EncodedEvent]
    launch_id: str | None


class Outcomes(Leases, ClusterEventLog, JobQueues):
    """Recording them."""

    async def _end(self, kind: Kind, name: str, ending: Ending) -> bool:
        """Record an outcome and what comes with it; False when there was one already."""
        await self._note_job_queues(ending.jobs)
        held = self._held.get((kind, name))
        if held is None:
            return await self._end_unheld(kind, name, ending)
        async with held.lock:
            known = {held.record.subject: held.record}
            unit = units.decode(held.record)
            around = await self._surroundings(unit, ending, held.payload)
            recorded = await self._record_end(held.record.subject, name, ending, known, around)
            self._settled(held)
            await self._acknowledge(held.reply)
        return recorded

    async def _end_unheld(self, kind: Kind, name: str, ending: Ending) -> bool:
        """The same for what this instance has no lease of."""
        subject = self._subjects.unit(kind, name)
        record = await self._last(subject)
        if record is None:
            raise NotFoundError(f"there is no {kind} `{name}`")
        unit = units.decode(record)
        known = {subject: record}
        payload = await self._payload(unit) or b""
        if isinstance(unit, JobUnit) and unit.due > 0:
            known |= await self._known([self._subjects.at(unit.queue, unit.due, name)])
        around = await self._surroundings(unit, ending, payload)
        return await self._record_end(subject, name, ending, known, around)

    async def _surroundings(self, unit: Unit, ending: Ending, payload: bytes) -> _Surroundings:
        own = all(event.send_message_id == unit.id for event in ending.events)
        if own and isinstance(unit, MessageUnit):  # as nearly always: nothing needs to be read
            owner = Owner(unit.profile_id, await self._mailing_of(unit.launch_id), unit.launch_id)
            events = [event_records.encode(self._subjects, event, owner) for event in ending.events]
        else:
            events = await self._encode_events(ending.events, await self._new_messages(ending))
        launch_id = None
        if ending.dead is not None and isinstance(unit, JobUnit):
            launch_id = await self._launch_of(ending.dead.message_id or unit.origin_message)
        return _Surroundings(payload, events, launch_id)

    async def _new_messages(self, ending: Ending) -> dict[str, Owner]:
        """Messages that are stored as jobs together with events of theirs."""
        named = {event.send_message_id for event in ending.events}
        jobs = {self._subjects.unit("job", job.id): job for job in reversed(ending.jobs) if job.id in named}
        for record in await self._many(jobs) if jobs else ():
            del jobs[record.subject]  # it was there before
        return {
            job.id: Owner(job.profile_id, None, None) for job in jobs.values() if job.pipeline == "message"
        }

    async def _launch_of(self, message_id: str | None) -> str | None:
        """The launch that a message is of."""
        if message_id is None:
            return None
        record = await self._last(self._subjects.unit("message", message_id))
        return None if record is None else units.decode_message(record).launch_id

    async def _record_end(
        self, subject: str, name: str, ending: Ending, known: Known, around: _Surroundings
    ) -> bool:
        def make(draft: Draft) -> bool:
            record = draft.get(subject)
            if record is None:
                raise NotFoundError(f"there is no message or job `{name}`")
            unit = units.decode(record)
            if unit.outcome is not None:
                return False
            self._settle(draft, record, unit, ending, around)
            return True

        recorded, _sequences = await self._transact(make, known)
        return recorded

    def _settle(
        self, draft: Draft, record: Record, unit: Unit, ending: Ending, around: _Surroundings
    ) -> None:
        """Write an outcome and what comes with it.

        The journal stays where there is a dead letter, whose replay may need it.
        """
        subjects, dead = self._subjects, ending.dead
        # An attempt whose lease was over may end before the one that came after it, which has sent again.
        resent = max(ending.outcome.resent, sum(entry.resent for entry in unit.journal))
        outcome = replace(ending.outcome, resent=resent)
        ended = unit.change(
            record,
            state=outcome.state,
            owner=None,
            outcome=outcome,
            journal=() if dead is None else unit.journal,
            payload=around.payload if _keeps_payload(unit, outcome) else None,
        )
        draft.put(record.subject, ended.encode(), self._options.keep if dead is None else None)
        draft.count(unit.tally(subjects, self._owner), {unit.state: -1, outcome.state: 1})
        if isinstance(unit, JobUnit) and unit.due > 0:
            draft.remove(subjects.at(unit.queue, unit.due, unit.id))
        if dead is not None:
            letter, launch_id = _addressed(dead, unit, around)
            draft.put(subjects.dead(launch_id, unit.kind, unit.id), dead_records.encode(letter))
            draft.count(subjects.dead_tally(self._owner), {"letters": 1})
        event_records.write(around.events, draft, self._options.keep)
        put_jobs(subjects, self._owner, ending.jobs, draft)
        if ending.trace is not None:
            draft.put(
                subjects.trace(ending.trace.unit, secrets.token_hex(8)), trace_records.encode(ending.trace)
            )

    async def _lease_these(self, chosen: Sequence[Held]) -> list[Held]:
        """Begin the next attempts of what waits here; gives those that were begun, in their order.

        What had all its attempts becomes a dead letter instead; what has an outcome by now is passed over.
        """
        chosen = [held for held in chosen if self._held.get(held.key) is held]  # the rest went back meanwhile
        for held in chosen:
            held.leased = True  # before it is written: what went back now could be leased here twice at once
        launches = {held.key: await self._letters_launch(held) for held in chosen}
        known = {held.record.subject: held.record for held in chosen}

        def make(draft: Draft) -> list[Held]:
            begun: list[Held] = []
            for held in chosen:
                record = draft.get(held.record.subject)
                if record is None or (unit := units.decode(record)).outcome is not None:
                    continue
                if unit.attempts < self._options.max_attempts:
                    self._begin(draft, record, unit)
                    begun.append(held)
                else:
                    self._give_up(draft, held, record, unit, launches[held.key])
            return begun

        try:
            begun, written = await self._transact(make, known)
        except BackendError:
            for held in chosen:
                held.leased = False
            raise
        for held in begun:
            held.record = written[held.record.subject]
        taken = {held.key for held in begun}
        for held in chosen:
            if held.key not in taken:
                self._settled(held)
                await self._acknowledge(held.reply)
        return begun

    async def _letters_launch(self, held: Held) -> str | None:
        """The launch among whose letters that of this job would be, should it be given up now."""
        unit = units.decode(held.record)
        if isinstance(unit, JobUnit) and unit.attempts >= self._options.max_attempts:
            return await self._launch_of(unit.origin_message)
        return None

    def _give_up(self, draft: Draft, held: Held, record: Record, unit: Unit, launch_id: str | None) -> None:
        """Fail what had all its attempts, and make a dead letter of it."""
        message_id, pipeline = (
            (unit.origin_message, unit.pipeline) if isinstance(unit, JobUnit) else (unit.id, "message")
        )
        outcome, letter = given_up(unit.id, message_id, pipeline, unit.attempts, unit.journal, self._clock())
        around = _Surroundings(held.payload, (), launch_id)
        self._settle(draft, record, unit, Ending(outcome, dead=letter), around)

    async def _look_up(self, kind: Kind, name: str) -> tuple[Unit, bytes] | None:
        """A message or job with its payload; None if there is none."""
        subject = self._subjects.unit(kind, name)
        before: Record | None = None
        while (record := await self._last(subject)) is not None:
            unit = units.decode(record)
            payload = await self._payload(unit)
            if payload is not None or unit.outcome is not None or record == before:
                return unit, payload or b""
            before = record
            await asyncio.sleep(
                PAUSE
            )  # it came to its end between the two looks, or is just put into its queue
        return None

    async def _payload(self, unit: Unit) -> bytes | None:
        """A unit's payload, from its work item before its end; None where it was let go of."""
        if unit.outcome is not None:
            return unit.payload
        places = [self._subjects.work(unit.kind, unit.queue, unit.id)]
        if isinstance(unit, JobUnit) and unit.due > 0:
            places.append(self._subjects.at(unit.queue, unit.due, unit.id))
        found = await self._many(places)
        return unpack(found[-1].body)[1][0] or b"" if found else None


def _keeps_payload(unit: Unit, outcome: Outcome) -> bool:
    """Whether the payload is needed after the end: of a message always, of a job unless all is done."""
    return (
        not isinstance(unit, JobUnit) or unit.pipeline == "message" or outcome.state is not MessageState.DONE
    )


def _addressed(dead: DeadLetter, unit: Unit, around: _Surroundings) -> tuple[DeadLetter, str | None]:
    """A dead letter with what is known from its unit, and the launch among whose letters it is."""
    if isinstance(unit, MessageUnit):
        return replace(dead, message_id=unit.id, job_id=None, channel=None), unit.launch_id
    assert isinstance(unit, JobUnit)
    message_id = unit.origin_message if dead.message_id is None else dead.message_id
    return replace(dead, message_id=message_id, job_id=unit.id, channel=unit.channel), around.launch_id
