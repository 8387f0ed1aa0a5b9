"""Faults put in on purpose: the process ends just before or just after one of the things it does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from akrun.backend import Backend
from akrun.net.message import Request, Response

ACTIONS = frozenset(
    {
        "accept", "begin_control", "decide_control", "drop", "enqueue", "finish", "finish_job", "launch",
        "lease", "lease_jobs", "load", "record", "record_events", "register_channel", "register_mailing",
        "release", "release_jobs", "replay", "set_launch_state", "store_get", "store_set",
    }
)  # fmt: skip
"""What changes the backend."""


class Crash(BaseException):
    """The process is gone."""


class Fault:
    """The moments of one life of a process; at one of them it ends.

    Attributes:
        at: the number of that moment, from 1; 0 for a life without a fault.
        moments: what was passed, in order.
        crashed: set when it has ended.
    """

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.moments: list[str] = []
        self.crashed = asyncio.Event()

    def pass_by(self, moment: str) -> None:
        """Go on, or end; an ended process does nothing more."""
        if self.crashed.is_set():
            raise Crash
        self.moments.append(moment)
        if len(self.moments) == self.at:
            self.crashed.set()
            raise Crash


class FaultyBackend:
    """A backend of a process that may end before and after each change."""

    def __init__(self, backend: Backend, fault: Fault) -> None:
        self._backend = backend
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._backend, name)
        if name not in ACTIONS:
            return method
        return self._guarded(name, method)

    def _guarded(self, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self._fault.pass_by(f"before {name}")
            answer = await method(*arguments, **named)
            self._fault.pass_by(f"after {name}")
            return answer

        return call


def faulty(backend: Backend, fault: Fault) -> Backend:
    """The backend as a process sees it that may end."""
    return cast("Backend", FaultyBackend(backend, fault))


class FaultyService:
    """A service as a process sees it that may end before and after each request."""

    def __init__(self, answer: Callable[[Request], Response], fault: Fault) -> None:
        self._answer = answer
        self._fault = fault

    async def send(self, request: Request) -> Response:
        self._fault.pass_by("before send")
        await asyncio.sleep(0)
        response = self._answer(request)
        self._fault.pass_by("after send")
        return response
