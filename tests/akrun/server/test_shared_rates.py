"""Rates that several processes keep together, on a virtual clock that all of them go by."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import LaunchState, NewJob
from akrun.engine.clock import VirtualClock
from akrun.engine.payload import encode_payload
from tests.akrun.server.sharing import Process, Together, chat, eventually, got, reaches

LIMIT = {"rate": 2.0, "burst": 2.0}


async def sent_in_time(clock: VirtualClock, processes: tuple[Process, ...], size: int) -> None:
    """Let time go on until all is sent; at no time it is more than the rate allows."""
    begin = clock.monotonic()
    while (done := len(got(*processes))) < size:
        passed = clock.monotonic() - begin
        assert done <= LIMIT["burst"] + passed * LIMIT["rate"] + 1e-6
        await clock.advance(0.25)
        for _ in range(10):  # what was woken asks the server
            await asyncio.sleep(0.01)
    assert set(got(*processes).values()) == {1}


@pytest.mark.parametrize("kept_by", ["mailing", "pipe"])
async def test_two_processes_keep_one_rate(tmp_path: Path, kept_by: str) -> None:
    clock = VirtualClock()
    limits: dict[str, Any] = {"limit": LIMIT} if kept_by == "pipe" else {}
    together = Together(tmp_path, chat(**limits))
    options = {"concurrency": 2} | ({"rate": LIMIT["rate"]} if kept_by == "mailing" else {})
    async with AsyncExitStack() as stack:
        both = together.process(clock=clock), together.process(clock=clock)
        for each in both:
            await stack.enter_async_context(each.run())
        await both[0].works.keeper.submit(together.job(12, options=options))
        await sent_in_time(clock, both, 12)
        finished = asyncio.create_task(reaches(both[0].backend, LaunchState.FINISHED))
        await passing(clock, finished.done)


async def passing(clock: VirtualClock, holds: Callable[[], bool]) -> None:
    """Let time go on until something holds."""
    async with asyncio.timeout(120):
        while not holds():
            await clock.advance(0.25)
            await asyncio.sleep(0.01)


async def test_channels_with_the_same_pipes_have_rates_of_their_own(tmp_path: Path) -> None:
    clock = VirtualClock()
    together = Together(tmp_path, chat(limit={"rate": 0.001, "burst": 3.0}))
    other = {**together.channel, "id": 8, "string_id": "other", "name": "Other"}
    async with together.process(clock=clock).run(grace_period=0.0) as process:
        for channel in (together.channel, other):
            await together.register(process.backend, channel)
            await process.serves(channel["string_id"])
        payload = encode_payload({"n": "n"})
        jobs = [
            NewJob(f"{name}{n}", name, "schedule", None, payload, 0.0)
            for name in ("chat", "other")
            for n in range(5)
        ]
        await process.backend.enqueue(jobs)
        await eventually(lambda: len(process.service.got) == 6)


async def test_a_single_message_overtakes_a_mailing(tmp_path: Path) -> None:
    clock = VirtualClock()
    together = Together(tmp_path, chat(limit={"rate": 1.0, "burst": 1.0}))
    async with together.process(clock=clock).run(grace_period=0.0) as process:
        await process.works.keeper.submit(together.job(12, options={"concurrency": 10}))
        await eventually(lambda: len(process.service.got) == 1)
        origin = {"send_message_id": "single"}
        payload = encode_payload({"origin": origin, "roots": {"subscription": {"chat_id": "c"}}})
        await process.backend.enqueue([NewJob("single", "chat", "message", None, payload, 0.0, "single")])
        [bucket] = [found for _, found in process.works.hosts["chat"].services.limits._buckets.values()]
        await eventually(bucket._urgent_turn.locked)
        await passing(clock, lambda: len(process.service.got) >= 3)
        assert "single" in [message["id"] for message in process.service.got[1:3]]
