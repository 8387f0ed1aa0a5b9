"""What this instance has off the queues: leased and running, or waiting for a lease.

Work items are taken a little ahead, so that they can be given out in their order; what is not asked for
soon goes back to the server, so that no other instance has to wait for it. For everything it has, the
instance gives signs of life; without them the server gives an item to another one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from nats.errors import Error as NatsError

from akrun.backend.cluster import units
from akrun.backend.cluster.codec import unpack
from akrun.backend.cluster.consumers import ACK, IN_PROGRESS, NAK, Consumer, Item, consumer
from akrun.backend.cluster.core import Core, Draft, Record
from akrun.backend.cluster.units import Kind, Unit
from akrun.backend.cluster.wire import ANSWER
from akrun.backend.records import JournalEntry, MessageState

WINDOW: Final = 32
"""Items to look at, at least, when one is to be given out in order."""

LARGEST: Final = 400
"""Units in one transaction, each with up to two records."""

SIGNS: Final = 3
"""Signs of life within the time after which a lease is over."""

UNUSED: Final = 1.0
"""Seconds after which what was taken ahead and not asked for goes back: others may be idle."""

Key = tuple[Kind, str]
"""A message or job by its id."""

Place = tuple[int, int]
"""What the units of a queue are ordered by."""


@dataclass(slots=True)
class Held:
    """A work item that this instance has.

    Attributes:
        key: its message or job.
        record: of its unit, as it was last read or written.
        payload: what the work item carries.
        reply: where it is acknowledged.
        place: its place in the order of its queue.
        due: when it may be given out, in microseconds; 0 for a message.
        taken: when it came off the server, by the loop's clock.
        leased: whether it was given out.
        lock: held while its unit is written.
        entries: of its journal, that wait to be written.
    """

    key: Key
    record: Record
    payload: bytes
    reply: str
    place: Place
    due: int
    taken: float
    leased: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    entries: list[tuple[JournalEntry, asyncio.Future[None]]] = field(default_factory=list)


class Leases(Core):
    """The work items of this instance, and what it writes about their leases."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._held: dict[Key, Held] = {}
        self._waiting: defaultdict[tuple[Kind, str], list[Held]] = defaultdict(list)
        self._consumers: dict[tuple[Kind, str], Consumer] = {}
        self._queue_locks: defaultdict[tuple[Kind, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._signs: asyncio.Task[None] | None = None

    async def _start(self) -> None:
        await super()._start()
        self._held.clear()
        self._waiting.clear()
        self._consumers.clear()
        self._signs = None

    async def _finish_up(self) -> None:
        try:
            for kind in ("message", "job"):
                leased = [name for (of, name), held in self._held.items() if of == kind and held.leased]
                await self._hand_back(kind, leased, started=True)
        finally:
            if self._signs is not None:
                self._signs.cancel()
            await self._give_back(list(self._held.values()))
            await super()._finish_up()

    # Taking

    def _consumer_of(self, kind: Kind, queue: str) -> Consumer:
        name = kind, queue
        if name not in self._consumers:
            self._consumers[name] = consumer(self._nc, self._stream, kind, queue, self._options)
        return self._consumers[name]

    async def _drop_queue(self, kind: Kind, queue: str) -> None:
        """Remove a queue from the servers; what waits in it here is forgotten, what is leased goes on."""
        async with self._queue_locks[kind, queue]:
            await self._consumer_of(kind, queue).close()
            del self._consumers[kind, queue]
            for held in self._waiting.pop((kind, queue), []):
                if not held.leased:
                    self._settled(held)

    async def _look(self, kind: Kind, queue: str, wanted: int) -> list[Held]:
        """What waits here for a lease, in order; items are taken off the server until there are enough."""
        waiting = self._waiting[kind, queue]
        waiting[:] = [held for held in waiting if not held.leased and self._held.get(held.key) is held]
        missing = max(wanted, WINDOW) - len(waiting)
        if missing > 0:
            waiting += await self._receive(kind, await self._consumer_of(kind, queue).pull(missing))
        waiting.sort(key=lambda held: held.place)
        return list(waiting)

    async def _receive(self, kind: Kind, items: Sequence[Item]) -> list[Held]:
        """Hold what came off the server, and acknowledge what needs no work any more."""
        if self._signs is None:
            self._signs = asyncio.create_task(self._give_signs(), name="akrun-signs-of-life")
        # A replica that has not even the items yet must not be believed that their units are not there.
        self._reader.seen = max([self._reader.seen, *(item.sequence for item in items)])
        named = [(item, *unpack(item.body)) for item in items if item.body]
        for item in items:
            if not item.body:
                await self._acknowledge(item.reply)
        known: dict[str, Record] = {}
        unknown: list[str] = []
        for item, (name, *about), _payload in named:
            subject = self._subjects.unit(kind, name)
            if about and not item.again:
                known[subject] = _new(subject, item.sequence - 1, units.new(kind, name, *about))
            else:
                unknown.append(subject)
        if unknown:
            known |= await self._known(unknown)
        received: list[Held] = []
        now = asyncio.get_running_loop().time()
        for item, (name, *_about), [payload] in named:
            record = Draft(known).get(self._subjects.unit(kind, name))
            present = self._held.get((kind, name))
            if record is None or (unit := units.decode(record)).outcome is not None:
                await self._acknowledge(item.reply)
            elif present is not None:  # our signs of life came too late, and nobody took it over
                present.reply = item.reply
                present.taken = now
            else:
                place, due = _place(unit, record)
                held = Held((kind, name), record, payload or b"", item.reply, place, due, now)
                self._held[held.key] = held
                received.append(held)
        return received

    # Letting go

    def _settled(self, held: Held) -> None:
        """Have it no longer."""
        if self._held.get(held.key) is held:
            del self._held[held.key]

    async def _acknowledge(self, reply: str) -> None:
        """Take an item off its queue; where that is lost the item comes again, and is passed over then."""
        with suppress(NatsError):
            await self._nc.publish(reply, ACK)

    async def _hand_back(self, kind: Kind, names: Iterable[str], *, started: bool) -> int:
        """Make leased units pending again and give their items back; returns how many they were."""
        keys: list[Key] = [(kind, name) for name in dict.fromkeys(names)]
        mine = [held for key in keys if (held := self._held.get(key)) is not None and held.leased]
        count = 0
        for start in range(0, len(mine), LARGEST):
            portion = mine[start : start + LARGEST]
            known = {held.record.subject: held.record for held in portion}
            returned, _written = await self._transact(partial(self._return, portion, started=started), known)
            for held in portion:  # whose lease went to another instance, it is for that to give back
                self._settled(held)
            await self._give_back(returned)
            count += len(returned)
        return count

    def _return(self, portion: Sequence[Held], draft: Draft, *, started: bool) -> list[Held]:
        returned: list[Held] = []
        for held in portion:
            record = draft.get(held.record.subject)
            if record is None or not self._has_lease(unit := units.decode(record)):
                continue
            attempts = unit.attempts if started else unit.attempts - 1
            draft.put(record.subject, unit.pending_again(record, attempts).encode())
            draft.count(unit.tally(self._subjects, self._owner), {"in_progress": -1, "pending": 1})
            returned.append(held)
        return returned

    def _has_lease(self, unit: Unit) -> bool:
        return unit.state is MessageState.IN_PROGRESS and unit.owner == self._owner

    async def _give_back(self, portion: Sequence[Held]) -> None:
        """Give items back to the server, which gives them to whoever asks next."""
        for held in portion:
            self._settled(held)
        asked = (self._nc.request(held.reply, NAK, timeout=ANSWER) for held in portion)
        await asyncio.gather(*asked, return_exceptions=True)  # where one fails, its item waits for its time

    # Signs of life

    async def _give_signs(self) -> None:
        now = asyncio.get_running_loop().time
        pause = self._options.ack_wait / SIGNS
        next_sign = now() + pause
        while True:
            await asyncio.sleep(min(pause, UNUSED))
            old = now() - UNUSED
            unused = [held for held in self._held.values() if not held.leased and held.taken < old]
            await self._give_back(unused)
            if now() < next_sign:
                continue
            next_sign = now() + pause
            for held in list(self._held.values()):
                with suppress(NatsError):
                    await self._nc.publish(held.reply, IN_PROGRESS)

    # Leasing

    def _begin(self, draft: Draft, record: Record, unit: Unit) -> None:
        """Count an attempt, and note whose it is."""
        changed = unit.change(
            record, state=MessageState.IN_PROGRESS, attempts=unit.attempts + 1, owner=self._owner
        )
        draft.put(record.subject, changed.encode())
        if unit.state is MessageState.PENDING:  # else it was that of an instance that is gone
            draft.count(unit.tally(self._subjects, self._owner), {"pending": -1, "in_progress": 1})


def _new(subject: str, sequence: int, unit: Unit) -> Record:
    """The record of a unit that nobody had yet, unread: who had it meanwhile has written another one."""
    return Record(subject, sequence, unit.encode(), {})


def _place(unit: Unit, record: Record) -> tuple[Place, int]:
    """Its place in its queue, and when it may be given out."""
    if isinstance(unit, units.MessageUnit):
        return (unit.ordinal, 0), 0
    assert isinstance(unit, units.JobUnit)
    return (unit.due, unit.first or record.sequence), unit.due
