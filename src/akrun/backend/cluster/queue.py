"""The work queue of the cluster backend: leases, outcomes, release of messages."""

from collections.abc import Sequence

from akrun.backend.cluster import units
from akrun.backend.cluster.launch_records import decode as decode_launch
from akrun.backend.cluster.leases import LARGEST, Held
from akrun.backend.cluster.outcomes import Ending, Outcomes
from akrun.backend.errors import NotFoundError, StateError
from akrun.backend.records import (
    DeadLetter,
    EventRecord,
    LaunchState,
    Message,
    MessageStatus,
    NewJob,
    Outcome,
    TraceRecord,
)


class ClusterQueue(Outcomes):
    """The `Queue` protocol."""

    async def lease(self, launch_id: str, limit: int) -> list[Message]:
        """See `Queue.lease`."""
        return await self._call(self._lease(launch_id, limit))

    async def _lease(self, launch_id: str, limit: int) -> list[Message]:
        record = await self._last(self._subjects.find_launch(launch_id))
        if record is None:
            raise NotFoundError(f"there is no launch `{launch_id}`")
        state = decode_launch(record).state
        if state in {LaunchState.LOADING, LaunchState.READY}:
            raise StateError(f"launch `{launch_id}` is {state}", cure="set it to `sending` first")
        leased: list[Held] = []
        if state is LaunchState.SENDING:
            async with self._queue_locks["message", launch_id]:
                while (wanted := min(limit - len(leased), LARGEST)) > 0:
                    waiting = await self._look("message", launch_id, wanted)
                    if not waiting:
                        break
                    leased += await self._lease_these(waiting[:wanted])
        return [_leased(held) for held in leased]

    async def finish(  # noqa: PLR0913, PLR0917 - the protocol's
        self,
        message_id: str,
        outcome: Outcome,
        events: Sequence[EventRecord] = (),
        dead: DeadLetter | None = None,
        jobs: Sequence[NewJob] = (),
        trace: TraceRecord | None = None,
    ) -> bool:
        """See `Queue.finish`."""
        return await self._call(self._end("message", message_id, Ending(outcome, events, dead, jobs, trace)))

    async def release(self, message_ids: Sequence[str], *, started: bool = False) -> int:
        """See `Queue.release`."""
        return await self._call(self._hand_back("message", message_ids, started=started))

    async def message(self, message_id: str) -> MessageStatus | None:
        """See `Queue.message`."""
        found = await self._look_up("message", message_id)
        if found is None:
            return None
        unit, payload = found
        assert isinstance(unit, units.MessageUnit)
        place = unit.id, unit.launch_id, unit.ordinal, unit.profile_id
        return MessageStatus(*place, unit.state, unit.attempts, unit.outcome, payload)


def _leased(held: Held) -> Message:
    unit = units.decode_message(held.record)
    place = unit.id, unit.launch_id, unit.ordinal, unit.profile_id
    return Message(*place, held.payload, unit.attempts, unit.journal)
