"""The public guide, page by page: each channel does what its page says, and the pages use all there is."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import BaseModel, SecretStr

from akrun.pipes import SPECS
from akrun.pipes.spec import PipeDefaults
from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors
from tests.akrun.http_server import HttpServer, Received, loopback_client, serve
from tests.guide.bench import FOLDER, Bench, Case, addressed, compile_page, read_page, request_parts, shown

PAGES = sorted(each.parent.name for each in FOLDER.glob("*/channel.json"))
OWN = frozenset({"set", "foreach"})
"""Pipes that the guide does not have."""


def _cases() -> list[Any]:
    found = []
    for page in PAGES:
        for case in read_page(page)[1]:
            for specialized in (False,) if case.operation else (False, True):
                name = f"{page}: {case.title}{', specialised' if specialized else ''}"
                found.append(pytest.param(page, case, specialized, id=name))
    return found


@pytest.mark.parametrize(("page", "case", "specialized"), _cases())
async def test_a_page_does_what_it_says(page: str, case: Case, specialized: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = _database(tmp_path, read_page(page)[0])
    connector = Connector(url=SecretStr(f"sqlite:///{path}"), identifiers=("clients", "name", "city"))
    connectors = {"crm": connector, "1": connector}
    compiled = compile_page(page, PipeDefaults(connectors=connectors))
    async with serve(*case.script()) as server, loopback_client() as http, Connectors(connectors) as sql:
        bench = Bench(http, sql, compiled, addressed(case.roots, server))
        ended = await bench.run(case, server, specialized=specialized)
        _check_end(case, ended)
        _check_requests(case, server)
    _check_effects(case, bench)
    await _check_store(case, bench)
    with closing(sqlite3.connect(path)) as database:
        for statement, rows in case.rows.items():
            assert [list(row) for row in database.execute(statement)] == rows


def _database(folder: Path, statements: list[str]) -> Path:
    path = folder / "crm.db"
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def _check_end(case: Case, ended: dict[str, Any]) -> None:
    assert within(case.failed, ended.get("failed")) == case.failed, ended.get("failed")
    assert ended.get("result") == case.result
    if case.pipe is not None:
        assert ended["pipe"] == case.pipe
    assert within(case.after, ended.get("after", {})) == case.after
    assert not case.absent or not set(case.absent) & ended["after"].keys()


def _check_requests(case: Case, server: HttpServer) -> None:
    assert [_request(each, got) for each, got in zip(case.requests, server.requests, strict=True)] == [
        {"method": "GET", "path": "/", "query": {}, **addressed(each, server)} for each in case.requests
    ]


def _request(wanted: dict[str, Any], got: Received) -> dict[str, Any]:
    """What came, in the parts that the page tells of; method, path and query always."""
    path, query = request_parts(got)
    parts: dict[str, Any] = {"method": got.method, "path": path, "query": _fields(query)}
    if "headers" in wanted:
        parts["headers"] = {name: got.headers.get(name) for name in wanted["headers"]}
    if "json" in wanted:
        parts["json"] = json.loads(got.body)
    if "body" in wanted:
        parts["body"] = got.body.decode()
    if "form" in wanted:
        assert got.headers["content-type"] == "application/x-www-form-urlencoded"
        parts["form"] = _fields(got.body.decode())
    if "parts" in wanted:
        parts["parts"] = _multipart(got)
    return parts


def _fields(text: str) -> dict[str, Any]:
    found = parse_qs(text, keep_blank_values=True, strict_parsing=bool(text))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _multipart(got: Received) -> list[dict[str, Any]]:
    head = f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + got.body)
    found = []
    for part in message.iter_parts():
        each = {"name": part.get_param("name", header="content-disposition")}
        if part.get_filename() is not None:
            each |= {"filename": part.get_filename(), "type": part.get_content_type()}
        found.append({**each, "content": part.get_content()})
    return found


def _check_effects(case: Case, bench: Bench) -> None:
    events = [asdict(each) for each in bench.events]
    assert [within(each, got) for each, got in zip(case.events, events, strict=True)] == case.events
    assert [within(each, got) for each, got in zip(case.jobs, bench.due(), strict=True)] == case.jobs
    assert [[each.level, each.prefix, each.message] for each in bench.log] == case.log


async def _check_store(case: Case, bench: Bench) -> None:
    for each in case.stored:
        place = each.get("table", ""), each["key"]
        ttl = each.get("ttl", 1)
        for later, wanted in ((0, each["value"]), (ttl - 1, each["value"])):
            bench.later = later
            kept = await bench.store.store_get(*place)
            assert (None if kept is None else json.loads(kept)) == wanted
        if "ttl" in each:
            bench.later = ttl + 1
            assert await bench.store.store_get(*place) is None
        bench.later = 0


def within(wanted: Any, got: Any) -> Any:
    """What of a value a page tells of: of objects only the keys that it names."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {key: within(wanted[key], got[key]) for key in wanted if key in got}
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [within(*each) for each in zip(wanted, got, strict=True)]
    return shown(got)


