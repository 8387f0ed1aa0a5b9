"""Replaying and dropping dead letters in the cluster backend."""

from dataclasses import replace

from akrun.backend.cluster import units
from akrun.backend.cluster.core import Draft, Known, Record
from akrun.backend.cluster.dead import ClusterDeadLetters, no_letter
from akrun.backend.cluster.dead_records import decode
from akrun.backend.cluster.launch_records import decode as decode_launch
from akrun.backend.cluster.new_jobs import put_work
from akrun.backend.cluster.owners import Owners
from akrun.backend.cluster.units import JobUnit, Kind, MessageUnit, Unit
from akrun.backend.due import microseconds
from akrun.backend.errors import NotFoundError, StateError
from akrun.backend.records import DeadLetter, JournalEntry, LaunchState, MessageState


class ClusterReplay(ClusterDeadLetters, Owners):
    """Replaying and dropping, of the `DeadLetters` protocol."""

    async def replay(self, dead_id: int, now: float, *, from_start: bool = False) -> DeadLetter:
        """See `DeadLetters.replay`."""
        return await self._call(self._replay(dead_id, microseconds(now), from_start=from_start))

    async def _replay(self, dead_id: int, due: int, *, from_start: bool) -> DeadLetter:
        record = await self._existing_letter(dead_id)
        letter = decode(record)
        kind, name = _unit_of(letter)
        known = await self._around(record, kind, name)

        def make(draft: Draft) -> None:
            self._take_letter(draft, record)
            held = draft.get(self._subjects.unit(kind, name))
            if held is None:
                raise NotFoundError(f"{kind} `{name}` is not there any more", cure="drop the dead letter")
            unit = units.decode(held)
            if unit.state not in {MessageState.FAILED, MessageState.UNCERTAIN}:
                raise StateError(
                    f"{kind} `{name}` is {unit.state}: there is nothing to replay",
                    cure="drop the dead letter",
                )
            checkpoint = None if from_start else letter.input or None
            journal = _replayed(unit, checkpoint, from_start=from_start)
            revived = replace(unit.pending_again(held, 0), journal=journal)
            payload = unit.payload or b""
            if isinstance(revived, JobUnit):
                revived = replace(revived, due=due)
                put_work(draft, self._subjects, revived, payload)
            elif isinstance(revived, MessageUnit):
                self._continue_launch(draft, revived)
                work = self._subjects.work("message", revived.launch_id, name)
                draft.put(work, revived.work(payload))
            draft.put(held.subject, revived.encode())
            draft.count(unit.tally(self._subjects, self._owner), {unit.state: -1, MessageState.PENDING: 1})

        await self._transact(make, known)
        return letter

    async def _around(self, letter: Record, kind: Kind, name: str) -> Known:
        """All that a replay rewrites."""
        subjects = self._subjects
        known = await self._known([letter.subject, subjects.unit(kind, name)])
        record = Draft(known).get(subjects.unit(kind, name))
        if record is None:
            return known
        unit = units.decode(record)
        more = [subjects.work(kind, unit.queue, name)]
        if isinstance(unit, MessageUnit):
            mailing = await self._mailing_of(unit.launch_id)
            more.append(subjects.launch(mailing or "", unit.launch_id))
        return known | await self._known(more)

    def _take_letter(self, draft: Draft, record: Record) -> None:
        """Remove a letter, which must still be there."""
        present = draft.get(record.subject)
        if present is None or present.sequence != record.sequence:
            raise no_letter(record.sequence)
        draft.remove(record.subject)
        draft.count(self._subjects.dead_tally(self._owner), {"letters": -1})

    def _continue_launch(self, draft: Draft, unit: MessageUnit) -> None:
        """Let a finished launch go on; rewritten in any case, so that nobody finishes it meanwhile."""
        prefix = self._subjects.launches()[:-3]
        [record] = [
            found for subject in draft.known if subject.startswith(prefix) and (found := draft.get(subject))
        ]
        launch = decode_launch(record)
        if launch.state is LaunchState.STOPPED:
            raise StateError(
                f"launch `{unit.launch_id}` was stopped and sends nothing more", cure="launch anew"
            )
        if launch.state is LaunchState.FINISHED:
            launch = replace(launch, state=LaunchState.SENDING, finished=None)
        draft.put(record.subject, launch.encode())

    async def drop(self, dead_id: int) -> DeadLetter:
        """See `DeadLetters.drop`."""
        return await self._call(self._drop(dead_id))

    async def _drop(self, dead_id: int) -> DeadLetter:
        record = await self._existing_letter(dead_id)
        letter = decode(record)
        kind, name = _unit_of(letter)
        subject = self._subjects.unit(kind, name)
        known = await self._known([record.subject, subject])

        def make(draft: Draft) -> None:
            self._take_letter(draft, record)
            held = draft.get(subject)
            if held is None:
                return
            unit = units.decode(held)
            kept = isinstance(unit, JobUnit) and unit.pipeline == "message"
            bare = unit.change(held, journal=(), payload=unit.payload if kept else None)
            draft.put(subject, bare.encode(), self._options.keep)

        await self._transact(make, known)
        return letter


def _unit_of(letter: DeadLetter) -> tuple[Kind, str]:
    """The message or job that a letter is of."""
    if letter.job_id is not None:
        return "job", letter.job_id
    if letter.message_id is not None:
        return "message", letter.message_id
    raise NotFoundError(f"dead letter {letter.id} is of no message or job")


def _replayed(unit: Unit, checkpoint: bytes | None, *, from_start: bool) -> tuple[JournalEntry, ...]:
    """The journal for the attempts after a replay, which is counted; open intents are closed as resent."""
    entries = {
        entry.event: replace(
            entry,
            intent=None,
            resent=entry.resent + (entry.intent is not None),
            checkpoint=None if from_start else entry.checkpoint,
        )
        for entry in unit.journal
    }
    own = entries.get(unit.id, JournalEntry(unit.id, unit.id, None, None))
    entries[unit.id] = replace(
        own, checkpoint=own.checkpoint if checkpoint is None else checkpoint, replays=own.replays + 1
    )
    return tuple(entries[event] for event in sorted(entries))
