"""A message that kills its worker: after its attempts it is a dead letter, and can be replayed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.engines import Engine
from tests.crash.killing import Killing, Provider, judge
from tests.crash.lives import living

DEADLY = """
import os
from akrun.net.client import HttpClient
send = HttpClient.send
async def deadly(self, request):
    if "/deadly/" in request.url:
        os._exit(66)
    return await send(self, request)
HttpClient.send = deadly
"""


@pytest.fixture
async def killing(tmp_path: Path, engine: Engine) -> AsyncIterator[Killing]:
    async with Provider().running() as provider:
        yield Killing(tmp_path, provider, engine=engine)


async def test_it_is_given_up_and_can_be_replayed(killing: Killing) -> None:
    async with living(killing, "max_attempts=2", prelude=DEADLY) as life:
        message = {"profile": {"id": "d"}, "subscription": {"kind": "deadly"}}
        taken = await life.client.post("/api/channels/chat/messages", json=message)
        assert taken.status_code == 202
        address = taken.headers["location"]
        assert (await life.ended()).code == 66
    async with living(killing, "max_attempts=2", prelude=DEADLY) as life:
        assert (await life.ended()).code == 66
    async with living(killing, "max_attempts=2") as life:
        await killing.single(life.client, "another")
        await killing.idle(life.client)
        found = (await life.client.get(address)).json()
        assert (found["state"], found["attempts"], found["resent"]) == ("failed", 2, 1)
        assert killing.provider.effects.total() == 2  # those of the other one
        [letter] = (await life.client.get("/api/dead-letters")).json()["items"]
        assert (letter["attempts"], letter["error"]["kind"]) == (2, "max_attempts")
        (await life.client.post(f"/api/dead-letters/{letter['id']}/replay")).raise_for_status()
        await killing.idle(life.client)
        found = (await life.client.get(address)).json()
        assert (found["state"], found["attempts"]) == ("done", 1)
        life.terminate()
        assert (await life.ended()).code == 0
    assert killing.provider.effects[f"/deadly/{found['id']}"] == 1
    assert await killing.engine.inconsistencies(killing.data) == []
    assert (await judge(killing)).faults == ()
