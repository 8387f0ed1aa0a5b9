"""What lint says of what enters pipelines agrees with what does."""

from typing import Any

import pytest

from akrun.errors import PipeFailure
from akrun.lint.scope import ERROR, layout_type, origin_of
from akrun.model.channel import Channel
from akrun.model.elements import (
    BoolField,
    ColorField,
    DataField,
    EntityField,
    EnumField,
    FileField,
    HtmlField,
    IntField,
    JsonField,
    StringField,
    TextField,
)
from akrun.model.values import Form
from akrun.server.request import Received
from aktmpl.schema import INT, NULL, STRING, Type, object_of
from tests.akrun.lint.values import fits

ENTITY = {
    "name": "Segment",
    "shortname": "segment",
    "fields": [{"type": "int", "name": "id"}, {"type": "string", "name": "about.title"}],
    "primary": "id",
    "preview": "about.title",
}


def channel(*sender: dict[str, Any], communication: str = "direct") -> Channel:
    needed = {"direct": "subscription", "indirect": "resource"}[communication]
    return Channel.model_validate(
        {
            "name": "C", "id": 1, "string_id": "c", "communication": communication, "entities": [ENTITY],
            "fields": {needed: [{"type": "string", "name": "to"}], "sender": list(sender)}, "pipelines": {},
        }
    )  # fmt: skip


VALUES: dict[type[DataField], tuple[dict[str, Any], Any, Any]] = {
    IntField: ({"type": "int"}, 5, "5"),
    StringField: ({"type": "string"}, "a", 5),
    TextField: ({"type": "text"}, "a\nb", 5),
    HtmlField: ({"type": "html"}, "<p>", None),
    BoolField: ({"type": "bool"}, True, 1),
    JsonField: ({"type": "json"}, [1, {"a": None}], b"a"),
    ColorField: ({"type": "color"}, "#112233", 5),
    EnumField: ({"type": "enum", "options": ["a", 2, {"value": "c"}]}, "c", "b"),
    FileField: ({"type": "file"}, {"name": "a", "media_type": "image/png", "content": ""}, {"name": "a"}),
    EntityField: ({"type": "entity", "entity": "segment"}, {"id": 7, "about": {"title": "x"}}, {"id": "7"}),
}


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_right_values_of_a_field_are_of_its_type_and_wrong_ones_are_not(kind: type[DataField]) -> None:
    about, right, wrong = VALUES[kind]
    made = channel({**about, "name": "deep.value", "required": True})
    of = layout_type(made.fields.sender, made)
    filled, faults = Form("sender", made.fields.sender, made).fill({"deep": {"value": right}})
    assert not faults
    assert fits(filled, of)
    if kind is not JsonField:
        assert not fits({"deep": {"value": wrong}}, of)


def test_every_kind_of_field_has_a_type() -> None:
    assert set(VALUES) == {kind for kind in DataField.__subclasses__() if not kind.__subclasses__()} | {
        below for kind in DataField.__subclasses__() for below in kind.__subclasses__()
    }


@pytest.mark.parametrize("given", [{}, {"a": None}, {"a": "x"}, {"a": None, "c": "x"}])
def test_fields_that_are_not_required_may_be_missing_or_null_and_defaults_are_there(
    given: dict[str, Any],
) -> None:
    made = channel(
        {"type": "string", "name": "a"},
        {"type": "int", "name": "b", "default": 3},
        {"type": "string", "name": "c"},
        {"type": "string", "name": "deep.d"},
    )
    of = layout_type(made.fields.sender, made)
    filled, faults = Form("sender", made.fields.sender, made).fill(given)
    assert not faults
    assert fits(filled, of)
    assert [(name, field.optional) for name, field in of.fields.items()] == [
        ("a", True), ("b", False), ("c", True), ("deep", True),
    ]  # fmt: skip
    assert (of.fields["a"].type, of.fields["b"].type) == (STRING | NULL, INT)


def test_a_callback_is_of_the_type_of_the_listener() -> None:
    of = origin_of(channel(), "listener")
    for body, headers, remote in [
        (b"\xff", {}, None),
        (b"a=1&a=2&b=", {"content-type": "application/x-www-form-urlencoded"}, "127.0.0.1"),
    ]:
        received = Received("POST", "/listen/c/x", "q=1&q=2", headers, body, remote)
        assert fits(received.origin("x-secret"), of)


@pytest.mark.parametrize(
    ("kind", "communication", "keys"),
    [
        ("message", "direct", {"profile_id"}),
        ("message", "indirect", set()),
        ("moderate", "indirect", set()),
        ("stop", "indirect", {"reason"}),
    ],
)
def test_a_message_knows_where_it_comes_from(kind: str, communication: str, keys: set[str]) -> None:
    of: Type = origin_of(channel(communication=communication), kind)
    assert of.fields.keys() == {"send_message_id", "launch_id", "a_id", "c_id"} | keys
    assert not of.open


def test_the_error_is_that_of_failures() -> None:
    for failure in (
        PipeFailure("E301", "m", kind="template"),
        PipeFailure(500, "m", kind="status", status=500),
    ):
        assert fits(failure.to_scope(3), ERROR)
    assert not fits({**PipeFailure("a", "m", kind="k").to_scope(1), "more": 1}, ERROR)
    assert not fits({}, object_of({"code": INT}))
