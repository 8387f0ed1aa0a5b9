"""Which processes work on a cluster: each has a record that ends by itself unless it is written anew."""

from dataclasses import astuple
from typing import Any

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Put, Record
from akrun.backend.cluster.outcomes import Ending, Outcomes
from akrun.backend.cluster.units import Kind
from akrun.backend.members import Announcement, Member


class ClusterMembers(Outcomes):
    """The `Members` protocol; counts what this instance brings to an outcome."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._settled_here = 0
        self._announced: tuple[float, int] | None = None  # when it was announced last, and the count then

    async def _finish_up(self) -> None:
        try:
            await super()._finish_up()
        finally:
            if self._announced is not None:
                await self._writer.commit([Put(self._subjects.member(self._owner), b"")])
                self._announced = None

    async def _end(self, kind: Kind, name: str, ending: Ending) -> bool:
        recorded = await super()._end(kind, name, ending)
        self._settled_here += recorded
        return recorded

    async def announce(self, said: Announcement, ttl: float) -> None:
        """See `Members.announce`."""
        await self._call(self._announce(said, ttl))

    async def _announce(self, said: Announcement, ttl: float) -> None:
        now, settled = self._clock(), self._settled_here
        before, then = self._announced or (now, settled)
        rate = (settled - then) / (now - before) if now > before else 0.0
        under_way = sum(held.leased for held in self._held.values())
        body = pack([self._owner, astuple(said), now, now + ttl, under_way, settled, rate])
        await self._commit([Put(self._subjects.member(self._owner), body, ttl=ttl)])
        self._announced = now, settled

    async def members(self) -> list[Member]:
        """See `Members.members`."""
        now = self._clock()
        found = [_decode(record) for record in await self._many([self._subjects.member()])]
        running = [member for member, end in found if end > now]
        return sorted(running, key=lambda member: (member.said.since, member.id))


def _decode(record: Record) -> tuple[Member, float]:
    """A process, and when it counts as ended."""
    (name, said, seen, end, *counted), _ = unpack(record.body)
    kind, host, pid, since, channels, breakers = said
    announced = Announcement(kind, host, pid, since, tuple(channels), tuple(breakers))
    return Member(name, announced, seen, *counted), end
