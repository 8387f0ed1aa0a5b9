"""Pulling work items off the server's queues: one durable consumer for each launch and each channel's jobs.

A consumer of its own gives each mailing and each channel its own place in line: none can starve another,
and a process asks only for what it can do.
"""

import asyncio
from typing import Final, NamedTuple

import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig

from akrun.backend.cluster.connection import ClusterOptions, Connection, translate
from akrun.backend.cluster.outlast import outlasted
from akrun.backend.cluster.reading import PATIENCE, PAUSE
from akrun.backend.cluster.subjects import Subjects, token
from akrun.backend.cluster.units import Kind
from akrun.backend.cluster.wire import ANSWER, status

ACK: Final = b"+ACK"
NAK: Final = b"-NAK"
IN_PROGRESS: Final = b"+WPI"

_NOT_THERE: Final = "503"


class Item(NamedTuple):
    """A work item that the server gave out.

    Attributes:
        body: as it is stored.
        sequence: of its record.
        reply: where it is acknowledged.
        again: whether it was given out before.
    """

    body: bytes
    sequence: int
    reply: str
    again: bool


class Consumer:
    """The queue of a launch or channel.

    Args:
        client: the connection.
        stream: the stream's name.
        name: the consumer's.
        subject: of its work items.
        options: how long a lease lasts without a sign of life.
    """

    _subscription: Subscription | None = None

    def __init__(
        self, client: Connection, stream: str, name: str, subject: str, options: ClusterOptions
    ) -> None:
        self._client = client
        self._js = client.jetstream()
        self._stream = stream
        self._name = name
        self._subject = subject
        self._options = options
        self._inbox = client.new_inbox()
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()

    async def pull(self, count: int) -> list[Item]:
        """Up to so many items of those that are there now.

        Raises:
            UnavailableError: the servers do not answer.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                if self._subscription is None:
                    self._subscription = await self._client.subscribe(self._inbox, cb=self._take)
                items, there = await self._pull(count)
                if there:
                    return items
                await self._make()
            except (TimeoutError, NatsError) as error:
                if loop.time() > end:
                    raise translate(error, self._options) from error
                await self._client.unanswered()
            await asyncio.sleep(PAUSE)

    async def _take(self, message: Msg) -> None:
        self._arrived.put_nowait(message)

    async def _pull(self, count: int) -> tuple[list[Item], bool]:
        """The items, and whether the consumer is there."""
        question = orjson.dumps({"batch": count, "no_wait": True})
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        await self._client.publish(subject, question, self._inbox)
        items: list[Item] = []
        try:
            async with asyncio.timeout(ANSWER):
                while len(items) < count:
                    message = await self._arrived.get()
                    if (code := status(message)) is None:
                        items.append(_item(message))
                    elif code == _NOT_THERE or (code == "409" and "Deleted" in _description(message)):
                        return items, bool(items)
                    else:
                        break
        except TimeoutError:
            if not items:
                raise
        return items, True

    async def _make(self) -> None:
        config = ConsumerConfig(
            durable_name=self._name,
            filter_subject=self._subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._options.ack_wait,
            max_deliver=-1,  # attempts are counted in the record of what is leased
            max_ack_pending=-1,
        )
        await self._js.add_consumer(self._stream, config)

    async def close(self) -> None:
        """Remove it from the servers, once there is nothing more to give out.

        Raises:
            UnavailableError: the servers do not answer.
        """
        await outlasted(self._remove, self._options)

    async def _remove(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.unsubscribe()
        await self._js.delete_consumer(self._stream, self._name)


def consumer(client: Connection, stream: str, kind: Kind, queue: str, options: ClusterOptions) -> Consumer:
    """That of a launch or channel."""
    subject = f"{Subjects(options.prefix).queue(kind, queue)}.*"
    return Consumer(client, stream, f"{kind}-{token(queue)}", subject, options)


def _item(message: Msg) -> Item:
    about = message.metadata
    return Item(message.data, about.sequence.stream, message.reply, about.num_delivered > 1)


def _description(message: Msg) -> str:
    return str((message.headers or {}).get("Description", ""))
