"""Launches of mailings in the cluster backend: states and counts."""

from contextlib import suppress
from dataclasses import replace

from akrun.backend.cluster.core import Conflict, Draft, Put, Record
from akrun.backend.cluster.launch_records import LaunchRecord, decode, next_number
from akrun.backend.cluster.leases import Leases
from akrun.backend.cluster.outlast import outlasted
from akrun.backend.cluster.registry import ClusterRegistry
from akrun.backend.cluster.tallies import message_counts
from akrun.backend.errors import ConflictError, NotFoundError
from akrun.backend.launch_states import ENDS, require_none_left, require_way
from akrun.backend.records import Counts, Launch, LaunchState


class ClusterLaunches(Leases, ClusterRegistry):
    """The `Launches` protocol, but for loading."""

    async def launch(self, mailing_id: int | str, launch_id: str, constants: bytes) -> Launch:
        """See `Launches.launch`."""
        return await self._call(self._launch(mailing_id, launch_id, constants))

    async def _launch(self, mailing_id: int | str, launch_id: str, constants: bytes) -> Launch:
        mailing = await self.mailing(mailing_id)
        if mailing is None:
            raise NotFoundError(f"there is no mailing `{mailing_id}`")
        guard = self._subjects.guard("launch")
        while True:
            draft = Draft(await self._known([guard]))  # first: who begins a launch meanwhile, changes it
            if (record := await self._last(self._subjects.find_launch(launch_id))) is not None:
                break
            new = LaunchRecord(
                mailing_id=mailing.id,
                launch_id=launch_id,
                number=next_number(draft, guard),
                state=LaunchState.LOADING,
                constants=constants,
                created=self._clock(),
            )
            draft.put(new.subject(self._subjects), new.encode())
            with suppress(Conflict):
                await self._commit(draft.puts)
                return new.launch()
        present = decode(record)
        if str(present.mailing_id) != str(mailing_id):
            raise ConflictError(f"launch `{launch_id}` belongs to another mailing than {mailing_id}")
        return await self._told(present)

    async def find_launch(self, launch_id: str) -> Launch | None:
        """See `Launches.find_launch`."""
        record = await self._last(self._subjects.find_launch(launch_id))
        return None if record is None else await self._told(decode(record))

    async def latest_launch(self, mailing_id: int | str) -> Launch | None:
        """See `Launches.latest_launch`."""
        launches = await self._launches(str(mailing_id))
        return await self._told(launches[-1]) if launches else None

    async def launches(self, mailing_id: int | str) -> list[Launch]:
        """See `Launches.launches`."""
        return [await self._told(launch) for launch in await self._launches(str(mailing_id))]

    async def launches_in(self, state: LaunchState) -> list[Launch]:
        """See `Launches.launches_in`."""
        launches = await self._launches(None)
        return [await self._told(launch) for launch in launches if launch.state is state]

    async def _launches(self, mailing: str | None) -> list[LaunchRecord]:
        """Launches of a mailing, or of all, in the order of their beginning."""
        records = await self._many([self._subjects.launches(mailing)])
        return sorted(map(decode, records), key=lambda launch: launch.number)

    async def _told(self, launch: LaunchRecord) -> Launch:
        """What the protocol tells of a launch; while it loads, its messages are counted."""
        if launch.state is LaunchState.LOADING or launch.total == 0:
            launch = replace(launch, total=(await self._message_counts(launch.launch_id)).total)
        return launch.launch()

    async def set_launch_state(self, launch_id: str, state: LaunchState) -> Launch:
        """See `Launches.set_launch_state`."""
        return await self._call(self._move(launch_id, state))

    async def _move(self, launch_id: str, state: LaunchState) -> Launch:
        while True:
            record = await self._existing(launch_id)
            launch = decode(record)
            if launch.state is state:
                return await self._told(launch)
            require_way(launch_id, launch.state, state)
            if state is LaunchState.FINISHED:  # a replay rewrites the launch, so these counts still hold then
                require_none_left(launch_id, await self._message_counts(launch_id))
            moved = self._moved(launch, state)
            try:
                [sequence] = await self._commit([Put(record.subject, moved.encode(), record.sequence)])
            except Conflict:
                continue
            if state in ENDS:
                await self._drop_queue("message", launch_id)
            if state is LaunchState.FINISHED:
                # What is still in the queue was settled by others than its holder.
                await self._purge_queue(launch_id, sequence)
            return await self._told(moved)

    def _moved(self, launch: LaunchRecord, state: LaunchState) -> LaunchRecord:
        now = self._clock()
        started = now if state is LaunchState.SENDING and launch.started is None else launch.started
        return replace(launch, state=state, started=started, finished=now if state in ENDS else None)

    async def _purge_queue(self, launch_id: str, sequence: int) -> None:
        """Remove the work items of a launch that were stored before that sequence."""
        work = f"{self._subjects.queue('message', launch_id)}.*"
        await outlasted(
            lambda: self._js.purge_stream(self._stream, subject=work, seq=sequence), self._options
        )

    async def counts(self, launch_id: str) -> Counts:
        """See `Launches.counts`."""
        launch, tally = self._subjects.find_launch(launch_id), self._subjects.launch_tally(launch_id)
        records = await self._many([launch, tally])
        tallies = [record for record in records if record.subject.startswith(tally[:-1])]
        if len(tallies) == len(records):
            raise _no_launch(launch_id)
        return message_counts(tallies)

    async def _message_counts(self, launch_id: str) -> Counts:
        return message_counts(await self._many([self._subjects.launch_tally(launch_id)]))

    async def _existing(self, launch_id: str) -> Record:
        """The record of a launch.

        Raises:
            NotFoundError: no such launch.
        """
        record = await self._last(self._subjects.find_launch(launch_id))
        if record is None:
            raise _no_launch(launch_id)
        return record


def _no_launch(launch_id: str) -> NotFoundError:
    return NotFoundError(f"there is no launch `{launch_id}`")
