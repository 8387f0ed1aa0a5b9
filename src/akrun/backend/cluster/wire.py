"""Questions to the servers that are answered by one or several messages."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nats.aio.msg import Msg

from akrun.backend.cluster.connection import Connection

ANSWER: Final = 3.0
"""Seconds until a question counts as not answered."""


@dataclass(slots=True)
class _Question:
    ends: Callable[[Msg, int], bool]
    answered: asyncio.Future[None]
    messages: list[Msg] = field(default_factory=list)


class Wire:
    """One inbox for all answers, so that no question needs a subscription of its own."""

    def __init__(self, client: Connection) -> None:
        self.client = client
        self._inbox = client.new_inbox()
        self._open: dict[str, _Question] = {}
        self._count = 0

    async def open(self) -> None:
        """Begin to listen for answers."""
        await self.client.subscribe(f"{self._inbox}.*", cb=self._take)

    async def _take(self, message: Msg) -> None:
        question = self._open.get(message.subject.rpartition(".")[2])
        if question is None or question.answered.done():
            return
        question.messages.append(message)
        if question.ends(message, len(question.messages)):
            question.answered.set_result(None)

    async def ask(self, subject: str, body: bytes, ends: Callable[[Msg, int], bool]) -> list[Msg]:
        """All messages of an answer, in order.

        Args:
            subject: whom to ask.
            body: what.
            ends: whether this message, the n-th, is the last.

        Raises:
            TimeoutError: they are not there in time.
            nats.errors.Error: it could not be asked.
        """
        reply, question = self.expect(ends)
        try:
            await self.client.publish(subject, body, reply)
            async with asyncio.timeout(ANSWER):
                await question.answered
        finally:
            self.forget(reply)
        return question.messages

    def expect(self, ends: Callable[[Msg, int], bool]) -> tuple[str, _Question]:
        """A subject for answers, and what comes there; to be forgotten afterwards."""
        self._count += 1
        name = str(self._count)
        question = _Question(ends, asyncio.get_running_loop().create_future())
        self._open[name] = question
        return f"{self._inbox}.{name}", question

    def forget(self, reply: str) -> None:
        """Listen no more at a subject for answers."""
        del self._open[reply.rpartition(".")[2]]


def status(message: Msg) -> str | None:
    """The status of a message without content: `404`; None of one with content."""
    headers = message.headers
    return None if headers is None else headers.get("Status")


def has_status(message: Msg, _count: int) -> bool:
    """Whether it says that this was all."""
    return status(message) is not None


def is_first(_message: Msg, _count: int) -> bool:
    """Where one message is the whole answer."""
    return True
