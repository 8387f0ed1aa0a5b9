"""The stores: time to live, tables, one taker among many, and no growth by what has expired."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from akrun.backend import BackendError, Embedded, RecordError, Store
from akrun.backend.absent import NoStore
from akrun.backend.memory import MemoryStore


class Hands:
    """The hands of a clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture(params=["embedded", "memory"])
async def store(
    request: pytest.FixtureRequest,
    path: Path,
    clock: Hands,
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(clock)
    else:
        async with Embedded(path, clock=clock) as backend:
            yield backend


async def test_a_value_is_there_until_its_time_is_over(store: Store, clock: Hands) -> None:
    await store.store_set("", "k", b"v", 10)
    clock.now += 9.999
    assert await store.store_get("", "k") == b"v"
    clock.now += 0.001
    assert await store.store_get("", "k") is None
    assert await store.store_get("", "k", delete=True) is None


async def test_a_new_value_takes_the_place_of_the_old_and_of_its_time(store: Store, clock: Hands) -> None:
    await store.store_set("", "k", b"old", 100)
    await store.store_set("", "k", b"new", 10)
    clock.now += 50
    assert await store.store_get("", "k") is None
    await store.store_set("", "k", b"again", 10)
    assert await store.store_get("", "k") == b"again"


async def test_tables_are_apart(store: Store) -> None:
    for table in ("", "a", "b\x00"):
        await store.store_set(table, "k", table.encode(), 10)
    assert await store.store_get("a", "k", delete=True) == b"a"
    assert [await store.store_get(table, "k") for table in ("", "a", "b\x00")] == [b"", None, b"b\x00"]


async def test_of_many_who_take_one_value_one_gets_it(store: Store) -> None:
    for number in range(20):
        await store.store_set("t", "k", b"%d" % number, 10)
        got = await asyncio.gather(*(store.store_get("t", "k", delete=True) for _ in range(50)))
        assert [value for value in got if value is not None] == [b"%d" % number]


async def test_reads_beside_takes_see_the_value_or_nothing(store: Store) -> None:
    await store.store_set("t", "k", b"v", 10)
    calls = [store.store_get("t", "k", delete=number == 40) for number in range(80)]
    got = await asyncio.gather(*calls)
    assert got[40] == b"v"
    assert set(got) <= {b"v", None}
    assert await store.store_get("t", "k") is None


async def test_the_last_of_those_that_set_one_key_at_once_counts(store: Store) -> None:
    await asyncio.gather(*(store.store_set("t", "k", b"%d" % number, 10) for number in range(50)))
    assert await store.store_get("t", "k") == b"49"


@pytest.mark.parametrize("ttl", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_time_to_live_is_above_zero(store: Store, ttl: float) -> None:
    with pytest.raises(RecordError, match="cannot be kept for"):
        await store.store_set("", "k", b"v", ttl)
    assert await store.store_get("", "k") is None


async def test_a_purge_takes_what_has_expired_and_nothing_else(store: Store, clock: Hands) -> None:
    for number in range(9):
        await store.store_set("", str(number), b"v", number + 1)
    assert await store.store_purge(clock.now + 4) == 4
    assert await store.store_purge(clock.now + 4) == 0
    assert [await store.store_get("", str(number)) for number in (3, 4)] == [None, b"v"]


async def test_expired_values_go_as_new_ones_come(path: Path, clock: Hands) -> None:
    async with Embedded(path, clock=clock) as backend:
        for number in range(200):
            await backend.store_set("t", str(number), b"v", 5)
            clock.now += 1
        with closing(sqlite3.connect(path)) as connection:
            [(kept,)] = connection.execute("SELECT count(*) FROM store").fetchall()
        assert kept <= 6
        assert await backend.store_get("t", "199") == b"v"


async def test_a_reader_of_another_process_sees_what_was_set(path: Path) -> None:
    async with Embedded(path) as backend, Embedded(path, read_only=True) as reader:
        await backend.store_set("t", "k", b"v", 60)
        assert await reader.store_get("t", "k") == b"v"
        taken = await asyncio.gather(
            *(backend.store_get("t", "k", delete=True) for _ in range(5)),
            *(reader.store_get("t", "k") for _ in range(5)),
        )
        assert [value for value in taken[:5] if value is not None] == [b"v"]
        assert await reader.store_get("t", "k") is None


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.store_set("", "k", b"v", 1),
        lambda store: store.store_get("", "k"),
        lambda store: store.store_purge(0),
    ],
)
async def test_where_there_is_no_store_every_use_says_so(use: Callable[[Store], object]) -> None:
    with pytest.raises(BackendError, match="there is no store here"):
        await use(NoStore())  # type: ignore[misc]
