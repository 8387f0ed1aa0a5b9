"""The embedded backend has one owning process, which shares it with nobody."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from akrun.backend.records import ChannelRecord, ConnectorRecord
from akrun.backend.sharing import News


class EmbeddedSharing:
    """The `Sharing` protocol of a process that is alone."""

    @property
    def shared(self) -> bool:
        """See `Sharing.shared`."""
        return False

    async def claim(self, what: str, ttl: float) -> bool:  # noqa: ARG002 - the protocol's
        """See `Sharing.claim`."""
        return True

    async def stirred(self, news: News) -> None:  # noqa: ARG002
        """See `Sharing.stirred`: there is no other process, so it never returns."""
        await asyncio.get_running_loop().create_future()

    async def register_connectors(self, connectors: Sequence[ConnectorRecord]) -> None:
        """See `Sharing.register_connectors`: each process has those of its own configuration."""

    async def connectors(self) -> list[ConnectorRecord]:
        """See `Sharing.connectors`: there are none."""
        return []

    async def registered(self) -> AsyncIterator[ChannelRecord | ConnectorRecord]:
        """See `Sharing.registered`: nobody else registers any."""
        yield await asyncio.get_running_loop().create_future()

    async def reserve(self, bucket: str, per_second: float, capacity: float, most: int) -> tuple[int, float]:  # noqa: ARG002
        """See `Sharing.reserve`: a process that is alone keeps its rates itself, and need not ask."""
        return most, 0.0
