"""What processes that work on one backend at the same time need to know of each other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

from akrun.backend.records import ChannelRecord, ConnectorRecord

News = Literal["jobs", "mailings"]
"""What there may be something to do about."""

Reserve = Callable[[str, float, float, int], Awaitable[tuple[int, float]]]
"""`Sharing.reserve`."""


class Sharing(Protocol):
    """Claims, wake-ups, rates and connectors that hold for all processes together."""

    @property
    def shared(self) -> bool:
        """Whether several processes may work on it at the same time."""
        ...

    async def claim(self, what: str, ttl: float) -> bool:
        """Whether this process does `what`, and no other, for `ttl` seconds from now; asking again keeps it.

        A process that ends lets go of its claims; those of one that dies end with their time. For a moment
        there may be two: what is claimed must be safe to be done twice.
        """
        ...

    async def stirred(self, news: News) -> None:
        """Return when another process may have left something to do at once since the last call.

        At most one task at a time waits for the same news.
        """
        ...

    async def register_connectors(self, connectors: Sequence[ConnectorRecord]) -> None:
        """Store connectors for other processes, in place of those with their ids, all or nothing.

        A process that is alone has nobody to store them for, and stores nothing.
        """
        ...

    async def connectors(self) -> list[ConnectorRecord]:
        """The connectors that are stored, by id."""
        ...

    def registered(self) -> AsyncIterator[ChannelRecord | ConnectorRecord]:
        """Channels and connectors: all that are registered, then each whenever it is registered anew.

        They come in the order in which they were registered last.
        """
        ...

    async def reserve(self, bucket: str, per_second: float, capacity: float, most: int) -> tuple[int, float]:
        """Take up to `most` tokens of a bucket that all processes share.

        In any stretch of t seconds all of them together get at most `capacity + t * per_second` tokens.

        Returns:
            How many were given, and, if none, the seconds after which to ask again.
        """
        ...


def shared_rates(backend: Sharing, channel: str) -> Reserve | None:
    """Where the rates of a channel are kept; None where one process is alone and keeps them itself."""
    if not backend.shared:
        return None

    def reserve(bucket: str, per_second: float, capacity: float, most: int) -> Awaitable[tuple[int, float]]:
        return backend.reserve(f"{channel}|{bucket}", per_second, capacity, most)

    return reserve