# ------------------------------------------------------------------------------------- completeness


def _pipes(page: str) -> list[dict[str, Any]]:
    channel = json.loads((FOLDER / page / "channel.json").read_text())
    pipelines = list(channel["pipelines"].values())
    for entity in channel.get("entities", []):
        pipelines += [each["pipeline"] for each in entity["operations"].values()]
    return [pipe for pipeline in pipelines for pipe in pipeline]


ALL = [pipe for page in PAGES for pipe in _pipes(page)]


def _parameters(model: type[BaseModel], values: list[Any]) -> dict[str, list[Any]]:
    """Parameter → the values that the pages give it."""
    given = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return {
        name: [each[name] for each in given if isinstance(each, dict) and name in each]
        for name in model.model_fields
    }


@pytest.mark.parametrize("spec", [each for each in SPECS if each.name not in OWN], ids=lambda each: each.name)
def test_the_pages_use_every_parameter_of_a_pipe(spec: Any) -> None:
    params = [each.get("params", {}) for each in ALL if each["type"] in {spec.name, *spec.aliases}]
    unused = [name for name, values in _parameters(spec.params, params).items() if not values]
    for name, each in spec.params.model_fields.items():
        inner = [
            kind for kind in (each.annotation, *getattr(each.annotation, "__args__", ())) if _is_model(kind)
        ]
        for kind in inner:
            values = _parameters(spec.params, params)[name]
            unused += [f"{name}.{key}" for key, found in _parameters(kind, values).items() if not found]
    assert unused == []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_pages_use_every_name_of_a_pipe() -> None:
    names = {name for spec in SPECS if spec.name not in OWN for name in (spec.name, *spec.aliases)}
    assert {pipe["type"] for pipe in ALL} == names


@pytest.mark.parametrize(
    ("pipe", "parameter", "values"),
    [
        ("http_request", "content_type", {"form", "form-data", "xml", "json"}),
        ("http_request", "method", {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"}),
        ("http_request", "auth_type", {"basic", "bearer"}),
        ("pack", "type", {"JSON", "XML"}),
        ("unpack", "type", {"JSON", "XML", "FORM"}),
        ("log", "level", {"info", "debug", "warn", "error", "trace"}),
        (
            "event",
            "event_type",
            {
                "stop", "moderate_pass", "moderate_error", "send", "deliv", "sbounce", "hbounce", "complain",
                "undeliv", "reply", "custom",
            },
        ),
    ],
)  # fmt: skip
def test_the_pages_use_every_value_of_a_choice(pipe: str, parameter: str, values: set[str]) -> None:
    names = {pipe, *next(spec.aliases for spec in SPECS if spec.name == pipe)}
    used = {str(each.get("params", {}).get(parameter)) for each in ALL if each["type"] in names}
    assert values <= used
