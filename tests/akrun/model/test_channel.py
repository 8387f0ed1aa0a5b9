"""Channels: what a file may say, what it then means, and the rules between its parts."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from akrun.errors import FileFaults
from akrun.model import Channel, Mailing, data_fields, load_channel_file
from akrun.model.fields import OBJECTS
from akrun.model.pipelines import PIPELINES

MINIMAL: dict[str, Any] = {
    "name": "SMS",
    "id": 7,
    "string_id": "sms",
    "communication": "direct",
    "fields": {"subscription": [{"type": "string", "name": "phone", "required": True}]},
    "pipelines": {"message": [{"id": 1, "type": "log"}]},
}


def channel(**changes: Any) -> Channel:
    return Channel.model_validate({**MINIMAL, **changes})


def test_defaults() -> None:
    made = channel()
    assert (made.kind, made.moderation, made.campaign_types) == ("custom", False, ("regular",))
    assert (made.events, made.entities) == ((), ())
    assert (made.module, made.listener) == (None, None)


def test_channel_is_immutable() -> None:
    with pytest.raises(ValidationError):
        channel().name = "other"


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_file_gives_channel_and_places(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"channel{suffix}"
    path.write_text(json.dumps(MINIMAL))
    made, document = load_channel_file(path)
    assert made == channel()
    span = document.span("/pipelines/message/0/type")
    assert document.source.text[span.start : span.end] == '"log"'


def test_one_element_is_a_row_with_or_without_brackets() -> None:
    field = {"type": "string", "name": "phone"}
    bare, bracketed = (channel(fields={"subscription": [row]}) for row in (field, [field]))
    assert bare.fields == bracketed.fields
    assert [each.name for each in data_fields(bare.fields.of("subscription"))] == ["phone"]


def test_layout_only_elements_are_no_data_fields() -> None:
    rows = [
        [{"type": "header", "text": "To"}, {"type": "divider"}],
        {"type": "message", "text": "x"},
        {"type": "string", "name": "phone"},
    ]
    layout = channel(fields={"subscription": rows}).fields.subscription
    assert [len(row) for row in layout] == [2, 1, 1]
    assert [each.name for each in data_fields(layout)] == ["phone"]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("packer", "pack"),
        ("unpacker", "unpack"),
        ("http_requester", "http_request"),
        ("sql", "sql_pipe"),
        ("eventer", "event"),
        ("scheduler", "scheduled"),
        ("errors", "error"),
        ("log", "log"),
        ("anything", "anything"),
    ],
)
def test_pipe_has_its_canonical_type_and_the_written_one(written: str, canonical: str) -> None:
    (pipe,) = channel(pipelines={"message": [{"id": 1, "type": written}]}).pipelines.of("message")  # type: ignore[union-attr]
    assert (pipe.type, pipe.written_type) == (canonical, written)


def test_every_object_and_pipeline_is_reached_by_name() -> None:
    pipes = {
        name: [{"id": number, "type": "log"}] for number, name in enumerate(PIPELINES) if name != "moderate"
    }
    made = channel(pipelines=pipes)
    assert made.pipelines is not None
    assert [made.pipelines.of(name)[0].id for name in pipes] == [0, 1, 2, 4]
    assert [len(made.fields.of(name)) for name in OBJECTS] == [0, 0, 0, 0, 1, 0]


def test_moderated_indirect_channel_is_right() -> None:
    made = channel(
        communication="indirect",
        moderation=True,
        fields={"resource": [{"type": "string", "name": "chat"}]},
        pipelines={"message": [{"id": 1, "type": "log"}], "moderate": [{"id": 1, "type": "log"}]},
    )
    assert made.moderation


def test_entities_and_their_operations() -> None:
    entity = {
        "name": "Category",
        "shortname": "category",
        "primary": "id",
        "preview": "title",
        "fields": [{"type": "string", "name": "id"}, {"type": "string", "name": "title"}],
        "operations": {"list": {"pipeline": [{"id": 1, "type": "result"}]}},
    }
    made = channel(entities=[entity]).entity("category")
    assert made is not None
    operation = made.operations.of("list")
    assert operation is not None
    assert operation.deadline == 30
    assert made.operations.of("get") is None
    assert channel().entity("category") is None


def test_listener_defaults() -> None:
    listener = channel(listener={}).listener
    assert listener is not None
    assert (listener.methods, listener.body_limit, listener.reply.status) == (("POST",), 1_048_576, 200)


def test_rules_hold_without_a_file_too() -> None:
    with pytest.raises(ValidationError) as caught:
        channel(fields={"subscription": []}, events=[{"id": 1}], nam="x")
    places = {error["loc"]: error["type"] for error in caught.value.errors()}
    assert places["communication",] == "rule"
    assert places["nam",] == "unknown_key"
    assert places["events", 0, "event_type"] == "missing"


@pytest.mark.parametrize("exit_name", ["success", "error"])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_exits_stay_within_their_pipeline(tmp_path: Path, pipeline: str, exit_name: str) -> None:
    pipes = {
        "message": [{"id": 5, "type": "log"}],
        pipeline: [{"id": 1, "type": "log", "outs": {exit_name: 5}}],
    }
    path = tmp_path / "channel.json"
    path.write_text(json.dumps({**MINIMAL, "pipelines": pipes}))
    with pytest.raises(FileFaults) as caught:
        load_channel_file(path)
    assert "the exit leads to pipe 5, which is not here" in [fault.message for fault in caught.value.faults]


def test_a_pipe_may_lead_to_itself_and_to_any_other() -> None:
    pipes = [
        {"id": 2, "type": "log", "outs": {"success": 2, "error": 1}},
        {"id": 1, "type": "log", "outs": {"success": 2}},
    ]
    made = channel(pipelines={"message": pipes})
    assert made.pipelines is not None
    assert [pipe.id for pipe in made.pipelines.message] == [2, 1]


@pytest.mark.parametrize("root", [None, 5, "x", [], [1]])
def test_a_root_that_is_no_object_is_one_fault(tmp_path: Path, root: Any) -> None:
    path = tmp_path / "channel.json"
    path.write_text(json.dumps(root))
    with pytest.raises(FileFaults) as caught:
        load_channel_file(path)
    assert [fault.code for fault in caught.value.faults] == ["C203"]


@pytest.mark.parametrize("junk", [None, 5, "x", [], [5], {}, {"a": [None]}, True])
@pytest.mark.parametrize("key", ["fields", "events", "entities", "pipelines", "listener"])
def test_junk_anywhere_is_a_fault_or_fine_and_never_a_crash(tmp_path: Path, key: str, junk: Any) -> None:
    path = tmp_path / "channel.json"
    for value in (junk, [junk], {"message": junk, "subscription": junk}, [[junk]]):
        path.write_text(json.dumps({**MINIMAL, key: value}))
        try:
            load_channel_file(path)
        except FileFaults as faults:
            assert all(fault.frame().startswith(str(path)) for fault in faults.faults)


def described(schema: dict[str, Any]) -> list[str]:
    """Names of properties without a description, in a schema and all its definitions."""
    parts = [schema, *schema["$defs"].values()]
    return [
        f"{part['title']}.{name}"
        for part in parts
        for name, value in part.get("properties", {}).items()
        if "description" not in value and name != "type"
    ]


@pytest.mark.parametrize("model", [Channel, Mailing])
def test_json_schema_describes_every_key(model: type[Channel] | type[Mailing]) -> None:
    schema = model.model_json_schema()
    assert described(schema) == []
    assert schema["additionalProperties"] is False


def test_json_schema_allows_a_row_without_brackets() -> None:
    row = Channel.model_json_schema()["$defs"]["Fields"]["properties"]["template"]["items"]
    assert {each.get("type", "one of the elements") for each in row["anyOf"]} == {
        "array",
        "one of the elements",
    }
