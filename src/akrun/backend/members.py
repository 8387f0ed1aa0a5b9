"""What processes that share a backend tell of themselves, for people who watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a process says of itself.

    Attributes:
        kind: the command that it works for: `serve`, `worker` or `send`.
        host: the name of its machine.
        pid: its process id there.
        since: when it began, in seconds since the Unix epoch.
        channels: the string ids of its channels.
        breakers: the circuit breakers of hosts that fail, each with `origin`, `state` (`closed`, `open` or
            `half open`), `failures` in a row, and requests `waiting`.
    """

    kind: str
    host: str
    pid: int
    since: float
    channels: tuple[str, ...] = ()
    breakers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A process that works on a backend.

    Attributes:
        id: unique among all processes.
        said: what it says of itself.
        seen: when it said so.
        under_way: messages and jobs that it has leased.
        settled: messages and jobs that it has brought to an outcome.
        rate: how many of them a second, between the last two times that it told of itself.
    """

    id: str
    said: Announcement
    seen: float
    under_way: int
    settled: int
    rate: float


class Members(Protocol):
    """The processes that work on a backend at the same time.

    Where one process is alone, nothing is told and nobody is there: it can be asked itself.
    """

    async def announce(self, said: Announcement, ttl: float) -> None:
        """Say that this process works, in place of what it said before.

        It holds for `ttl` seconds, or until the backend is closed.
        """
        ...

    async def members(self) -> list[Member]:
        """The processes that work, in the order of their beginning."""
        ...
