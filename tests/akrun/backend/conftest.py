"""A backend on a real file, and a launch on it that is ready to be sent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from akrun.backend import ChannelRecord, Embedded, LaunchState, MailingRecord, NewMessage

Prepare = Callable[[Embedded, int], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "akrun.db"


@pytest.fixture
async def backend(path: Path, anyio_backend: str) -> AsyncIterator[Embedded]:  # noqa: ARG001 - starts the loop
    async with Embedded(path) as opened:
        yield opened


@pytest.fixture
def register() -> Callable[[Embedded], Awaitable[None]]:
    """Registers channel 1 `sms` and its mailing 7."""

    async def run(backend: Embedded) -> None:
        await backend.register_channel(ChannelRecord(1, "sms", "SMS", b'{"id":1}', "aa"))
        await backend.register_mailing(MailingRecord(7, "sms", "Spring", b'{"id":7}', "bb"))

    return run


@pytest.fixture
def prepare(register: Callable[[Embedded], Awaitable[None]]) -> Prepare:
    """Brings launch `L` of mailing 7 to `sending` with messages m0, m1, … to profiles p0, p1, …"""

    async def run(backend: Embedded, size: int) -> None:
        await register(backend)
        await backend.launch(7, "L", b"{}")
        await backend.load("L", (NewMessage(f"m{n}", f"p{n}", b"payload %d" % n) for n in range(size)))
        await backend.set_launch_state("L", LaunchState.SENDING)

    return run
