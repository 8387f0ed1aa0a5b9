"""Reading the transaction stream: the last records of subjects, and all from a sequence on.

Any replica may answer, also one that lags behind. So an answer says how far that replica was, and is asked
for again when this process has seen later records already: who wrote something reads it, and nobody sees
time go backwards.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

import orjson
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from akrun.backend.cluster.connection import ClusterOptions, translate
from akrun.backend.cluster.wire import Wire, has_status, is_first, status
from akrun.backend.errors import UnavailableError

A = TypeVar("A")
R = TypeVar("R")

PATIENCE: Final = 30.0
"""Seconds for which a question is repeated while the servers do not answer, as when a leader is elected."""

PAUSE: Final = 0.02
"""Seconds between two questions."""

LARGEST: Final = 500
"""Subjects in one question; the servers send up to 1,024 records."""

PAGE: Final = 500
"""Records in one answer."""


class Record(NamedTuple):
    """A stored record; one that was removed has an empty body until it is gone for good."""

    subject: str
    sequence: int
    body: bytes
    headers: dict[str, str]


class _Lagging(Exception):
    """The answer is of no use; the question is to be asked again."""


class Reader:
    """Reads one stream.

    Args:
        wire: the connection.
        stream: its name.
        options: its replicas; the servers, for messages of errors.
        anchor: a subject that always has a record: a question with it in is never answered by "not found",
            which would not say how far the replica was.
    """

    def __init__(self, wire: Wire, stream: str, options: ClusterOptions, anchor: str) -> None:
        self._wire = wire
        self._direct = f"$JS.API.DIRECT.GET.{stream}"
        self._leader = f"$JS.API.STREAM.MSG.GET.{stream}"
        self._options = options
        self._anchor = anchor
        self.seen = 0
        """The highest sequence that this process knows to be stored."""

    async def last(self, subject: str) -> Record | None:
        """The last record of a subject, with wildcards the latest of all; None where it was removed."""
        found = await self.many([subject])
        return found[-1] if found else None

    async def many(self, subjects: Iterable[str], *, removed: bool = False) -> list[Record]:
        """The last record of each subject, by sequence; a wildcard stands for all that match.

        Args:
            subjects: which.
            removed: whether those that were removed a moment ago are wanted too, with their empty bodies.
        """
        asked = list(dict.fromkeys(subjects))
        found: list[Record] = []
        for start in range(0, len(asked), LARGEST):
            found += await self._patiently(self._many, asked[start : start + LARGEST])
        found.sort(key=lambda record: record.sequence)
        return found if removed else [record for record in found if record.body]

    async def _many(self, subjects: Sequence[str]) -> list[Record]:
        answer = await self._ask({"multi_last": [*subjects, self._anchor]})
        if status(answer[-1]) == "413" or _pending(answer[-1]):  # more than the servers send at once
            if len(subjects) == 1:
                return [record async for record in self.onward(subjects[0], removed=True)]
            half = len(subjects) // 2
            return await self._many(subjects[:half]) + await self._many(subjects[half:])
        if status(answer[-1]) != "204":
            raise _Lagging  # a record was rewritten meanwhile, or not even the anchor is there yet
        reached = int((answer[-1].headers or {})["Nats-UpTo-Sequence"])
        if reached < self.seen:
            raise _Lagging
        self.seen = reached
        found = map(_record, answer[:-1])
        return [record for record in found if record.subject != self._anchor or self._anchor in subjects]

    async def at(self, sequence: int) -> Record | None:
        """The record of a sequence, None if it is there no more."""
        found = await self._patiently(self._at, sequence)
        return found if found is not None and found.body else None

    async def _at(self, sequence: int) -> Record | None:
        [answer] = await self._wire.ask(self._direct, orjson.dumps({"seq": sequence}), is_first)
        match status(answer):
            case None:
                return _record(answer)
            case "404":
                return None
            case _:
                raise _Lagging

    async def onward(
        self,
        subject: str,
        start: int = 1,
        *,
        page: int = PAGE,
        removed: bool = False,
        settled: bool = False,
    ) -> AsyncGenerator[Record, None]:
        """The records of a subject with wildcards in the order of their sequence, until there are no more.

        Args:
            subject: which.
            start: the first sequence.
            page: records to ask for at once.
            removed: whether those that were removed a moment ago are wanted too.
            settled: whether such records are never written again, so that they need not be compared with
                those of a replica that does not lag.
        """
        alone = self._options.replicas == 1
        while True:
            found, more = await self._patiently(self._page, (subject, start, page))
            fresh = found
            if found and not (alone or settled):
                present = await self.many([record.subject for record in found], removed=True)
                sequences = {record.sequence for record in present}
                fresh = [record for record in found if record.sequence in sequences]
            for record in fresh:
                if record.body or removed:
                    yield record
            if found:
                start = found[-1].sequence + 1
            if not more and (alone or not await self._patiently(self._more, (subject, start))):
                return

    async def _page(self, wanted: tuple[str, int, int]) -> tuple[list[Record], bool]:
        subject, start, page = wanted
        answer = await self._ask({"seq": start, "next_by_subj": subject, "batch": page})
        if status(answer[-1]) not in {"204", "404"}:
            raise _Lagging
        return [_record(message) for message in answer[:-1]], _pending(answer[-1])

    async def _more(self, wanted: tuple[str, int]) -> bool:
        """Whether the leader has a record that the replica which answered had not."""
        subject, start = wanted
        question = orjson.dumps({"seq": start, "next_by_subj": subject})
        [answer] = await self._wire.ask(self._leader, question, is_first)
        if status(answer) is not None:
            raise _Lagging
        error = orjson.loads(answer.data).get("error")
        if error is not None and error["code"] != 404:
            raise _Lagging
        return error is None

    async def _ask(self, question: object) -> list[Msg]:
        return await self._wire.ask(self._direct, orjson.dumps(question), has_status)

    async def _patiently(self, question: Callable[[A], Awaitable[R]], argument: A) -> R:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                return await question(argument)
            except _Lagging:
                if loop.time() > end:
                    cure = "check that most of the servers run"
                    message = f"{self._options.place}: the servers that answer lag behind"
                    raise UnavailableError(message, cure=cure) from None
            except (TimeoutError, NatsError) as error:
                if loop.time() > end:
                    raise translate(error, self._options) from error
            await self._wire.client.unanswered()  # a server that is cut off answers with what it had
            await asyncio.sleep(PAUSE)


def _record(message: Msg) -> Record:
    headers = message.headers or {}
    return Record(headers["Nats-Subject"], int(headers["Nats-Sequence"]), message.data, headers)


def _pending(message: Msg) -> bool:
    """Whether there are more records than were sent."""
    return int((message.headers or {}).get("Nats-Num-Pending", "0")) > 0
