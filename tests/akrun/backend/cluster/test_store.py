"""The store on the servers: values end by themselves, and of many takers in many processes one gets them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import PubAck

from akrun.backend import ClosedError, RecordError, UnavailableError
from akrun.backend.cluster import Cluster, ClusterOptions, outlast
from akrun.backend.cluster.store import EXPIRES
from akrun.backend.cluster.streams import bucket_stream, store_bucket
from tests.nats_server import serving


class Hands:
    """The hands of a clock."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_value_is_there_until_its_time_is_over(options: ClusterOptions) -> None:
    clock = Hands()
    async with Cluster(options, clock=clock) as store:
        await store.store_set("t", "k", b"v", 10)
        clock.now += 9.999
        assert await store.store_get("t", "k") == b"v"
        clock.now += 0.001
        assert await store.store_get("t", "k") is None
        assert await store.store_get("t", "k", delete=True) is None


async def test_the_servers_let_go_of_a_value_a_minute_after_its_time(
    backend: Cluster, options: ClusterOptions
) -> None:
    await backend.store_set("t", "k", b"v", 9.1)
    await backend.store_set("t", "long", b"v", 1e300)
    stream = bucket_stream(store_bucket(options.prefix))
    headers = []
    for key in ("k", "long"):
        found = await backend._js.get_last_msg(stream, f"$KV.{store_bucket(options.prefix)}.t.{key}")
        headers.append(found.headers or {})
    assert [each["Nats-TTL"] for each in headers] == ["70", str(2**31)]
    assert all(float(each[EXPIRES]) > 0 for each in headers)


async def test_names_of_any_kind(backend: Cluster) -> None:
    names = ["", ".", "*", ">", "a b", "\0", "день", "x" * 5000, "X" * 5000, "=", "=2E"]
    for number, name in enumerate(names):
        await backend.store_set(name, name, b"%d" % number, 60)
    assert [await backend.store_get(name, name) for name in names] == [b"%d" % n for n in range(len(names))]
    with pytest.raises(RecordError, match="not Unicode"):
        await backend.store_set("t", "\ud800", b"", 60)


async def test_a_value_that_the_servers_do_not_take(backend: Cluster) -> None:
    most = backend._nc.max_payload
    for size in (most - 1000, most, most + 1):
        with pytest.raises(RecordError, match=f"{size} bytes are too many for one record"):
            await backend.store_set("t", "k", bytes(size), 60)
    await backend.store_set("t", "k", bytes(most - 1024), 60)
    assert await backend.store_get("t", "k") == bytes(most - 1024)


async def test_of_many_takers_in_two_processes_one_gets_it(backend: Cluster, options: ClusterOptions) -> None:
    async with Cluster(options) as other:
        for number in range(5):
            await backend.store_set("t", "k", b"%d" % number, 60)
            takers = (each.store_get("t", "k", delete=True) for each in [backend, other] * 10)
            assert [got for got in await asyncio.gather(*takers) if got is not None] == [b"%d" % number]


async def test_the_last_of_those_that_set_one_key_at_once_counts(backend: Cluster) -> None:
    await asyncio.gather(*(backend.store_set("t", "k", b"%d" % number, 60) for number in range(50)))
    assert await backend.store_get("t", "k") == b"49"


async def test_a_take_whose_answer_was_lost_is_still_the_takers(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend.store_set("t", "k", b"v", 60)
    publish = backend._js.publish
    sent: list[str] = []

    async def losing(subject: str, *what: Any, **how: Any) -> PubAck:
        sent.append(subject)
        answer = await publish(subject, *what, **how)
        if len(sent) == 1:
            raise TimeoutError
        return answer

    monkeypatch.setattr(backend._js, "publish", losing)
    assert await backend.store_get("t", "k", delete=True) == b"v"
    assert len(sent) == 2
    assert await backend.store_get("t", "k") is None


async def test_values_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        options = ClusterOptions(servers=(server.url,), replicas=1, data=tmp_path)
        async with Cluster(options) as backend:
            await backend.store_set("t", "k", b"v", 60)
            server.stop()
            later = asyncio.create_task(backend.store_get("t", "k"))
            await asyncio.sleep(0)
            server.start()
            assert await later == b"v"


async def test_what_nobody_answers_is_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlast, "PATIENCE", 0.0)
    with serving(tmp_path) as server:
        options = ClusterOptions(servers=(server.url,), replicas=1, data=tmp_path)
        backend = Cluster(options)
        await backend.open()
        stream = bucket_stream(store_bucket(options.prefix))
        await backend._js.delete_stream(stream)
        with pytest.raises(UnavailableError):
            await backend.store_set("t", "k", b"v", 60)
        await backend.close()


async def test_a_closed_store(backend: Cluster) -> None:
    await backend.close()
    for use in (backend.store_set("t", "k", b"v", 1), backend.store_get("t", "k"), backend.store_purge(1)):
        with pytest.raises(ClosedError):
            await use
