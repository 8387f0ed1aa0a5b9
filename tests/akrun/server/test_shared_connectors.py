"""Connectors that others register: a change is live at once, and what is under way ends on the old one."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from akrun.backend import ConnectorRecord, NewJob
from akrun.backend.cluster import Cluster
from akrun.engine.payload import encode_payload
from akrun.model.settings import Settings
from akrun.sql import Connector
from tests.akrun.server.sharing import Together, chat, eventually
from tests.akrun.server.test_mailings import step

USED = "the connector crm is used as it is registered now"


def asking(connector_id: str = "crm") -> dict[str, Any]:
    """A channel whose events write to a database, ask the service, and write to the database again."""
    posting = chat()["pipelines"]["schedule"]
    insert = {"connector_id": connector_id, "query": "INSERT INTO seen VALUES ('$in.n')"}
    pipes = [step(4, "sql_pipe", 1, **insert), posting[0], {**posting[1], "outs": {"success": 5}}]
    return {**chat(), "pipelines": {"schedule": [*pipes, step(5, "sql_pipe", None, **insert)]}}


@pytest.fixture
def together(tmp_path: Path) -> Together:
    return Together(tmp_path)


@pytest.fixture
def databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Databases `one` to `three`, whose URLs are in the environment; gives what was written to one."""
    for name in ("one", "two", "three"):
        with closing(sqlite3.connect(tmp_path / name)) as database, database:
            database.execute("CREATE TABLE seen (n TEXT)")
        monkeypatch.setenv(f"CRM_{name.upper()}", f"sqlite:///{tmp_path / name}")

    def written(name: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / name)) as database:
            return [n for (n,) in database.execute("SELECT n FROM seen ORDER BY n")]

    return written


def crm(reference: str, **keys: Any) -> Sequence[ConnectorRecord]:
    return [ConnectorRecord("crm", json.dumps({"url": reference, **keys}).encode())]


async def enqueue(backend: Cluster, *names: str, db: str = "crm") -> None:
    jobs = [
        NewJob(name, "chat", "schedule", None, encode_payload({"n": name, "db": db}), 0.0) for name in names
    ]
    await backend.enqueue(jobs)


async def test_a_change_is_live_in_all_processes_and_runs_under_way_end_on_the_old_one(
    together: Together, databases: Callable[[str], list[str]]
) -> None:
    async with AsyncExitStack() as stack:
        one, other = together.process(), together.process()
        both = [await stack.enter_async_context(each.run()) for each in (one, other)]
        await one.backend.register_connectors(crm("env:CRM_ONE"))
        await together.register(one.backend, asking())
        for each in both:
            await each.serves()
            assert not each.said("cannot be")
            each.service.open.clear()
        await enqueue(one.backend, "a", "b")
        await eventually(lambda: len(databases("one")) == 2)
        await other.backend.register_connectors(crm("env:CRM_TWO"))
        await eventually(lambda: all(each.said(USED) == 2 for each in both))
        await enqueue(one.backend, "c")
        await eventually(lambda: databases("two") == ["c"])
        for each in both:
            each.service.open.set()
        await eventually(lambda: databases("two") == ["c", "c"])
        await eventually(lambda: databases("one") == ["a", "a", "b", "b"])


async def test_a_channel_is_served_as_soon_as_its_connector_is_known(
    together: Together, databases: Callable[[str], list[str]]
) -> None:
    async with together.process().run() as process:
        await together.register(process.backend, asking())
        await eventually(lambda: process.said("there is no connector `crm`") == 1)
        await enqueue(process.backend, "a")
        await process.backend.register_connectors(crm("env:CRM_ONE"))
        await eventually(lambda: databases("one") == ["a", "a"])


