"""Reading the stream: the present records, pages of them, and never an older state than was seen."""

import asyncio
from typing import Any

import pytest
from nats.aio.msg import Msg

from akrun.backend import UnavailableError
from akrun.backend.cluster import Cluster, reading
from akrun.backend.cluster.core import Put
from akrun.backend.cluster.wire import Wire


async def stored(backend: Cluster, count: int) -> str:
    """So many records; gives the subject of all."""
    prefix = f"{backend._options.prefix}.test"
    for start in range(0, count, 500):
        await backend._commit(
            [Put(f"{prefix}.{n}", b"%d" % n) for n in range(start, min(count, start + 500))]
        )
    return f"{prefix}.*"


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1500])
async def test_all_that_match_are_found_however_many(backend: Cluster, count: int) -> None:
    everything = await stored(backend, count)
    bodies = [b"%d" % n for n in range(count)]
    assert [record.body for record in await backend._many([everything])] == bodies
    assert [record.body async for record in backend._onward(everything)] == bodies
    last = await backend._last(everything)
    assert (None if last is None else last.body) == (bodies[-1] if bodies else None)


async def test_many_subjects_are_asked_for_in_parts(backend: Cluster) -> None:
    everything = await stored(backend, 1200)
    asked = [everything.replace("*", f"{n}") for n in range(1100, 2300)]
    assert [record.body for record in await backend._many(asked)] == [b"%d" % n for n in range(1100, 1200)]


async def test_it_reads_on_from_a_sequence(backend: Cluster) -> None:
    everything = await stored(backend, 10)
    records = await backend._many([everything])
    found = [record async for record in backend._onward(everything, records[4].sequence + 1, settled=True)]
    assert [record.body for record in found] == [b"5", b"6", b"7", b"8", b"9"]


async def test_an_answer_of_a_replica_that_lags_is_not_taken(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = await stored(backend, 3)
    late = 0
    ask = Wire.ask

    async def lagging(wire: Wire, *arguments: Any, **options: Any) -> list[Msg]:
        nonlocal late
        answer = await ask(wire, *arguments, **options)
        headers = answer[-1].headers
        if late < 2 and headers is not None and "Nats-UpTo-Sequence" in headers:
            late += 1
            headers["Nats-UpTo-Sequence"] = "1"
            return answer[-1:]
        return answer

    monkeypatch.setattr(Wire, "ask", lagging)
    assert len(await backend._many([everything])) == 3
    assert late == 2
    monkeypatch.setattr(reading, "PATIENCE", 0.0)
    late = -9
    with pytest.raises(UnavailableError, match="lag behind"):
        await backend._many([everything])


async def test_servers_that_do_not_answer_are_asked_again(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = await stored(backend, 3)
    asked = 0
    ask = Wire.ask

    async def deaf(wire: Wire, *arguments: Any, **options: Any) -> list[Msg]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise TimeoutError
        return await ask(wire, *arguments, **options)

    monkeypatch.setattr(Wire, "ask", deaf)
    found = await asyncio.gather(backend._many([everything]), backend._last(everything))
    assert len(found[0]) == 3
    assert asked == 4
