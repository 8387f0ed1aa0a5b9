import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from akrun.net.pool import POOL_SIZE, OriginPool
from tests.akrun.http_server import Reply, serve


class Stream(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"ok"


class Lane(httpx.AsyncBaseTransport):
    """A lane that answers at once and notes what becomes of it."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.answer = answer
        self.used = 0
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.used += 1
        return self.answer or httpx.Response(200, stream=Stream(), request=request)

    async def aclose(self) -> None:
        self.closed = True


class Maker:
    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.made: list[Lane] = []
        self.answer = answer

    def __call__(self) -> Lane:
        self.made.append(Lane(self.answer))
        return self.made[-1]


def request(host: str, size: int = 10) -> httpx.Request:
    return httpx.Request("GET", f"http://{host}/", extensions={POOL_SIZE: size})


async def exchange(pool: OriginPool, host: str) -> None:
    response = await pool.handle_async_request(request(host))
    assert await response.aread() == b"ok"


async def test_a_lane_is_used_again_for_its_own_origin_only() -> None:
    maker = Maker()
    pool = OriginPool(maker)
    for host in ("a", "a", "b", "a"):
        await exchange(pool, host)
    assert [lane.used for lane in maker.made] == [3, 1]
    await pool.aclose()
    assert all(lane.closed for lane in maker.made)


async def test_the_longest_unused_idle_lanes_are_closed() -> None:
    maker = Maker()
    pool = OriginPool(maker, max_idle=2)
    for host in ("a", "b", "c", "b", "d"):
        await exchange(pool, host)
    await exchange(pool, "b")
    assert [lane.closed for lane in maker.made] == [True, False, True, False]
    await pool.aclose()


async def test_waiting_requests_get_a_lane_in_their_order() -> None:
    pool = OriginPool(Maker())
    first = await pool.handle_async_request(request("a", 1))
    order: list[int] = []

    async def wait(number: int) -> None:
        response = await pool.handle_async_request(request("a", 1))
        order.append(number)
        await response.aclose()

    tasks = [asyncio.create_task(wait(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await first.aclose()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3]


async def test_who_is_cancelled_just_as_its_turn_comes_passes_it_on() -> None:
    pool = OriginPool(Maker())
    first = await pool.handle_async_request(request("a", 1))
    second, third = (asyncio.create_task(pool.handle_async_request(request("a", 1))) for _ in range(2))
    await asyncio.sleep(0)
    await first.aclose()
    second.cancel()
    response = await third
    assert (second.cancelled(), response.status_code) == (True, 200)
    await response.aclose()
    await response.aclose()
    await pool.aclose()


async def test_a_lane_is_free_again_after_a_failure() -> None:
    async with serve(Reply(raw=b""), Reply(body=b"ok")) as server, HttpClient() as client:
        with pytest.raises(HttpFailure):
            await client.send(Request("GET", server.url, pool_size=1))
        for _ in range(2):
            assert (await client.send(Request("GET", server.url, pool_size=1))).body == b"ok"


async def test_an_answer_without_an_asynchronous_stream_is_a_fault_of_the_transport() -> None:
    pool = OriginPool(Maker(httpx.Response(200, stream=httpx.ByteStream(b"x"))))
    assert (await pool.handle_async_request(request("a"))).status_code == 200

    class Synchronous(httpx.SyncByteStream):
        pass

    pool = OriginPool(Maker(httpx.Response(200, stream=Synchronous())))
    with pytest.raises(TypeError, match="synchronous stream"):
        await pool.handle_async_request(request("a"))
