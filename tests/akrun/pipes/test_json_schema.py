"""The JSON Schemas of files, checked by a validator of another hand."""

import json
from typing import Any

import jsonschema
import pytest

from akrun.model import PipeModel
from akrun.pipes import REGISTRY, SPECS
from akrun.pipes.json_schema import channel_schema, mailing_schema
from tests.akrun.pipes.bench import chain, pipe

VALIDATOR = jsonschema.Draft202012Validator


def channel(*pipes: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {
        "name": "Test", "id": 7, "string_id": "test", "communication": "direct",
        "fields": {"subscription": [[{"type": "string", "name": "phone"}]]},
        "pipelines": {"message": chain(*pipes)},
        **parts,
    }  # fmt: skip


def wrong(value: Any) -> bool:
    return not VALIDATOR(channel_schema()).is_valid(value)


@pytest.mark.parametrize("schema", [channel_schema(), mailing_schema()], ids=["channel", "mailing"])
def test_they_are_schemas_of_the_dialect_they_name(schema: dict[str, Any]) -> None:
    VALIDATOR.check_schema(schema)
    assert schema["$schema"] == VALIDATOR.META_SCHEMA["$id"]
    for name in _references(schema):
        assert name.removeprefix("#/$defs/") in schema["$defs"]


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_example_of_a_pipe_fits_under_every_name(name: str) -> None:
    spec = REGISTRY[name]
    for example in spec.examples:
        value = json.loads(json.dumps({"id": 1, "type": name, "params": example.params}))
        definition = next(
            each for each in channel_schema()["$defs"].values()
            if name in each.get("properties", {}).get("type", {}).get("enum", ())
        )  # fmt: skip
        schema = {**definition, "$defs": channel_schema()["$defs"]}
        VALIDATOR(schema).validate(value)
        assert PipeModel.model_validate(value).type == spec.name


@pytest.mark.parametrize(
    "pipe_",
    [
        pipe("packr", template={}),
        pipe("pack"),
        pipe("pack", template={}, tmplate=1),
        pipe("pack", template={}, root=5),
        pipe("pack", template={}, type="CSV"),
        pipe("http_request", url="http://x", content_type="yaml"),
        {"type": "pack"},
        {"type": "selector", "params": {"outs": [{"query": "$in.a", "out": "3"}]}},
        {"type": "http_request", "params": {"url": "http://x", "limit": {"rate": 0}}},
        {"type": "result"},
        {"type": "log", "retry": {"max": 1}},
        {"type": "log", "outs": {"succes": 2}},
    ],
)
def test_wrong_pipes_do_not_fit(pipe_: dict[str, Any]) -> None:
    assert not wrong(channel(pipe("log")))
    assert wrong(channel(pipe_))


@pytest.mark.parametrize("method", ["POST", "post", "Delete", "$template.method", "${in.method}"])
def test_words_may_be_of_any_case_or_templates(method: str) -> None:
    assert not wrong(channel(pipe("http_request", url="http://x", method=method)))


def test_pipes_of_operations_are_others() -> None:
    def with_operation(*pipes: dict[str, Any]) -> dict[str, Any]:
        entity = {
            "name": "E", "shortname": "e", "primary": "id", "preview": "id",
            "fields": [{"type": "int", "name": "id"}], "operations": {"get": {"pipeline": chain(*pipes)}},
        }  # fmt: skip
        return channel(pipe("log"), entities=[entity])

    assert not wrong(with_operation(pipe("result")))
    assert not wrong(with_operation(pipe("error", code=1)))
    assert wrong(with_operation({"type": "error", "params": {"code": 1}, "outs": {"success": 1}}))
    assert wrong(with_operation(pipe("set", data={})))


def test_aliases_fit() -> None:
    for spec in SPECS:
        for name in (spec.name, *spec.aliases):
            assert any(
                name in each.get("properties", {}).get("type", {}).get("enum", ())
                for each in channel_schema()["$defs"].values()
            )


def test_keys_have_their_descriptions() -> None:
    definitions = channel_schema()["$defs"]
    params = definitions["HttpRequestPipe"]["properties"]["params"]["properties"]
    assert params["url"]["description"] == "The address: http or https."
    assert definitions["Outs"]["properties"]["success"]["description"] == "Id of the next pipe."
