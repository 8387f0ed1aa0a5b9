"""The CRM example: its entity's operations and its mailing, against its own CRM on loopback."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.crm.crm import Crm

from akrun.engine.compile import compile_channel
from akrun.engine.event import Services
from akrun.engine.operation import OperationError, run_operation
from akrun.engine.run import run
from akrun.mailing.job import payload, read_job
from akrun.model import load_channel_file, load_values
from akrun.net.client import HttpClient
from tests.akrun.http_server import loopback_client

CRM = Path(__file__).parents[2] / "examples" / "crm"
KEY = "a-key-of-the-test"
LAUNCH = "0c9f4a52-2d7e-5b0a-8a55-6f8f7f6f3c21"


@pytest.fixture
def crm() -> Iterator[Crm]:
    server = Crm(key=KEY)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Caller:
    """Runs the operations of the example's category."""

    def __init__(self, crm: Crm, client: HttpClient) -> None:
        channel, located = load_channel_file(CRM / "channel.json")
        self.compiled = compile_channel(channel, located)
        self.values = load_values(channel, {"sender.url": crm.url, "sender.key": KEY})
        self.services = Services(client, lambda _: None, masker=self.compiled.masker(self.values))

    async def __call__(self, operation: str, **inputs: Any) -> Any:
        return await run_operation(self.compiled, "category", operation, inputs, self.values, self.services)

    async def error(self, operation: str, **inputs: Any) -> dict[str, Any]:
        with pytest.raises(OperationError) as caught:
            await self(operation, **inputs)
        return caught.value.error


@pytest.fixture
async def call(crm: Crm) -> AsyncIterator[Caller]:
    async with loopback_client() as client:
        yield Caller(crm, client)


async def test_list_loads_all_or_those_that_are_asked_for(call: Caller) -> None:
    assert [each["name"] for each in await call("list")] == ["News", "Offers"]
    assert await call("list", name="off") == [{"id": 2, "name": "Offers", "style": {"color": "#1565C0"}}]
    assert await call("list", name="zzz") == []


async def test_create_get_delete(call: Caller, crm: Crm) -> None:
    made = await call("create", name="Recipes")
    assert made == {"id": 3, "name": "Recipes", "style": {"color": "#808080"}}
    assert crm.categories[3] == made
    assert await call("get", id=3) == made
    assert await call("delete", id=3) == {"id": 3}
    assert 3 not in crm.categories


@pytest.mark.parametrize("operation", ["get", "delete"])
async def test_what_is_not_there_is_the_channels_own_error(call: Caller, operation: str) -> None:
    error = await call.error(operation, id=77)
    assert (error["code"], error["kind"], error["message"]) == (404, "error", "there is no category 77")


async def test_a_taken_name_is_the_crms_own_reason(call: Caller) -> None:
    error = await call.error("create", name="News")
    assert (error["code"], error["message"]) == (409, "the name is taken: News")


async def test_input_is_checked_before_anything_is_sent(call: Caller, crm: Crm) -> None:
    error = await call.error("create", name="x" * 41, style={"color": "red"})
    assert error["kind"] == "input"
    assert "must have at most 40 characters" in error["message"]
    assert "must be a colour written #RRGGBB" in error["message"]
    assert len(crm.categories) == 2


async def test_a_wrong_key_fails_without_being_shown(call: Caller, crm: Crm) -> None:
    crm.key = "another"
    error = await call.error("list")
    assert (error["status"], error["pipe"]) == (401, 1)
    assert KEY not in str(error)


async def test_the_mailing_sends_under_its_category(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_KEY", KEY)
    job = read_job(CRM / "channel.json", CRM / "mailing.json", given={"sender.url": crm.url})
    assert job.constants["campaign"]["category"] == {"id": 1, "name": "News"}
    assert KEY not in repr(job)
    async with loopback_client() as client:
        services = Services(client, lambda _: None, masker=job.masker)
        pipeline = job.compiled.pipeline("message", job.constants)
        rows = [row for row in job.audience_rows() if row.skip_reason is None]
        for row in rows:
            roots = {"profile": row.profile, "subscription": row.subscription}
            assert payload(row)
            result = await run(pipeline, job.event(LAUNCH, row.profile_id, roots, services))
            assert (result.state, result.error) == ("done", None)
    assert [each["contact"] for each in crm.messages.values()] == ["c-1", "c-2"]
    assert {each["category"] for each in crm.messages.values()} == {1}


def test_the_readme_names_every_file_and_operation() -> None:
    text = (CRM / "README.md").read_text(encoding="utf-8")
    for path in CRM.iterdir():
        if path.suffix in {".json", ".jsonl", ".py"}:
            assert f"`{path.name}`" in text
    channel, _ = load_channel_file(CRM / "channel.json")
    entity = channel.entity("category")
    assert entity is not None
    for name in ("create", "list", "get", "delete"):
        assert entity.operations.of(name) is not None
        assert f"$ category {name}" in text
