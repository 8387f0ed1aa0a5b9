"""SIGTERM under load: nothing more is taken in, what runs ends or is handed back, and nothing is lost."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.akrun.mailing.scene import until
from tests.crash.engines import Engine
from tests.crash.killing import Killing, Provider, judge
from tests.crash.lives import Life, last_life, living, only_told_to_repeat, refusals

NAMES = [f"{number}" for number in range(8)]


@dataclass
class Slow(Provider):
    """Takes effect at once, and answers when it is told to."""

    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        taking = asyncio.create_task(super().take(request))
        await asyncio.wait([taking])
        await self.answering.wait()
        return taking.result()


@pytest.fixture
async def killing(tmp_path: Path, engine: Engine) -> AsyncIterator[Killing]:
    async with Slow().running() as provider:
        yield Killing(tmp_path, provider, engine=engine)


def answer(killing: Killing) -> None:
    assert isinstance(killing.provider, Slow)
    killing.provider.answering.set()


async def at_work(killing: Killing, client: httpx.AsyncClient) -> None:
    """Everything is handed in, and requests wait at the provider."""
    await killing.mailing(client, 1, 36)
    await asyncio.gather(*(killing.single(client, name) for name in NAMES))
    await asyncio.gather(*(killing.callback(client, name) for name in NAMES))
    await until(lambda: killing.provider.effects.total() >= 12)


async def refused(life: Life) -> None:
    """Wait until the server takes nothing more, and see what it says while it still answers."""
    async with asyncio.timeout(120):
        while True:
            try:
                ready = await life.client.get("/health/ready")
            except httpx.TransportError:  # the door is shut
                return
            if ready.status_code == 503:
                assert ready.json()["code"] == "ending"


async def complete(killing: Killing, *, resent: bool) -> None:
    """The next server ends everything, and the provider and the record agree."""
    answer(killing)
    async with last_life(killing) as client:
        await killing.idle(client)
    assert await killing.engine.inconsistencies(killing.data) == []
    verdict = await judge(killing)
    assert verdict.faults == ()
    assert (verdict.messages, verdict.singles, verdict.callbacks) == (36, len(NAMES), len(NAMES))
    assert (verdict.resent > 0, verdict.doubled > 0) == (resent, resent)


async def test_what_is_under_way_ends_within_the_grace_period(killing: Killing) -> None:
    async with living(killing) as life:
        await at_work(killing, life.client)
        life.terminate()
        late = [killing.single(life.client, f"late-{name}") for name in NAMES]
        late += [killing.callback(life.client, f"late-{name}") for name in NAMES]
        assert only_told_to_repeat(await refusals(late))
        await refused(life)
        answer(killing)
        ended = await life.ended()
    assert (ended.code, ended.err) == (0, "")
    assert not (killing.data / "serve.json").exists()
    taken = len(killing.acknowledged.singles), len(killing.acknowledged.callbacks)
    assert taken == (len(NAMES), len(NAMES))
    await complete(killing, resent=False)


async def test_what_takes_longer_is_handed_back_and_sent_again(killing: Killing) -> None:
    async with living(killing, "grace_period=0.3") as life:
        await at_work(killing, life.client)
        async with half_a_request(life) as answering:
            life.terminate()
            ended = await life.ended()
            assert b'"code":"broken_off"' in await answering.read()
    assert (ended.code, ended.err) == (0, "")
    await complete(killing, resent=True)


@asynccontextmanager
async def half_a_request(life: Life) -> AsyncIterator[asyncio.StreamReader]:
    """Where the answer to a request comes whose body never ends."""
    url = life.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    token = life.client.headers["authorization"]
    head = (
        f"Host: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    writer.write(f"POST /api/channels/chat/messages HTTP/1.1\r\n{head}{{".encode())
    assert (await life.client.get("/health/ready")).status_code == 200  # so ours has come before
    yield reader
    writer.close()


async def test_a_second_signal_ends_it_at_once(killing: Killing) -> None:
    async with living(killing, "grace_period=600") as life:
        await at_work(killing, life.client)
        async with half_a_request(life) as answering:
            life.terminate()
            await refused(life)
            assert life.process.returncode is None
            life.terminate(signal.SIGINT)
            ended = await life.ended()
            assert b'"code":"broken_off"' in await answering.read()
    assert (ended.code, ended.err) == (0, "")
    await complete(killing, resent=True)
