"""A process that shares a backend with others tells them of itself for as long as it works."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from akrun.backend import Announcement, Backend, BackendError
from akrun.engine.clock import Clock
from akrun.net.breaker import BreakerState

EVERY: Final = 2.0
"""Seconds between two announcements of a process; it counts as running for three times as long."""


async def announce(
    backend: Backend,
    clock: Clock,
    kind: str,
    channels: Callable[[], Iterable[str]],
    breakers: Callable[[], Sequence[BreakerState]] = list,
) -> None:
    """Do so until it is cancelled.

    Args:
        backend: Open for writing.
        clock: The time.
        kind: The command that the process works for.
        channels: Gives the string ids of its channels.
        breakers: Gives its circuit breakers' states.
    """
    host, pid, since = socket.gethostname(), os.getpid(), clock.now().timestamp()
    while True:
        said = Announcement(kind, host, pid, since, tuple(channels()), tuple(map(_shown, breakers())))
        with suppress(BackendError):  # it is told anew; whoever cannot work without the backend says so
            await backend.announce(said, 3 * EVERY)
        await clock.sleep(EVERY)


@asynccontextmanager
async def announced(
    backend: Backend,
    clock: Clock,
    kind: str,
    channels: Callable[[], Iterable[str]],
    breakers: Callable[[], Sequence[BreakerState]] = list,
) -> AsyncIterator[None]:
    """`announce` while the context is open; nothing where the process is alone."""
    if not backend.shared:
        yield
        return
    telling = asyncio.create_task(announce(backend, clock, kind, channels, breakers))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait([telling])


def _shown(state: BreakerState) -> dict[str, Any]:
    origin, name, failures, _since, _next_probe, waiting = state
    return {"origin": origin, "state": name, "failures": failures, "waiting": waiting}
