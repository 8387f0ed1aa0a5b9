"""The one process of the embedded backend is asked by its API, and tells nothing here."""

from akrun.backend.members import Announcement, Member


class EmbeddedMembers:
    """The `Members` protocol of a process that is alone."""

    async def announce(self, said: Announcement, ttl: float) -> None:
        """See `Members.announce`: nobody looks."""

    async def members(self) -> list[Member]:
        """See `Members.members`."""
        return []
