"""Control runs in the cluster backend."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from akrun.backend.cluster.control_records import ControlRecord, decode
from akrun.backend.cluster.core import Conflict, Draft, Record
from akrun.backend.cluster.job_queues import JobQueues
from akrun.backend.cluster.launch_records import next_number
from akrun.backend.cluster.new_jobs import put_jobs, unit_of
from akrun.backend.cluster.registry import ClusterRegistry
from akrun.backend.controls import Control, ControlState, NewControl
from akrun.backend.errors import NotFoundError
from akrun.backend.records import NewJob


class ClusterControls(ClusterRegistry, JobQueues):
    """The `Controls` protocol, but for the events of a message."""

    async def begin_control(self, control: NewControl, jobs: Sequence[NewJob] = ()) -> Control:
        """See `Controls.begin_control`."""
        for job in jobs:
            unit_of(job)
        return await self._call(self._begin_control(control, jobs))

    async def _begin_control(self, new: NewControl, jobs: Sequence[NewJob]) -> Control:
        mailing = await self.mailing(new.mailing_id)
        if mailing is None:
            raise NotFoundError(f"there is no mailing `{new.mailing_id}`")
        guard = self._subjects.guard("control")
        named = [guard, *(unit_of(job).subject(self._subjects) for job in jobs)]
        await self._note_job_queues(jobs)
        while True:
            known = await self._known(named)  # first: who begins a control run meanwhile, changes the guard
            records = await self._many([self._subjects.controls])
            present = [decode(record) for record in records]
            begun = next((each.control for each in present if each.control.id == new.id), None)
            if begun is not None:
                return begun
            draft = Draft(known | {record.subject: record for record in records})
            control = self._control(new, mailing.id)
            for each in present:
                if _gives_way(each.control, control):
                    refused = self._decided(each, ControlState.REFUSED, "asked for anew")
                    draft.put(each.subject(self._subjects), refused.encode())
            stored = ControlRecord(control, next_number(draft, guard))
            draft.put(stored.subject(self._subjects), stored.encode())
            put_jobs(self._subjects, self._owner, jobs, draft)
            with suppress(Conflict):
                await self._writer.commit(draft.puts, draft.changes)
                await self._stir(draft.puts)
                return control

    def _control(self, new: NewControl, mailing_id: int | str) -> Control:
        about = new.launch_id, new.message_id, new.constants, new.content
        return Control(new.id, mailing_id, new.kind, *about, ControlState.OPEN, self._clock(), None, None)

    def _decided(self, record: ControlRecord, state: ControlState, reason: str | None) -> ControlRecord:
        control = replace(record.control, state=state, decided=self._clock(), reason=reason)
        return replace(record, control=control)

    async def decide_control(self, control_id: str, *, granted: bool, reason: str | None = None) -> bool:
        """See `Controls.decide_control`."""
        state = ControlState.GRANTED if granted else ControlState.REFUSED
        return await self._call(self._decide(control_id, state, reason))

    async def _decide(self, control_id: str, state: ControlState, reason: str | None) -> bool:
        found = await self._last(self._subjects.find_control(control_id))
        if found is None:
            raise NotFoundError(f"there is no control run `{control_id}`")

        def make(draft: Draft) -> bool:
            record = draft.get(found.subject)
            if record is None or (present := decode(record)).control.state is not ControlState.OPEN:
                return False
            draft.put(record.subject, self._decided(present, state, reason).encode())
            return True

        decided, _written = await self._transact(make, {found.subject: found})
        return decided

    async def controls(
        self, *, mailing_id: int | str | None = None, state: ControlState | None = None
    ) -> list[Control]:
        """See `Controls.controls`."""
        return [
            control
            for control in _in_order(await self._many([self._subjects.controls]))
            if (mailing_id is None or str(control.mailing_id) == str(mailing_id))
            and (state is None or control.state is state)
        ]

    async def control_of(self, message_id: str) -> Control | None:
        """See `Controls.control_of`."""
        of_message = _in_order(await self._many([self._subjects.controls_of(message_id)]))
        return of_message[-1] if of_message else None


def _gives_way(present: Control, new: Control) -> bool:
    """Whether an open control run is replaced by a new one."""
    same = (str(present.mailing_id), present.kind) == (str(new.mailing_id), new.kind)
    return same and present.state is ControlState.OPEN


def _in_order(records: Iterable[Record]) -> list[Control]:
    """Control runs in the order in which they were begun."""
    return [each.control for each in sorted(map(decode, records), key=lambda each: each.number)]
