"""Loading an audience: begun anew when it was cut short, by whichever instance."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from akrun.backend import ConflictError, LaunchState, NewMessage
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.audience import BATCH_ROWS
from tests.contract.scene import DONE, registered


def rows(count: int, payload: bytes = b"new", launch: str = "") -> Iterator[NewMessage]:
    return (NewMessage(f"{launch}m{n}", f"p{n}", payload) for n in range(count))


def cut(count: int) -> Iterator[NewMessage]:
    """An audience that breaks off."""
    yield from rows(count, b"old")
    raise ValueError("cut off")


async def test_a_large_audience_comes_in_batches(backend: Cluster) -> None:
    await registered(backend)
    await backend.launch(7, "L", b"{}")
    count = 3 * BATCH_ROWS + 7
    audience = (replace(row, profile_id=f"p{n % count}") for n, row in enumerate(rows(count + 20)))
    result = await backend.load("L", audience)
    assert (result.loaded, result.duplicates, len(result.first_duplicates)) == (count, 20, 10)
    assert result.launch.total == (await backend.counts("L")).pending == count
    await backend.set_launch_state("L", LaunchState.SENDING)
    leased = [message for _ in range(3) for message in await backend.lease("L", 450)]
    assert [message.ordinal for message in leased] == list(range(count))


@pytest.mark.parametrize("loaded", [0, 1, BATCH_ROWS + 1, 3 * BATCH_ROWS])
async def test_what_a_load_left_is_removed_by_the_next(options: ClusterOptions, loaded: int) -> None:
    async with Cluster(options) as backend:
        await registered(backend)
        await backend.launch(7, "L", b"{}")
        await backend.launch(7, "K", b"{}")
        with pytest.raises(ValueError, match="cut off"):
            await backend.load("L", cut(loaded))
        with pytest.raises(ValueError, match="cut off"):
            await backend.load("L", cut(loaded))
        await backend.load("K", rows(3, launch="K"))
    async with Cluster(options) as backend:
        result = await backend.load("L", rows(5))
        assert result.loaded == 5
        assert (await backend.counts("L")).pending == 5
        assert (await backend.counts("K")).pending == 3
        await backend.set_launch_state("L", LaunchState.SENDING)
        leased = await backend.lease("L", 9)
        assert [(message.id, message.payload) for message in leased] == [(f"m{n}", b"new") for n in range(5)]


async def test_a_message_id_is_taken_for_all_launches(backend: Cluster) -> None:
    await registered(backend)
    await backend.launch(7, "L", b"{}")
    await backend.launch(7, "K", b"{}")
    await backend.load("L", rows(3))
    with pytest.raises(ConflictError, match="`m2` of profile `p9`"):
        await backend.load("K", [NewMessage("k", "p1", b""), NewMessage("m2", "p9", b"")])
    with pytest.raises(ConflictError, match="`k` of profile `p2`"):
        await backend.load("K", [NewMessage("k", "p1", b""), NewMessage("k", "p2", b"")])
    assert (await backend.counts("K")).total == 0
    assert (await backend.load("K", [NewMessage("k", "p1", b"")])).loaded == 1


async def test_a_finished_launch_leaves_no_queue(backend: Cluster) -> None:
    await registered(backend)
    await backend.launch(7, "L", b"{}")
    await backend.load("L", rows(3))
    await backend.set_launch_state("L", LaunchState.SENDING)
    for message in await backend.lease("L", 2):
        await backend.finish(message.id, DONE)
    await backend.finish("m2", DONE)
    await backend.set_launch_state("L", LaunchState.FINISHED)
    assert await backend._js.consumers_info(backend._stream) == []
    assert [record async for record in backend._onward(f"{backend._options.prefix}.work.>")] == []
