"""Watching the registry: which channels were registered anew, as soon as they were, in every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from akrun.backend.cluster.codec import unpack
from akrun.backend.cluster.registry import ClusterRegistry
from akrun.backend.cluster.streams import bucket_stream, registry_bucket

QUIET: Final = 5.0
"""Seconds without news after which it is asked again, by a consumer made anew if the old one is gone."""

_PAGE: Final = 100
_PAUSE: Final = 0.2
"""Seconds until a watch that broke off is taken up again."""


class ClusterWatching(ClusterRegistry):
    """Changes of channels."""

    async def changed_channels(self) -> AsyncIterator[str]:
        """String ids of channels: of all that are registered, then of each whenever it is registered anew.

        A channel may come up though nothing of it has changed; compare `ChannelRecord.sha256`. What happens
        while the servers are out of reach comes up later, and ends when the backend is closed.
        """
        self._require_open()
        seen = 0
        while self._opened and self._closing is None:
            try:
                async for sequence, name in self._changes(seen):
                    seen = sequence
                    yield name
            except (NatsError, TimeoutError):
                await asyncio.sleep(_PAUSE)

    async def _changes(self, after: int) -> AsyncIterator[tuple[int, str]]:
        """Changes behind a sequence, each with its own, until there is no news for a while or no answer."""
        subscription = await self._consumer(after)
        try:
            while True:
                for message in await subscription.fetch(_PAGE, timeout=QUIET):
                    yield message.metadata.sequence.stream, unpack(message.data)[0][1]
        finally:
            with suppress(NatsError, TimeoutError):
                await subscription.unsubscribe()

    async def _consumer(self, after: int) -> JetStreamContext.PullSubscription:
        begin: dict[str, Any]
        if after:
            begin = {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": after + 1}
        else:
            begin = {"deliver_policy": DeliverPolicy.LAST_PER_SUBJECT}
        return await self._js.pull_subscribe(
            f"{self._bucket}.channel.*",
            stream=bucket_stream(registry_bucket(self._options.prefix)),
            config=ConsumerConfig(
                ack_policy=AckPolicy.NONE, inactive_threshold=60.0, num_replicas=1, mem_storage=True, **begin
            ),
        )
