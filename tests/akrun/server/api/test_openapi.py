"""The OpenAPI document is whole, true of the application, and current in the documentation."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import jsonschema
import orjson
import pytest
import schemathesis
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, CheckFunction
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from akrun.cli import main
from akrun.server.api.app import make_app
from akrun.server.api.description import operations
from akrun.server.reference import markdown
from tests.akrun.server.api.scene import MESSAGES, message, served_shop
from tests.akrun.server.scene import TOKEN

DOCUMENT: Final = make_app().openapi()
IDS: Final = [operation["operationId"] for _, operation in operations(DOCUMENT)]


@contextmanager
def served_in_thread(folder: Path) -> Iterator[str]:
    """A serving process with a message in it, on a loop of its own; gives its address."""
    started = threading.Event()
    said: dict[str, Any] = {}

    async def main() -> None:
        async with served_shop(folder) as (served, _):
            await served.api("POST", MESSAGES, json=message())
            said.update(loop=asyncio.get_running_loop(), ended=asyncio.Event(), url=served.url)
            started.set()
            await said["ended"].wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(30)
    try:
        yield said["url"]
    finally:
        said["loop"].call_soon_threadsafe(said["ended"].set)
        thread.join()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a serving process."""
    with served_in_thread(tmp_path_factory.mktemp("served")) as address:
        yield address


@schemathesis.serializer("application/jsonl")
def as_lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """An audience is text already."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


KNOWN: Final = {
    "string_id": "shop",
    "entity": "folder",
    "operation": "list",
    "mailing_id": "5",
    "profile_id": "p1",
}
"""Path parameters of things that are there."""
TRUTHS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@schema.parametrize()
@settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.large_base_example],
)
def test_whatever_is_sent_is_answered_as_described(url: str, case: Case[Any]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    # JSON Schema takes 1.0 for an integer, and of a parameter that is there twice the last one counts.
    beyond: list[CheckFunction] = [negative_data_rejection, positive_data_acceptance]
    answer = case.call(base_url=url, headers=headers, timeout=120)
    case.validate_response(answer, excluded_checks=beyond)
    for name in KNOWN.keys() & case.path_parameters.keys():
        case.path_parameters[name] = KNOWN[name]
    case.validate_response(case.call(base_url=url, headers=headers, timeout=120), checks=TRUTHS)


def test_the_document_is_openapi_and_every_operation_is_described() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert len(set(IDS)) == len(IDS)
    tags = {each["name"] for each in DOCUMENT["tags"]}
    for _, operation in operations(DOCUMENT):
        assert {"summary", "description", "operationId"} <= operation.keys()
        assert set(operation["tags"]) <= tags
        assert all(each.get("description") for each in operation.get("parameters", []))


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_field_of_a_schema_is_described(name: str) -> None:
    found = DOCUMENT["components"]["schemas"][name]
    jsonschema.Draft202012Validator.check_schema(found)
    assert [key for key, each in found["properties"].items() if not each.get("description")] == []


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_the_examples_of_bodies_fit_their_schemas() -> None:
    store = {"components": DOCUMENT["components"]}
    for _, operation in operations(DOCUMENT):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            jsonschema.Draft202012Validator({**store, **content["schema"]}).validate(content["example"])


def test_the_command_prints_it() -> None:
    printed = CliRunner().invoke(main, ["schema", "api"])
    assert orjson.loads(printed.stdout) == DOCUMENT


def test_the_page_is_fresh() -> None:
    page = Path(__file__).parents[4] / "docs" / "api.md"
    assert page.read_text(encoding="utf-8") == markdown(DOCUMENT), (
        "python -m akrun.server.reference > docs/api.md"
    )
