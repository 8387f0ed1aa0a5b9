"""Watching the registry: channels and connectors, in every process as soon as they are registered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from akrun.backend.cluster.registry import ClusterRegistry, channel_of, connector_of
from akrun.backend.cluster.streams import bucket_stream, registry_bucket
from akrun.backend.records import ChannelRecord, ConnectorRecord

QUIET: Final = 5.0
"""Seconds without news after which it is asked again, by a consumer made anew if the old one is gone."""

_PAGE: Final = 100
_PAUSE: Final = 0.2
"""Seconds until a watch that broke off is taken up again."""


class ClusterWatching(ClusterRegistry):
    """Channels and connectors as they are registered."""

    async def registered(self) -> AsyncIterator[ChannelRecord | ConnectorRecord]:
        """See `Sharing.registered`.

        One may come up though nothing of it has changed. What happens while the servers are out of reach
        comes up later, and ends when the backend is closed.
        """
        self._require_open()
        seen = 0
        while self._opened and self._closing is None:
            try:
                async for sequence, record in self._changes(seen):
                    seen = sequence
                    yield record
            except (NatsError, TimeoutError):
                await asyncio.sleep(_PAUSE)

    async def _changes(self, after: int) -> AsyncIterator[tuple[int, ChannelRecord | ConnectorRecord]]:
        """Records behind a sequence, each with its own, until there is no news for a while or no answer."""
        channels = f"{self._bucket}.channel."
        subscription = await self._consumer(after)
        try:
            while True:
                for message in await subscription.fetch(_PAGE, timeout=QUIET):
                    if message.data:  # else somebody removed it from the bucket
                        read = channel_of if message.subject.startswith(channels) else connector_of
                        yield message.metadata.sequence.stream, read(message.data)
        finally:
            with suppress(NatsError, TimeoutError):
                await subscription.unsubscribe()

    async def _consumer(self, after: int) -> JetStreamContext.PullSubscription:
        begin: dict[str, Any]
        if after:
            begin = {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": after + 1}
        else:
            begin = {"deliver_policy": DeliverPolicy.LAST_PER_SUBJECT}
        # One consumer of both, so that a connector comes before the channel that was registered after it.
        return await self._js.pull_subscribe(
            "",
            stream=bucket_stream(registry_bucket(self._options.prefix)),
            config=ConsumerConfig(
                filter_subjects=[f"{self._bucket}.{part}.*" for part in ("channel", "connector")],
                ack_policy=AckPolicy.NONE,
                inactive_threshold=60.0,
                num_replicas=1,
                mem_storage=True,
                **begin,
            ),
        )
