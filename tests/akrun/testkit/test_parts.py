"""The parts that tests of one's own use: the mocked service, the store, and what the package names."""

import asyncio

import jsonschema
import pytest
from click.testing import CliRunner

import akrun.testkit
from akrun.cli import main
from akrun.engine.clock import VirtualClock
from akrun.model.located import parse_located, read_text
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from akrun.testkit import FakeService, FakeStore
from akrun.testkit.codes import CODES
from akrun.testkit.matchers import TAGS
from akrun.testkit.schema import case_schema
from tests.akrun.testkit.shop import FOLDER
from tests.akrun.testkit.test_examples import FILES as EXAMPLES
from tests.akrun.testkit.test_features import FILES as FEATURES


async def test_a_service_of_ones_own() -> None:
    service = (
        FakeService(clock=VirtualClock())
        .on("POST", "https://api.example.com/*", {"status": 202, "json": {"id": 7}}, json={"to": "1"})
        .on("GET", "https://api.example.com/state", 503, {"body": "fine"})
    )
    client = service.client()
    posted = await client.send(Request("POST", "https://api.example.com/send?x=1", content=b'{"to": "1"}'))
    assert (posted.status, posted.body, posted.headers) == (
        202,
        b'{"id":7}',
        {"content-type": "application/json"},
    )
    states = [await client.send(Request("GET", "https://api.example.com/state")) for _ in range(2)]
    assert [(each.status, each.body) for each in states] == [(503, b""), (200, b"fine")]
    with pytest.raises(HttpFailure, match="no mock of the test answers GET"):
        await client.send(Request("GET", "https://api.example.com/state"))
    assert [(each.method, each.answer) for each in service.requests] == [
        ("POST", 202), ("GET", 503), ("GET", 200), ("GET", "unanswered"),
    ]  # fmt: skip
    (lone,) = service.unanswered
    assert lone.nearest is not None
    assert lone.nearest.spent


async def test_addresses_are_checked_before_a_mock_answers() -> None:
    service = FakeService().on("GET", "*", 200)
    with pytest.raises(HttpFailure, match="scheme 'ftp' is not supported"):
        await service.client().send(Request("GET", "ftp://api.example.com/"))
    assert service.requests == []


async def test_latency_is_time_of_the_clock() -> None:
    clock = VirtualClock()
    service = FakeService(clock=clock).on("GET", "*", {"latency": 5})
    sending = asyncio.create_task(service.client().send(Request("GET", "https://api.example.com/")))
    await clock.advance(4.9)
    assert not sending.done()
    await clock.advance(0.1)
    assert (await sending).elapsed == pytest.approx(5)


async def test_a_store_forgets_in_time() -> None:
    clock = VirtualClock()
    store = FakeStore(clock)
    await store.store_set("t", "k", b"1", 10)
    assert store.rows() == [{"table": "t", "key": "k", "value": 1, "ttl": 10}]
    await clock.advance(10)
    assert store.rows() == []
    assert await store.store_get("t", "k") is None
    assert await store.store_purge(clock.now().timestamp()) == 1


def test_the_package_names_what_it_has() -> None:
    assert [name for name in akrun.testkit.__all__ if not hasattr(akrun.testkit, name)] == []
    assert sorted(akrun.testkit.__all__) == akrun.testkit.__all__


@pytest.mark.parametrize("path", [*EXAMPLES, *FEATURES], ids=lambda path: "/".join(path.parts[-2:]))
def test_the_schema_takes_what_is_taken(path: object) -> None:
    document, faults = parse_located(read_text(str(path)), "x", is_json=False, tags=TAGS)
    assert not faults
    jsonschema.Draft202012Validator(case_schema()).validate(document.value)


def test_the_schema_refuses_what_is_refused() -> None:
    document, _ = parse_located(read_text(FOLDER / "broken.test.yaml"), "x", is_json=False, tags=TAGS)
    errors = list(jsonschema.Draft202012Validator(case_schema()).iter_errors(document.value))
    assert len(errors) > 5


def test_the_schema_is_published() -> None:
    result = CliRunner().invoke(main, ["schema", "test"])
    assert result.exit_code == 0
    assert '"title": "CaseFile"' in result.output


def test_every_code_is_shown() -> None:
    shown = "".join(path.read_text() for path in FOLDER.glob("*.txt"))
    assert [code for code in CODES if code not in shown] == []
