import asyncio
from typing import Any

import pytest

from akrun.engine.clock import VirtualClock
from akrun.engine.run import Result, run
from akrun.net.failures import HttpFailure
from tests.akrun.pipes.answering import Answering
from tests.akrun.pipes.bench import Bench, chain, compiled, faults_of, pipe

BROKEN = HttpFailure("broke", kind="connection", sent=True, retryable=True)
UNREACHED = HttpFailure("cannot connect", kind="connection", sent=False, retryable=True)
SLOW = HttpFailure("slow", kind="timeout", sent=True, retryable=True)


async def attempts(
    *answers: int | Exception,
    retry: dict[str, Any] | None = None,
    beside: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    **params: Any,
) -> tuple[list[float], Result]:
    """When the request was sent, and how the event ended; jitter always gives half of its bound."""
    clock = VirtualClock()
    http = Answering(clock, *answers, headers=headers)
    given = {"url": "http://h/", **params}
    if beside is None:
        given["retry"] = retry or {"max": 3, "backoff": 2.0}
    pipes = chain({**pipe("http_request", **given), **({} if beside is None else {"retry": beside})})
    event = Bench(http=http, clock=clock).event({"body": b"x"})
    task = asyncio.create_task(run(compiled(pipes).pipeline("message"), event))
    await clock.advance(10_000)
    return http.at, await task


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_statuses_that_may_pass_are_tried_again_with_growing_waits(status: int) -> None:
    at, result = await attempts(status, status, 200)
    assert (at, result.state) == ([0, 1, 3], "done")


@pytest.mark.parametrize("status", [400, 401, 404, 501])
async def test_other_statuses_are_final(status: int) -> None:
    at, result = await attempts(status)
    assert (at, result.state) == ([0], "failed")


async def test_without_retry_nothing_is_tried_again() -> None:
    at, result = await attempts(503, retry={"max": 0})
    assert (at, result.state) == ([0], "failed")


async def test_the_last_failure_is_the_error() -> None:
    at, result = await attempts(500, 502, 503, 504, 200)
    assert result.error is not None
    assert (at, result.error["code"]) == ([0, 1, 3, 7], 504)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_safe_methods_are_repeated_after_a_broken_connection(method: str) -> None:
    at, result = await attempts(BROKEN, 200, method=method)
    assert (at, result.state) == ([0, 1], "done")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_post_is_repeated_only_when_that_is_safe(method: str) -> None:
    params: dict[str, Any] = {"method": method, "content_type": "json"}
    assert (await attempts(BROKEN, 200, **params))[0] == [0]
    assert (await attempts(503, 200, **params))[0] == [0]
    assert (await attempts(UNREACHED, 200, **params))[0] == [0, 1]
    assert (await attempts(BROKEN, 503, 200, idempotency_key="k", **params))[0] == [0, 1, 3]


async def test_a_timeout_is_repeated_only_when_asked_for() -> None:
    assert (await attempts(SLOW, 200))[0] == [0]
    assert (await attempts(SLOW, 200, retry={"max": 1, "on": ["timeout"], "backoff": 1.0}))[0] == [0, 0.5]


async def test_on_replaces_the_default_set() -> None:
    retry = {"max": 5, "on": [418], "backoff": 1.0}
    assert (await attempts(418, 503, 200, retry=retry))[0] == [0, 0.5]


async def test_retry_after_and_its_cap() -> None:
    headers = {"retry-after": "30"}
    assert (await attempts(429, 200, headers=headers))[0] == [0, 30]
    retry = {"max": 1, "max_delay": 5.0}
    assert (await attempts(429, 200, headers=headers, retry=retry))[0] == [0, 5]


async def test_no_attempt_begins_after_the_deadline() -> None:
    at, result = await attempts(503, 503, 503, 200, retry={"max": 9, "backoff": 2.0, "deadline": 4.0})
    assert (at, result.state) == ([0, 1, 3], "failed")


async def test_retry_may_stand_beside_the_parameters() -> None:
    assert (await attempts(503, 200, beside={"max": 1, "backoff": 2.0}))[0] == [0, 1]


async def test_every_attempt_takes_a_token() -> None:
    at, _ = await attempts(503, 503, 200, limit={"rate": 1, "per": 10, "burst": 1}, method="GET")
    assert at == [0, 10, 20]


def test_faults() -> None:
    both = {**pipe("http_request", url="http://h/", retry={"max": 1}), "retry": {"max": 2}}
    assert [found.message for found in faults_of(both)] == [
        "`retry` is given twice: in the parameters and beside them"
    ]
    [found] = faults_of({**pipe("set", data={}), "retry": {"max": 2}})
    assert (found.code, found.message) == ("C506", "a pipe of type `set` is not repeated")
    [found] = faults_of(pipe("http_request", url="http://h/", retry={"max": -1}))
    assert (found.code, found.line) == ("C204", '"max": -1')


async def test_the_deadline_bounds_a_wait_for_the_rate_limit_too() -> None:
    slow = {"rate": 0.1, "burst": 1.0}
    at, result = await attempts(503, 200, retry={"max": 3, "backoff": 2.0, "deadline": 5.0}, limit=slow)
    assert result.error is not None
    assert (at, result.error["kind"]) == ([0], "timeout")
    assert "deadline passed while the request waited for its rate limit" in result.error["message"]


async def test_the_last_attempt_has_no_more_time_than_the_deadline_leaves() -> None:
    clock = VirtualClock()
    http = Answering(clock, 503, 503, 503, 200)
    params = {"url": "http://h/", "timeout": 10, "retry": {"max": 3, "backoff": 2.0, "deadline": 12.0}}
    event = Bench(http=http, clock=clock).event({"body": b"x"})
    task = asyncio.create_task(
        run(compiled(chain(pipe("http_request", **params))).pipeline("message"), event)
    )
    await clock.advance(100)
    assert (await task).state == "done"
    assert http.timeouts == [10, 10, 9, 5]
