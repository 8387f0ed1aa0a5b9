"""SIGINT and SIGKILL in the middle of a mailing, then the same command: one outcome for each message."""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import BackendError
from akrun.demo.gateway import Gateway, running_gateway
from akrun.mailing.report import make_report
from tests.akrun.http_server import HttpServer, Received, Reply, serve
from tests.akrun.mailing.scene import Scene, counts, end, rows, until
from tests.crash.engines import CLUSTER, EMBEDDED, Engine

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "1"))
TOTAL = 150
FAILED, SKIPPED, UNDELIVERABLE = 9, 6, 10


@dataclass
class StoredScene(Scene):
    """Files of a mailing, and where its messages are stored."""

    engine: Engine = EMBEDDED

    async def report(self) -> dict[str, Any]:
        async with self.engine.reading(self.data) as backend:
            return (await make_report(backend)).to_dict()


@pytest.fixture
def scene(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> StoredScene:
    """The SMS example with five profiles; commands use the engine."""
    scene = StoredScene(tmp_path, engine=engine)
    for name, value in engine.settings(scene.data).items():
        monkeypatch.setenv(f"AKRUN_{name.upper()}", value)
    return scene


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway(latency=0.02) as gateway:
        yield gateway


@pytest.fixture
def big(scene: StoredScene, gateway: Gateway) -> StoredScene:
    """A mailing of 150 messages, of which the gateway accepts all but 25, 8 at a time."""
    endings: list[int | None] = [0] * (TOTAL - FAILED - SKIPPED - UNDELIVERABLE)
    endings += [98, 99, 98] * (FAILED // 3) + [None] * SKIPPED + [95] * UNDELIVERABLE
    random.Random(7).shuffle(endings)
    scene.audience = rows(endings)
    scene.mailing["options"] = {"concurrency": 8}
    scene.url = gateway.messages_url
    return scene


def has_received(gateway: Gateway, target: int) -> bool:
    return gateway.ledger.stats()["received"] >= target


def has_requests(server: HttpServer, count: int) -> bool:
    return len(server.requests) >= count


async def assert_complete(scene: StoredScene, gateway: Gateway) -> None:
    """Every message has its one outcome, and the gateway agrees."""
    report = await scene.report()
    assert report["state"] == "finished"
    assert counts(report) == (TOTAL - FAILED - SKIPPED, FAILED, SKIPPED, 0)
    accepted = gateway.ledger.entries("accepted")
    assert len(accepted) == TOTAL - FAILED - SKIPPED - UNDELIVERABLE
    assert len({entry.message.to for entry in accepted}) == len(accepted)
    events = {event["event_type"]: event["count"] for event in report["events"]}
    assert events == {"send": len(accepted), "undeliv": UNDELIVERABLE}
    assert sum(failure["count"] for failure in report["failures"]) == FAILED


async def test_sigint_lets_messages_under_way_end_and_the_rest_is_sent_later(
    big: StoredScene, gateway: Gateway
) -> None:
    process = await big.sending("--json")
    await until(lambda: gateway.ledger.stats()["received"] >= 40)
    process.send_signal(signal.SIGINT)
    ended = await end(process)
    assert ended.code == 130
    assert "interrupted: 8 messages under way have 10 s" in ended.err
    assert "the same command goes on where it stopped" in ended.err
    report = json.loads(ended.out)
    done, failed, _, rest = counts(report)
    assert report["state"] == "paused"
    assert report["counts"]["in_progress"] == 0
    assert done + failed == gateway.ledger.stats()["received"]
    again = await big.sent()
    assert again.code == 0
    assert f"resuming “Bakery newsletter, week 23”: {TOTAL - rest} of {TOTAL} messages have" in again.err
    assert gateway.ledger.stats()["duplicates"] == 0
    await assert_complete(big, gateway)


@pytest.mark.parametrize("round_", range(ROUNDS))
async def test_sigkill_at_random_moments(big: StoredScene, gateway: Gateway, round_: int) -> None:
    chance = random.Random(round_)
    kills = 0
    while kills < 3:
        received = gateway.ledger.stats()["received"]
        process = await big.sending()
        target = received + chance.randint(1, 45)
        waiting = asyncio.create_task(until(partial(has_received, gateway, target)))
        ending = asyncio.create_task(end(process))
        await asyncio.wait([waiting, ending], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if ending.done():
            break
        await asyncio.sleep(chance.random() * 0.05)
        process.kill()
        kills += 1
        assert (await ending).code in (-signal.SIGKILL, 0)
        counts(await big.report())  # adds up at any moment
    assert kills > 0
    assert (await big.sent()).code == 0
    await assert_complete(big, gateway)
    assert gateway.ledger.stats()["duplicates"] <= 8 * kills  # only what was under way


async def test_a_kill_while_the_audience_is_loaded(scene: StoredScene) -> None:
    total = 15_000
    scene.audience = rows([None] * (total - 20) + [0] * 20)
    async with serve(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        process = await scene.sending()
        async with asyncio.timeout(120):
            while not await stored_messages(scene):  # noqa: ASYNC110 - another process stores them
                await asyncio.sleep(0.002)
        process.kill()
        await end(process)
        assert 0 < await stored_messages(scene) < total
        assert server.connections == 0
        report = await scene.report()
        assert report["state"] == "loading"
        again = await scene.sent()
        assert again.code == 0, again.err
        assert f"launched “Bakery newsletter, week 23”: {total:,} messages" in again.err
        assert len(server.requests) == 20
    assert counts(await scene.report()) == (20, 0, total - 20, 0)


async def stored_messages(scene: StoredScene) -> int:
    """Messages that another process has stored so far."""
    try:
        async with scene.engine.reading(scene.data) as backend:
            launch = await backend.latest_launch(scene.mailing["id"])
            return 0 if launch is None else (await backend.counts(launch.launch_id)).total
    except BackendError:  # nothing is there yet
        return 0


@pytest.mark.parametrize("engine", [CLUSTER], ids=["cluster"])
async def test_two_sends_at_once_share_the_work(big: StoredScene, gateway: Gateway) -> None:
    big.mailing["options"] = {"rate": 40, "concurrency": 8}
    process = await big.sending()
    await until(lambda: gateway.ledger.stats()["received"] >= 10)
    second = await big.sent()
    assert (second.code, (await end(process)).code) == (0, 0)
    assert gateway.ledger.stats()["duplicates"] == 0
    await assert_complete(big, gateway)


@pytest.mark.parametrize("engine", [EMBEDDED], ids=["embedded"])
async def test_two_sends_at_once(big: StoredScene, gateway: Gateway) -> None:
    big.mailing["options"] = {"rate": 15}  # slow enough for another process to come up meanwhile
    process = await big.sending()
    await until(lambda: gateway.ledger.stats()["received"] >= 10)
    second = await big.sent()
    assert second.code == 1
    assert f"in use by process {process.pid}" in second.err
    assert "Traceback" not in second.err
    assert second.out == ""
    assert counts(await big.report())[0] > 0  # a report may be read meanwhile
    assert (await end(process)).code == 0
    assert gateway.ledger.stats()["duplicates"] == 0
    await assert_complete(big, gateway)


async def test_an_audience_that_changed_meanwhile_is_refused(big: StoredScene, gateway: Gateway) -> None:
    process = await big.sending()
    await until(lambda: gateway.ledger.stats()["received"] >= 10)
    process.send_signal(signal.SIGTERM)
    assert (await end(process)).code == 130
    received = gateway.ledger.stats()["received"]
    audience = big.audience
    big.audience = [*audience, *rows([0])]
    changed = await big.sent()
    assert changed.code == 1
    assert "is not the audience that the unfinished launch began with (150 messages)" in changed.err
    assert "finish that launch with its own file, or send under another mailing id" in changed.err
    assert gateway.ledger.stats()["received"] == received
    big.audience = audience
    assert (await big.sent()).code == 0
    await assert_complete(big, gateway)


def hang_from(count: int) -> Callable[[Received], Reply]:
    """Answer so many requests, and let all later ones wait for ever."""
    seen = iter(range(count))
    return lambda _: (
        Reply(body=b'{"status": "accepted"}') if next(seen, None) is not None else Reply(hang=True)
    )


@pytest.mark.parametrize("how", ["grace period", "second interrupt"])
async def test_messages_that_do_not_end_are_broken_off_and_sent_again(
    scene: StoredScene, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("AKRUN_GRACE_PERIOD", "0.1" if how == "grace period" else "600")
    scene.audience = rows([0] * 30)
    scene.mailing["options"] = {"concurrency": 4}
    async with serve(handler=hang_from(10)) as server:
        scene.url = server.url
        process = await scene.sending("--json")
        await until(lambda: len(server.requests) >= 14)
        process.send_signal(signal.SIGINT)
        if how == "second interrupt":
            assert process.stderr is not None
            while b"a second interrupt" not in await process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
        ended = await end(process)
    assert ended.code == 130
    assert counts(json.loads(ended.out)) == (10, 0, 0, 20)
    assert json.loads(ended.out)["counts"]["in_progress"] == 0
    async with serve(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        assert (await scene.sent()).code == 0
        assert len(server.requests) == 20
    assert counts(await scene.report()) == (30, 0, 0, 0)


async def test_a_message_that_never_ends_is_given_up_after_its_attempts(
    scene: StoredScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKRUN_MAX_ATTEMPTS", "2")
    scene.audience = rows([0])
    async with serve(Reply(hang=True)) as server:
        scene.url = server.url
        for attempt in range(2):
            process = await scene.sending()
            await until(partial(has_requests, server, attempt + 1))
            process.kill()
            await end(process)
        assert (await scene.sent()).code == 0
        assert len(server.requests) == 2
    report = await scene.report()
    assert counts(report) == (0, 1, 0, 0)
    assert report["failures"][0]["kind"] == "max_attempts"
