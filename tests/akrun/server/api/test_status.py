"""Health, metrics, the process's state, channels and their schemas."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from akrun.backend import NewJob, UnavailableError
from akrun.net.breaker import BreakerState
from tests.akrun.http_server import serve
from tests.akrun.server.api.scene import KEY, MESSAGES, launched, message, problem, rows, served_shop, shop
from tests.akrun.server.scene import Serving, until


async def test_health_needs_no_token(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        assert (await served.client.get("/health/live")).json() == {"status": "ok"}
        await served.api("POST", MESSAGES, json=message())
        await served.settled()
        jobs = {"pending": 0, "in_progress": 0, "done": 1, "failed": 0, "uncertain": 0}
        ready = await served.client.get("/health/ready")
        assert ready.json() == {"status": "ok", "channels": ["shop"], "jobs": jobs}


async def test_it_is_not_ready_while_its_database_fails(tmp_path: Path) -> None:
    async def fail() -> Any:
        raise UnavailableError("the disk is gone", cure="put it back")

    async with served_shop(tmp_path) as (served, _):
        counts = served.backend.job_counts
        served.backend.job_counts = fail  # type: ignore[method-assign]
        found = problem(await served.client.get("/health/ready"), 503, "unavailable")
        assert (found["detail"], found["hint"]) == (
            "the database does not answer: the disk is gone",
            "put it back",
        )
        assert (await served.client.get("/health/live")).status_code == 200
        served.backend.job_counts = counts  # type: ignore[method-assign]
        assert (await served.client.get("/health/ready")).status_code == 200


async def test_while_it_ends_nothing_more_is_taken_in(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        served.app.state.api.ending = True
        problem(await served.client.get("/health/ready"), 503, "ending")
        assert (await served.client.get("/health/live")).status_code == 200
        answer = await served.api("POST", MESSAGES, json=message())
        assert problem(answer, 503, "ending")
        assert answer.headers["retry-after"] == "5"
        assert (await served.client.post("/listen/shop")).status_code == 503


async def test_metrics_come_as_the_process_has_them(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("GET", "/metrics")
        assert (answer.content, answer.headers["content-type"]) == (
            b"akrun_up 1\n",
            "text/plain; version=0.0.4; charset=utf-8",
        )
        served.app.state.api.metrics = None
        problem(await served.api("GET", "/metrics"), 404, "not_found")


async def test_the_state_of_the_process(tmp_path: Path) -> None:
    opened = datetime(2030, 1, 1, tzinfo=UTC)
    async with served_shop(tmp_path) as (served, _):
        served.app.state.api.breakers = lambda: [BreakerState("https://x", "open", 3, opened, opened, 2)]
        await launched(served, rows(1), schedule={"start_time": "2999-01-01T00:00:00Z"})
        found = (await served.api("GET", "/api/status")).json()
        assert found["versions"].keys() == {"akrun", "python", "sqlite"}
        assert (found["channels"], found["running"], found["ending"]) == (["shop"], [], False)
        assert [(each["id"], each["state"]) for each in found["mailings"]] == [(5, "ready")]
        assert found["breakers"] == [
            {
                "origin": "https://x",
                "state": "open",
                "failures": 3,
                "since": "2030-01-01T00:00:00.000+00:00",
                "next_probe": "2030-01-01T00:00:00.000+00:00",
                "waiting": 2,
            }
        ]


async def test_a_channel_says_what_a_client_needs_to_know(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        [listed] = (await served.api("GET", "/api/channels")).json()["items"]
        answer = await served.api("GET", "/api/channels/shop")
        found = answer.json()
        assert listed.items() <= found.items()
        assert (listed["string_id"], listed["communication"], listed["pipelines"]) == (
            "shop",
            "direct",
            ["message"],
        )
        sender = {each["name"]: each for each in found["fields"]["sender"]}
        assert (sender["key"]["secret"], sender["key"]["given"], sender["key"]["default"]) == (
            True,
            True,
            None,
        )
        assert found["entities"] == {"folder": ["list"]}
        assert [each["event_type"] for each in found["events"]] == ["send"]
        assert found["document"].startswith("{")
        assert server.url not in answer.text
        problem(await served.api("GET", "/api/channels/other"), 404, "not_found")


async def test_secrets_in_a_channels_file_are_not_shown(tmp_path: Path) -> None:
    listener = {"secret_header": {"name": "X-Secret", "value": "whispered-word"}}
    pipelines = {**shop()["pipelines"], "listener": [{"id": 1, "type": "unpack"}]}
    async with served_shop(tmp_path, listener=listener, pipelines=pipelines) as (served, _):
        answer = await served.api("GET", "/api/channels/shop")
        assert "X-Secret" in answer.json()["document"]
        assert "whispered-word" not in answer.text


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        (message(), True),
        (message(campaign={"count": 3}), True),
        (message(campaign={"count": "3"}), False),
        (message(template={}), False),
        (message(template={"text": "x" * 21}), False),
        (message(sender={"key": "mine"}), False),
        (message(sender={"url": "http://127.0.0.1:9"}), True),
        (message(profile={}), False),
        (message(subscription={}), False),
        (message(other=1), False),
    ],
    ids=["good", "count", "type", "missing", "long", "secret", "url", "profile", "subscription", "unknown"],
)
async def test_a_channels_schema_says_which_messages_are_taken(
    tmp_path: Path, body: dict[str, Any], *, fits: bool
) -> None:
    async with served_shop(tmp_path) as (served, _):
        schema = (await served.api("GET", "/api/channels/shop/schema")).json()
        jsonschema.Draft202012Validator.check_schema(schema)
        assert jsonschema.Draft202012Validator(schema).is_valid(body) is fits
        answer = await served.api("POST", MESSAGES, json=body)
        assert answer.status_code == (202 if fits else 422)


async def slowly_stored(served: Serving) -> tuple[asyncio.Event, asyncio.Task[httpx.Response]]:
    """A message that is stored when the event is set, and its request, under way."""
    begun, go = asyncio.Event(), asyncio.Event()
    enqueue = served.backend.enqueue

    async def slow(jobs: Sequence[NewJob]) -> int:
        begun.set()
        await go.wait()
        return await enqueue(jobs)

    served.backend.enqueue = slow  # type: ignore[method-assign]
    running = asyncio.create_task(served.api("POST", MESSAGES, json=message()))
    await begun.wait()
    return go, running


async def test_a_request_under_way_comes_to_its_end(tmp_path: Path) -> None:
    async with serve() as server:
        values = {"sender.url": server.url, "sender.key": KEY}
        async with Serving(tmp_path, shop(), values).run() as served:
            go, running = await slowly_stored(served)
            served.ended.set()
            await until(lambda: ending(served))
            go.set()
            assert (await running).status_code == 202
        async with Serving(tmp_path, shop(), values).run() as served:
            assert await served.settled() == {"done": 1, "failed": 0}
        assert len(server.requests) == 1


async def ending(served: Serving) -> bool:
    return bool(served.app.state.api.ending)


async def test_one_that_takes_longer_than_the_grace_period_is_broken_off(tmp_path: Path) -> None:
    async with Serving(tmp_path, shop(), {"sender.url": "http://127.0.0.1:9", "sender.key": KEY}).run(
        grace_period=1.0
    ) as served:
        _, running = await slowly_stored(served)
        served.ended.set()
        assert "may have been carried out or not" in problem(await running, 503, "broken_off")["detail"]
