"""Schemas: the notation, samples, JSON Schema."""

from typing import Any

import pytest

from aktmpl import Schema
from aktmpl.schema import ANY, Field, object_of, one_of, read_type, type_of


@pytest.mark.parametrize(
    ("notation", "shown"),
    [
        ("any", "any"),
        ("string", "string"),
        ("null | string", "null | string"),
        ("number", "number"),
        (["int"], "list of int"),
        ([], "list"),
        ([("int", "null")], "list of (null | int)"),
        ({"a": "int", "b?": "any"}, "object {a, b?}"),
        ({"a": "int", "...": "any"}, "object {a, ...}"),
        ({}, "object"),
        (one_of(["a", 2]), "'a' | 2"),
    ],
)
def test_notation(notation: Any, shown: str) -> None:
    assert str(read_type(notation)) == shown


@pytest.mark.parametrize("notation", ["strin", 5, ["int", "null"], None, {"a": "?"}])
def test_what_is_no_type(notation: Any) -> None:
    with pytest.raises(ValueError, match=r"is no type"):
        read_type(notation)


def test_a_misspelt_type_is_recognised() -> None:
    with pytest.raises(ValueError, match=r"did you mean `string`\?"):
        Schema({"in": {"a": "strng"}})


def test_roots() -> None:
    schema = Schema({"in": {"a": "int"}})
    assert str(schema.root("in")) == "object {a}"
    assert schema.root("other").is_unknown
    assert repr(schema) == "<Schema in: object {a}>"
    other = schema.updated(Schema({"in": "string", "x": "int"}))
    assert (str(other.root("in")), str(other.root("x"))) == ("string", "int")


def test_samples_show_what_may_be_missing_or_null() -> None:
    schema = Schema.from_data(
        {"in": {"a": 1, "b": None, "list": []}}, {"in": {"a": "x", "list": [{"k": True}]}, "x": 1.5}
    )
    fields = schema.root("in").fields
    assert {name: (str(each.type), each.optional) for name, each in fields.items()} == {
        "a": ("int | string", False),
        "b": ("null", True),
        "list": ("list of object {k}", False),
    }
    assert schema.scope.fields["x"].optional
    assert Schema.from_data().scope.fields == {}


def test_a_value_deeper_than_any_document_is_unknown_at_the_bottom() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = [value]
    assert type_of(value).kinds == {"list"}


def test_json_schema() -> None:
    schema = Schema.from_json_schema(
        {
            "type": "object",
            "required": ["profile", "id"],
            "properties": {
                "profile": {
                    "properties": {
                        "name": {"type": ["string", "null"]},
                        "home": {"$ref": "#/$defs/address"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "state": {"enum": ["new", "old"]},
                        "kind": {"const": 5},
                        "size": {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
                        "odd": {"not": {}},
                        "pair": {"type": "array", "prefixItems": [{}, {}], "items": False},
                        "list": {"const": [1]},
                    },
                    "required": ["name", "more"],
                    "additionalProperties": False,
                },
            },
            "$defs": {
                "address": {"type": "object", "properties": {"near": {"$ref": "#/$defs/address"}}},
            },
        }
    )
    profile = schema.root("profile")
    assert {name: str(each.type) for name, each in profile.fields.items()} == {
        "name": "null | string",
        "home": "object {near?, ...}",
        "tags": "list of string",
        "state": "'new' | 'old'",
        "kind": "5",
        "size": "bool | number",
        "odd": "any",
        "pair": "list",
        "list": "list",
        "more": "any",
    }
    assert not profile.open
    assert profile.fields["home"].optional
    assert not profile.fields["name"].optional
    assert schema.scope.open


def test_a_json_schema_with_a_reference_to_elsewhere_is_unknown_there() -> None:
    schema = Schema.from_json_schema({"properties": {"a": {"$ref": "https://example.com/s.json"}}})
    assert schema.root("a") == ANY
    assert schema.scope == object_of({"a": Field(ANY, optional=True)}, is_open=True)
