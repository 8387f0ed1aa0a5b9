"""Circuit breakers and counters as the client keeps them."""

import asyncio

import httpx
import pytest

from akrun.engine.clock import SystemClock, VirtualClock
from akrun.net import stats as stats_module
from akrun.net.breaker import Breakers
from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from akrun.net.stats import HttpStats
from tests.akrun.http_server import Reply, loopback_client, serve


class Host:
    """A transport that answers by script."""

    def __init__(self, *script: int | Exception) -> None:
        self.script = list(script)
        self.asked = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        answer = self.script.pop(0) if self.script else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)


def client_of(host: Host, clock: VirtualClock, failures: int = 3) -> HttpClient:
    return HttpClient(httpx.MockTransport(host), clock, breakers=Breakers(clock, failures, 10.0))


async def outcome(client: HttpClient, **options: float) -> int | str:
    """The status, or the kind of the failure."""
    try:
        return (await client.send(Request("GET", "http://h/", **options))).status  # type: ignore[arg-type]
    except HttpFailure as failure:
        return failure.kind


@pytest.mark.parametrize(
    "failing",
    [500, 502, 503, 504, httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x")],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_what_shows_a_failing_host_opens_the_breaker(failing: int | Exception) -> None:
    host, clock = Host(*[failing] * 9), VirtualClock()
    client = client_of(host, clock)
    for _ in range(3):
        await outcome(client)
    assert await outcome(client, timeout=1) == "breaker"
    assert host.asked == 3
    assert client.stats.origins["http://h"].failures["breaker"] == 1


@pytest.mark.parametrize("status", [200, 301, 400, 404, 408, 429, 501])
async def test_what_does_not_leaves_it_closed(status: int) -> None:
    host, clock = Host(503, 503, status, 503, 503), VirtualClock()
    client = client_of(host, clock)
    assert [await outcome(client) for _ in range(6)] == [503, 503, status, 503, 503, 200]


async def test_a_request_waits_for_the_probe_if_it_has_the_time() -> None:
    host, clock = Host(503, 503, 503), VirtualClock()
    client = client_of(host, clock)
    for _ in range(3):
        await outcome(client)
    waiting = [asyncio.create_task(outcome(client, timeout=30)) for _ in range(4)]
    await clock.advance(9)
    assert (host.asked, client.breakers.states()[0].waiting) == (3, 4)
    await clock.advance(1)
    assert await asyncio.gather(*waiting) == [200] * 4
    assert client.breakers.states() == []


async def test_a_refused_address_and_a_large_answer_say_nothing_bad_about_the_host() -> None:
    clock = SystemClock()
    async with serve(Reply(body=b"12345")) as server:
        client = loopback_client(breakers=Breakers(clock, 1, 10.0))
        async with client:
            with pytest.raises(HttpFailure, match="larger"):
                await client.send(Request("GET", server.url, max_response=1))
            with pytest.raises(HttpFailure, match="private network"):
                await client.send(Request("GET", "http://10.0.0.1/"))
            assert client.breakers.states() == []


async def test_waiting_for_a_place_in_the_own_pool_is_no_failure_of_the_host() -> None:
    breakers = Breakers(SystemClock(), 1, 10.0)
    async with serve(Reply(hang=True)) as server, loopback_client(breakers=breakers) as client:
        first = asyncio.create_task(client.send(Request("GET", server.url, pool_size=1)))
        await asyncio.sleep(0)
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("POST", server.url, content=b"x", timeout=0.02, pool_size=1))
        assert (caught.value.kind, caught.value.sent) == ("timeout", False)
        assert client.breakers.states() == []
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert client.breakers.states() == []
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("POST", server.url, content=b"x", timeout=0.05, pool_size=1))
        assert (caught.value.kind, caught.value.sent) == ("timeout", True)
        assert client.breakers.states()[0].state == "open"


async def test_a_cancelled_probe_leaves_its_turn_to_the_next() -> None:
    clock, release = VirtualClock(), asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        await release.wait()
        return httpx.Response(200)

    client = HttpClient(httpx.MockTransport(answer), clock, breakers=Breakers(clock, 1, 10.0))
    client.breakers.failed("http://h", "timeout")
    first, second = (asyncio.create_task(outcome(client, timeout=30)) for _ in range(2))
    await clock.advance(10)
    first.cancel()
    await clock.advance(0)
    release.set()
    assert await second == 200


async def test_answers_failures_and_time_are_counted_by_origin() -> None:
    clock = VirtualClock()
    host = Host(200, 204, 404, 503, httpx.ConnectError("x"), httpx.ReadTimeout("x"))
    client = client_of(host, clock, failures=0)
    for _ in range(6):
        await outcome(client)
    await client.send(Request("GET", "https://other:8443/x?y"))
    assert list(client.stats.origins) == ["http://h", "https://other:8443"]
    counts = client.stats.origins["http://h"]
    assert counts.answers == {"2xx": 2, "4xx": 1, "5xx": 1}
    assert counts.failures == {"connection": 1, "timeout": 1}


async def test_the_time_of_an_exchange_is_added_up() -> None:
    clock = VirtualClock()

    async def answer(_: httpx.Request) -> httpx.Response:
        await clock.sleep(2)
        return httpx.Response(200)

    client = HttpClient(httpx.MockTransport(answer), clock)
    task = asyncio.create_task(client.send(Request("GET", "http://h/")))
    await clock.advance(2)
    assert (await task).elapsed == 2
    assert client.stats.origins["http://h"].seconds == 2


def test_the_number_of_origins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats_module, "MAX_ORIGINS", 2)
    counts = HttpStats()
    for origin in ("a", "b", "c", "d", "a"):
        counts.of(origin).answered(200, 1.0)
    assert {name: each.answers for name, each in counts.origins.items()} == {
        "a": {"2xx": 2},
        "b": {"2xx": 1},
        "others": {"2xx": 2},
    }


async def test_each_hop_of_a_redirect_counts_for_its_own_origin() -> None:
    async with (
        serve() as other,
        serve(Reply(status=302, headers={"Location": other.url})) as server,
        loopback_client() as client,
    ):
        await client.send(Request("GET", server.url, follow_redirects=True))
        assert client.stats.origins[server.url].answers == {"3xx": 1}
        assert client.stats.origins[other.url].answers == {"2xx": 1}
