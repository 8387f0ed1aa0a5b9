import asyncio
import time

import pytest

from akrun.net.call import Answer, Call
from akrun.net.connection import NotSentError, Watch
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from akrun.net.pool import Connections, OriginPool
from akrun.net.target import Origin, target_of
from tests.akrun.http_server import Reply, loopback_client, serve


class Lane:
    """A lane that answers at once, or when it is told to, and notes what becomes of it."""

    def __init__(self, watch: Watch, *, waits: bool = False) -> None:
        self.watch = watch
        self.used = 0
        self.aborted = False
        self.reusable = True
        self.usable = True
        self.idle_since = 0.0
        self.fails: Exception | None = None
        self.go = asyncio.Event()
        if not waits:
            self.go.set()

    async def exchange(self, call: Call) -> Answer:
        self.used += 1
        await self.go.wait()
        self.idle_since = time.monotonic()
        if self.fails is not None:
            self.reusable = False
            raise self.fails
        return Answer(200, [], {}, call.target.origin.host.encode())

    def abort(self) -> None:
        self.aborted = True


class Maker:
    """Opens lanes and keeps them."""

    def __init__(self, *, waits: bool = False) -> None:
        self.made: list[Lane] = []
        self.waits = waits

    async def __call__(self, _: Origin, watch: Watch) -> Lane:
        self.made.append(Lane(watch, waits=self.waits))
        watch.opened()
        return self.made[-1]


def call(host: str, size: int = 10) -> Call:
    return Call("GET", target_of(f"http://{host}/"), [], None, 100, size)


async def test_a_lane_is_used_again_for_its_own_origin_only() -> None:
    maker = Maker()
    pool = OriginPool(maker)
    for host in ("a", "a", "b", "a", "a:81"):
        assert (await pool.exchange(call(host))).body == host[:1].encode()
    assert [lane.used for lane in maker.made] == [3, 1, 1]
    assert pool.connections == Connections(3, 3, 0)
    await pool.aclose()
    assert all(lane.aborted for lane in maker.made)
    assert pool.connections.idle == 0


async def test_the_lane_used_last_is_taken_first() -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)
    tasks = [asyncio.create_task(pool.exchange(call("a"))) for _ in range(2)]
    await asyncio.sleep(0)
    for lane, task in zip(reversed(maker.made), reversed(tasks), strict=True):
        lane.go.set()
        await task
    await pool.exchange(call("a"))
    assert [lane.used for lane in maker.made] == [2, 1]


async def test_the_longest_unused_idle_lanes_are_closed() -> None:
    maker = Maker()
    pool = OriginPool(maker, max_idle=2)
    for host in ("a", "b", "c", "b", "d"):
        await pool.exchange(call(host))
    await pool.exchange(call("b"))
    assert [lane.aborted for lane in maker.made] == [True, False, True, False]


async def test_a_lane_that_is_closed_while_idle_is_forgotten() -> None:
    maker = Maker()
    pool = OriginPool(maker)
    await pool.exchange(call("a"))
    [lane] = maker.made
    lane.watch.closed(lane)  # type: ignore[arg-type]
    assert pool.connections == Connections(0, 0, 0)
    await pool.exchange(call("a"))
    assert len(maker.made) == 2


async def test_idle_lanes_that_outlived_their_time_go_when_another_comes_back() -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)
    tasks = [asyncio.create_task(pool.exchange(call("a"))) for _ in range(3)]
    await asyncio.sleep(0)
    for lane in maker.made[:2]:
        lane.go.set()
    await asyncio.gather(*tasks[:2])
    maker.made[0].idle_since -= 1000
    maker.made[2].go.set()
    await tasks[2]
    assert [lane.aborted for lane in maker.made] == [True, False, False]
    assert pool.connections.idle == 2


@pytest.mark.parametrize("how", ["not usable", "nothing written"])
async def test_when_nothing_was_sent_the_next_lane_is_tried(how: str) -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)
    tasks = [asyncio.create_task(pool.exchange(call("a"))) for _ in range(2)]
    await asyncio.sleep(0)
    for lane in maker.made:
        lane.go.set()
    await asyncio.gather(*tasks)
    maker.waits = False
    for lane in maker.made:
        if how == "not usable":
            lane.usable = False
        else:
            lane.fails = NotSentError()
    assert (await pool.exchange(call("a"))).status == 200
    assert [lane.aborted for lane in maker.made] == [True, True, False]


async def test_a_new_lane_that_sends_nothing_is_a_connection_failure() -> None:
    class Closing(Maker):
        async def __call__(self, origin: Origin, watch: Watch) -> Lane:
            lane = await super().__call__(origin, watch)
            lane.fails = NotSentError()
            return lane

    pool = OriginPool(Closing())
    with pytest.raises(HttpFailure, match="closed the connection at once") as caught:
        await pool.exchange(call("a"))
    assert (caught.value.kind, caught.value.sent, caught.value.retryable) == ("connection", False, True)


async def test_waiting_requests_get_a_lane_in_their_order() -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)
    first = asyncio.create_task(pool.exchange(call("a", 1)))
    await asyncio.sleep(0)
    order: list[int] = []

    async def wait(number: int) -> None:
        await pool.exchange(call("a", 1))
        order.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(4)]
    await asyncio.sleep(0)
    assert pool.connections == Connections(1, 0, 4)
    tasks[1].cancel()
    maker.made[0].go.set()
    await first
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3]
    assert [lane.used for lane in maker.made] == [4]


async def test_who_is_cancelled_just_as_its_turn_comes_passes_it_on() -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)

    async def first() -> None:
        await pool.exchange(call("a", 1))
        second.cancel()  # the place was given to it, and it did not run since

    ended = asyncio.create_task(first())
    second, third = (asyncio.create_task(pool.exchange(call("a", 1))) for _ in range(2))
    await asyncio.sleep(0)
    maker.made[0].go.set()
    await ended
    assert (await third).status == 200
    assert second.cancelled()
    assert pool.connections.waiting == 0


async def test_a_lane_that_comes_back_after_the_end_is_closed() -> None:
    maker = Maker(waits=True)
    pool = OriginPool(maker)
    task = asyncio.create_task(pool.exchange(call("a")))
    await asyncio.sleep(0)
    await pool.aclose()
    maker.made[0].go.set()
    await task
    assert maker.made[0].aborted


async def test_a_place_is_free_again_after_a_failure() -> None:
    async with serve(Reply(raw=b""), Reply(body=b"ok")) as server, loopback_client() as client:
        with pytest.raises(HttpFailure):
            await client.send(Request("GET", server.url, pool_size=1))
        for _ in range(2):
            assert (await client.send(Request("GET", server.url, pool_size=1))).body == b"ok"


async def test_and_after_nobody_could_be_connected_to() -> None:
    async with serve() as server:
        closed = server.url
    async with loopback_client() as client:
        for _ in range(3):
            with pytest.raises(HttpFailure, match="cannot connect"):
                await client.send(Request("GET", closed, pool_size=1))
        assert client.connections == Connections(0, 0, 0)
