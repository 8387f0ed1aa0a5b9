"""`store_set` and `store_get`: parameters, defaults, exits, errors, and one taker among many."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Embedded
from akrun.backend.errors import DiskFullError
from akrun.backend.memory import MemoryStore
from akrun.engine.event import Event
from akrun.engine.run import Result, run
from tests.akrun.pipes.bench import Bench, chain, compiled, error, faults_of, pipe


async def kept(store: Any, *pipes: dict[str, Any], **origin: Any) -> Result:
    event = Event(origin, Bench().services.keeping(store))
    return await run(compiled(chain(*pipes)).pipeline("message"), event)


async def test_a_value_of_any_type_comes_back_as_it_was() -> None:
    value = {"text": "$in.x", "n": "$#in.n", "list": [1, 2.5, None, True]}
    store = MemoryStore()
    set_ = pipe("store_set", key="k $in.x", value=value, ttl=5)
    result = await kept(store, set_, pipe("store_get", key="k $in.x", name="back"), x="ß$in.n", n=7)
    assert result.error is None
    assert result.data["back"] == {"text": "ß$in.n", "n": 7, "list": [1, 2.5, None, True]}


async def test_the_name_is_the_key_unless_it_is_given() -> None:
    result = await kept(
        MemoryStore(), pipe("store_set", key="token", value="t", ttl=5), pipe("store_get", key="token")
    )
    assert result.data["token"] == "t"


async def test_tables_have_nothing_to_do_with_each_other() -> None:
    store = MemoryStore()
    await kept(store, pipe("store_set", key="k", value=1, ttl=5, table="$in.t"), t="a")
    assert (await kept(store, pipe("store_get", key="k", table="a"))).data["k"] == 1
    for other in ({"table": "b"}, {}):
        assert (await kept(store, pipe("store_get", key="k", **other))).state == "failed"


async def test_a_value_whose_time_is_over_is_not_there() -> None:
    now = 1000.0
    store = MemoryStore(lambda: now)
    await kept(store, pipe("store_set", key="k", value=1, ttl="$in.ttl"), ttl="2.5")
    now += 2.4
    assert (await kept(store, pipe("store_get", key="k"))).state == "done"
    now += 0.2
    result = await kept(store, pipe("store_get", key="k", table=""))
    assert result.error == error("not_found", "there is no value `k`", kind="store")


async def test_a_value_that_is_not_there_has_a_way_of_its_own() -> None:
    pipes = [
        {**pipe("store_get", key="k", not_found=3), "id": 1, "outs": {"success": 2, "error": 2}},
        {**pipe("log"), "id": 2},
        {**pipe("set", data={"missed": True}), "id": 3},
    ]
    event = Event({}, Bench().services.keeping(MemoryStore()))
    result = await run(compiled(pipes).pipeline("message"), event)
    assert (result.state, result.pipe, result.data["missed"]) == ("done", 3, True)


@pytest.mark.parametrize("ttl", [0, -1, "$in.ttl"])
async def test_a_time_that_is_not_above_zero_is_refused(ttl: Any) -> None:
    wanted = pipe("store_set", key="k", value=1, ttl=ttl)
    if isinstance(ttl, int):
        [fault] = faults_of(wanted)
        assert fault.message == f"`ttl`: {ttl} is not above zero"
    else:
        result = await kept(MemoryStore(), wanted, ttl="-3")
        assert result.error == error("parameter", "ttl: '-3' is not above zero", kind="parameter")


def test_the_time_is_required() -> None:
    [fault] = faults_of(pipe("store_set", key="k", value=1))
    assert "ttl" in fault.message


async def test_an_empty_key_is_refused() -> None:
    result = await kept(MemoryStore(), pipe("store_get", key="$in.id"), id="")
    assert result.error == error("parameter", "key: the key is empty", kind="parameter")
    [fault] = faults_of(pipe("store_get", key=""))
    assert fault.message == "the key is empty"


async def test_a_template_that_fails_fails_the_pipe() -> None:
    for wanted in (pipe("store_set", key="$in.no", value=1, ttl=1), pipe("store_get", key="$in.no")):
        result = await kept(MemoryStore(), wanted)
        assert result.error is not None
        assert (result.error["code"], result.error["kind"]) == ("E301", "template")


class FullStore(MemoryStore):
    """A store whose disk is full."""

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:  # noqa: ARG002
        raise DiskFullError("the disk is full", path=Path("akrun.db"))


async def test_a_store_that_fails_fails_the_pipe() -> None:
    result = await kept(FullStore(), pipe("store_set", key="k", value=1, ttl=1))
    assert result.error == error("store", "the disk is full", kind="store")


async def test_of_many_events_one_takes_the_value(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "akrun.db") as backend:
        for round_ in range(5):
            await kept(backend, pipe("store_set", key="k", value=round_, ttl=60))
            taking = [kept(backend, pipe("store_get", key="k", name="got", delete=True)) for _ in range(40)]
            results = await asyncio.gather(*taking)
            assert [each.data["got"] for each in results if each.state == "done"] == [round_]


async def test_what_was_stored_is_there_after_opening_again(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "akrun.db") as backend:
        await kept(backend, pipe("store_set", key="k", value={"a": 1}, ttl=60, table="t"))
    async with Embedded(tmp_path / "akrun.db") as backend:
        result = await kept(backend, pipe("store_get", key="k", table="t"))
    assert result.data["k"] == {"a": 1}