async def test_what_is_registered_again_and_has_not_changed_disturbs_nobody(
    together: Together, databases: Callable[[str], list[str]]
) -> None:
    async with together.process().run() as process:
        await process.backend.register_connectors(crm("env:CRM_ONE"))
        await together.register(process.backend, asking())
        await process.serves()
        host = process.works.hosts["chat"]
        await process.backend.register_connectors(crm("env:CRM_ONE"))
        await process.backend.register_connectors([ConnectorRecord("other", b'{"url":"env:CRM_TWO"}')])
        await eventually(lambda: process.works.hosts["chat"] is not host)
        assert process.said(USED) == 1
        assert databases("one") == []


async def test_a_connector_of_its_own_goes_before_the_one_that_is_registered(
    together: Together, databases: Callable[[str], list[str]], tmp_path: Path
) -> None:
    own = {"crm": Connector(url=SecretStr(f"sqlite:///{tmp_path}/three"))}
    settings = Settings().model_copy(update={"connectors": own})
    async with together.process(settings=settings).run() as process:
        await process.backend.register_connectors(crm("env:CRM_ONE"))
        await together.register(process.backend, asking())
        await process.serves()
        await process.backend.register_connectors(crm("env:NOT_THERE"))
        await process.backend.register_connectors([ConnectorRecord("other", b'{"url":"env:CRM_TWO"}')])
        await eventually(lambda: process.said("the connector other is used") == 1)
        await enqueue(process.backend, "a")
        await eventually(lambda: databases("three") == ["a", "a"])
        assert not process.said("the connector crm")


async def test_a_reference_that_leads_nowhere_leaves_the_work_to_others(
    together: Together, databases: Callable[[str], list[str]], tmp_path: Path
) -> None:
    own = {"crm": Connector(url=SecretStr(f"sqlite:///{tmp_path}/three"))}
    async with AsyncExitStack() as stack:
        poor = await stack.enter_async_context(together.process().run())
        await poor.backend.register_connectors(crm("env:NOT_THERE"))
        await together.register(poor.backend, asking())
        why = (
            "the connector crm as it is registered now cannot be used here: the environment variable "
            "`NOT_THERE` is not set; mend it where this worker runs and start it anew, or give it a "
            "[connectors.crm] of its own"
        )
        await eventually(lambda: poor.said(why) == 1)
        await eventually(lambda: poor.said("there is no connector `crm`") == 1)
        await enqueue(poor.backend, "a")
        settings = Settings().model_copy(update={"connectors": own})
        rich = await stack.enter_async_context(together.process(settings=settings).run())
        await eventually(lambda: databases("three") == ["a", "a"])
        assert not rich.said("cannot be used")
        await poor.backend.register_connectors(crm("env:CRM_ONE"))
        await poor.serves()
        assert poor.said(why) == 1


async def test_with_a_name_that_only_the_event_has_an_unknown_one_is_a_failure(
    together: Together, databases: Callable[[str], list[str]]
) -> None:
    async with together.process().run() as process:
        await process.backend.register_connectors(
            [*crm("env:CRM_ONE"), ConnectorRecord("lost", b'{"url":"env:NOT_THERE"}')]
        )
        await together.register(process.backend, asking("$in.db"))
        await process.serves()
        await enqueue(process.backend, "a", db="lost")
        await enqueue(process.backend, "b")
        await eventually(lambda: databases("one") == ["b", "b"])
        async with asyncio.timeout(120):
            while not (letters := await process.backend.dead_letters()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert [(letter.job_id, letter.error["kind"]) for letter in letters] == [("a", "connector")]


async def test_one_that_cannot_be_used_any_more_stays_as_it_was(
    together: Together, databases: Callable[[str], list[str]]
) -> None:
    async with together.process().run() as process:
        await process.backend.register_connectors(crm("env:CRM_ONE"))
        await together.register(process.backend, asking())
        await process.serves()
        await process.backend.register_connectors(crm("env:NOT_THERE"))
        await eventually(lambda: process.said("cannot be used here") == 1)
        await enqueue(process.backend, "a")
        await eventually(lambda: databases("one") == ["a", "a"])
