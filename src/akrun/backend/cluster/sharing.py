"""What processes on one cluster tell each other: who does what, that there is work, what a rate allows."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Conflict, Put
from akrun.backend.cluster.watching import ClusterWatching
from akrun.backend.sharing import News

KEPT: Final = 60.0
"""Seconds that a bucket is remembered once it must be full again."""

_SHORTEST: Final = 1.0
"""Seconds: the servers let a record be for no shorter time."""


class ClusterSharing(ClusterWatching):
    """The `Sharing` protocol."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._claimed: dict[str, tuple[int, float]] = {}  # subject → sequence and end of our record
        self._news: dict[News, asyncio.Event] = {}

    async def _start(self) -> None:
        await super()._start()
        self._claimed = {}
        self._news = {news: asyncio.Event() for news in self._subjects.stirring}
        for news, told in self._news.items():
            await self._nc.subscribe(self._subjects.news(news), cb=partial(_hear, told))

    async def _finish_up(self) -> None:
        try:
            for subject, (sequence, _end) in self._claimed.items():
                with suppress(Conflict):  # its time was over, and another instance has it
                    await self._writer.commit([Put(subject, b"", sequence)])
        finally:
            await super()._finish_up()

    async def _stir(self, puts: Iterable[Put]) -> None:
        # A process that does not hear of it finds it at its next look, so nothing hangs on this.
        written = [put.subject for put in puts if put.body]
        for news, beginnings in self._subjects.stirring.items():
            if any(subject.startswith(beginnings) for subject in written):
                with suppress(NatsError):
                    await self._nc.publish(self._subjects.news(news))

    @property
    def shared(self) -> bool:
        """See `Sharing.shared`."""
        return True

    async def claim(self, what: str, ttl: float) -> bool:
        """See `Sharing.claim`."""
        self._require_open()
        subject = self._subjects.claim(what)
        record = (await self._known([subject])).get(subject)
        if record is not None and record.body not in {b"", self._owner.encode()}:
            return False
        expect = 0 if record is None else record.sequence
        ttl = max(ttl, _SHORTEST)
        try:
            [sequence] = await self._commit([Put(subject, self._owner.encode(), expect, ttl)])
        except Conflict:
            return False
        now = asyncio.get_running_loop().time()
        self._claimed = {name: held for name, held in self._claimed.items() if held[1] > now}
        self._claimed[subject] = sequence, now + ttl
        return True

    async def stirred(self, news: News) -> None:
        """See `Sharing.stirred`."""
        told = self._news[news]
        await told.wait()
        told.clear()

    async def reserve(self, bucket: str, per_second: float, capacity: float, most: int) -> tuple[int, float]:
        """See `Sharing.reserve`; the processes' clocks should agree to a fraction of a second."""
        subject = self._subjects.rate(bucket)
        while True:
            record = await self._last(subject)
            now = self._clock()
            tokens, filled = (capacity, now) if record is None else unpack(record.body)[0]
            tokens = min(capacity, tokens + max(now - filled, 0.0) * per_second)
            given = min(most, int(tokens + 1e-9))
            if not given:
                return 0, (1.0 - tokens) / per_second + max(filled - now, 0.0)
            body = pack([tokens - given, max(now, filled)])
            expect = 0 if record is None else record.sequence
            with suppress(Conflict):
                await self._commit([Put(subject, body, expect, capacity / per_second + KEPT)])
                return given, 0.0


async def _hear(told: asyncio.Event, _: Msg) -> None:
    told.set()
