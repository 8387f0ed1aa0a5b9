"""Values checked against fields: every rule of every type, masking, defaults."""

from typing import Any

import pytest

from akrun.model import Channel, Fields, Form


def form(*fields: dict[str, Any], **channel: Any) -> Form:
    made = Channel.model_validate(
        {
            "name": "C",
            "id": 1,
            "string_id": "c",
            "communication": "direct",
            "module": "m",
            "fields": {"sender": list(fields), "subscription": [{"type": "string", "name": "phone"}]},
            **channel,
        }
    )
    return Form("sender", made.fields.sender, made)


FILE = {"name": "a.png", "media_type": "image/png", "size": 10, "url": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            {"type": "int", "min": 1, "max": 9},
            [1, 9],
            {0: "min", 10: "max", "5": "type", 5.0: "type", True: "type"},
        ),
        (
            {"type": "string", "min_length": 2, "max_length": 3},
            ["ab", "абв"],
            {"a": "min_length", "abcd": "max_length", 5: "type"},
        ),
        ({"type": "string", "pattern": "a+"}, ["a", "aaa"], {"ab": "pattern", "ba": "pattern"}),
        ({"type": "string"}, ["x"], {"a\nb": "line", "a\rb": "line"}),
        ({"type": "text"}, ["a\nb"], {1: "type"}),
        ({"type": "html"}, ["<b>x</b>"], {None.__class__: "type"}),
        ({"type": "bool"}, [True, False], {"true": "type", 1: "type"}),
        ({"type": "color"}, ["#00ffAA"], {"red": "color", "#fff": "color", "#00ffAA ": "color", 5: "type"}),
        (
            {"type": "enum", "options": ["a", 1, {"value": "b", "label": "B"}]},
            ["a", 1, "b"],
            {"c": "options", "1": "options", True: "options"},
        ),
    ],
)
def test_rules_of_each_type(field: dict[str, Any], good: list[Any], bad: dict[Any, str]) -> None:
    checked = form({"name": "x", **field})
    for value in good:
        assert checked.fill({"x": value}) == ({"x": value}, ())
    for value, rule in bad.items():
        assert [fault.rule for fault in checked.fill({"x": value})[1]] == [rule]


@pytest.mark.parametrize("value", [0, "", "x", [1, {"a": None}], {"k": 1.5}, False])
def test_json_field_takes_any_value(value: Any) -> None:
    assert form({"type": "json", "name": "x"}).fill({"x": value}) == ({"x": value}, ())


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"size": 101}, ["max_size"]),
        ({"size": -1}, ["type"]),
        ({"size": True}, ["type"]),
        ({"media_type": "text/plain"}, ["media_types"]),
        ({"media_type": 5}, ["type"]),
        ({"content": "AA=="}, ["source"]),
        ({"nam": "x"}, ["unknown"]),
        ({"name": None}, ["type"]),
    ],
)
def test_rules_of_a_file(changes: dict[str, Any], rules: list[str]) -> None:
    checked = form({"type": "file", "name": "x", "max_size": 100, "media_types": ["image/*", "text/css"]})
    assert [fault.rule for fault in checked.fill({"x": {**FILE, **changes}})[1]] == rules


def test_file_needs_name_type_and_source() -> None:
    faults = form({"type": "file", "name": "x"}).fill({"x": {}})[1]
    assert [fault.rule for fault in faults] == ["required", "required", "source"]
    (fault,) = form({"type": "file", "name": "x"}).fill({"x": "a.png"})[1]
    assert fault.message == "`sender.x` must be an object, not text"


def test_defaults_fill_what_is_missing_or_null() -> None:
    checked = form(
        {"type": "int", "name": "a", "default": 5}, {"type": "string", "name": "b.c", "default": "x"}
    )
    given: dict[str, Any] = {"a": None}
    filled, faults = checked.fill(given)
    assert filled == {"a": 5, "b": {"c": "x"}}
    assert faults == ()
    assert given == {"a": None}
    assert checked.fill({"b": None})[0] == {"a": 5, "b": {"c": "x"}}
    assert checked.fill({"b": {"c": "y"}})[0] == {"a": 5, "b": {"c": "y"}}


@pytest.mark.parametrize("given", [{}, {"x": None}, {"x": ""}])
def test_required_value_must_be_there(given: dict[str, Any]) -> None:
    checked = form({"type": "string", "name": "x", "required": True, "label": "Key"})
    (fault,) = checked.fill(given)[1]
    assert (fault.path, fault.rule, fault.at) == ("sender.x", "required", ("x",))
    assert checked.missing(given) == "sender.x"


def test_nested_names_meet_what_is_no_object() -> None:
    checked = form({"type": "string", "name": "a.b.c"})
    (fault,) = checked.fill({"a": {"b": "text"}})[1]
    assert (fault.message, fault.at) == ("`sender.a.b` must be an object", ("a", "b"))


def test_all_faults_come_at_once() -> None:
    checked = form(
        {"type": "int", "name": "port", "max": 9}, {"type": "string", "name": "key", "required": True}
    )
    faults = checked.fill({"prt": 1, "port": 10, "extra": {"x": 1}})[1]
    assert [(fault.path, fault.rule) for fault in faults] == [
        ("sender.prt", "unknown"),
        ("sender.extra", "unknown"),
        ("sender.port", "max"),
        ("sender.key", "required"),
    ]
    assert faults[0].hint == "did you mean `port`?"
    assert faults[2].value == "10"


def test_secret_values_are_masked() -> None:
    checked = form({"type": "enum", "name": "x", "secret": True, "options": ["abcdef"]})
    (fault,) = checked.fill({"x": "abcdeg"})[1]
    assert fault.value == "***"
    assert fault.hint is None
    assert "abcdeg" not in fault.message
    assert list(checked.secrets({"x": "abcdeg"})) == [("x",)]
    assert list(checked.secrets({})) == []


def test_long_values_are_cut() -> None:
    (fault,) = form({"type": "string", "name": "x", "max_length": 5}).fill({"x": "y" * 1000})[1]
    assert len(fault.value) == 82


ENTITY = {
    "name": "E",
    "shortname": "e",
    "primary": "id",
    "preview": "id",
    "fields": [{"type": "int", "name": "id"}, {"type": "string", "name": "title", "required": True}],
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"id": 5}, []),
        ({"id": 5, "title": "x"}, []),
        ({"title": "x"}, [("required", ("x", "id"))]),
        ({"id": "5"}, [("type", ("x", "id"))]),
        ({"id": 5, "titel": "x"}, [("unknown", ("x", "titel"))]),
        (5, [("type", ("x",))]),
    ],
)
def test_entity_values_have_the_entity_structure(value: Any, found: list[Any]) -> None:
    checked = form({"type": "entity", "name": "x", "entity": "e"}, entities=[ENTITY])
    assert [(fault.rule, fault.at) for fault in checked.fill({"x": value})[1]] == found


CONTENT = {"name": "a.txt", "media_type": "text/plain", "content": "aGVsbG8="}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"size": 5}, []),
        ({"size": 6}, ["size"]),
        ({"content": "aGVsbG8"}, ["content"]),
        ({"content": "привет"}, ["content"]),
        ({"content": "aGVsbG8gd29ybGQ="}, ["max_size"]),
        ({"media_type": "TEXT/plain; charset=utf-8"}, []),
        ({"media_type": "text"}, ["media_types"]),
        ({"media_type": "text/*"}, ["media_types"]),
    ],
)
def test_rules_of_a_file_with_content(changes: dict[str, Any], rules: list[str]) -> None:
    checked = form({"type": "file", "name": "x", "max_size": 10})
    assert [fault.rule for fault in checked.fill({"x": {**CONTENT, **changes}})[1]] == rules


def test_a_file_with_content_gets_its_size() -> None:
    field = {"type": "file", "name": "x"}
    assert form(field).fill({"x": CONTENT})[0] == {"x": {**CONTENT, "size": 5}}
    assert form({**field, "default": CONTENT}).fill({})[0] == {"x": {**CONTENT, "size": 5}}
    assert "size" not in CONTENT


@pytest.mark.parametrize("url", ["ftp://example.com/a", "example.com", "http:///a", "https://a b"])
def test_a_file_has_a_web_address(url: str) -> None:
    (fault,) = form({"type": "file", "name": "x"}).fill({"x": {**FILE, "url": url}})[1]
    assert (fault.path, fault.rule, fault.at) == ("sender.x", "url", ("x", "url"))


def test_a_limited_file_at_an_address_needs_its_size() -> None:
    file = {key: value for key, value in FILE.items() if key != "size"}
    assert form({"type": "file", "name": "x"}).fill({"x": file})[1] == ()
    (fault,) = form({"type": "file", "name": "x", "max_size": 9}).fill({"x": file})[1]
    assert "needs the key `size`" in fault.message


@pytest.mark.parametrize("value", [b"bytes", {"a": b"x"}, [float("inf")], {1: 2}])
def test_json_field_takes_json_only(value: Any) -> None:
    (fault,) = form({"type": "json", "name": "x"}).fill({"x": value})[1]
    assert fault.rule == "type"


def test_the_length_of_a_secret_is_not_told() -> None:
    (fault,) = form({"type": "string", "name": "x", "secret": True, "min_length": 9}).fill({"x": "abcd"})[1]
    assert fault.message == "`sender.x` must have at least 9 characters: ***"


def test_all_of_a_secret_entity_is_secret() -> None:
    checked = form({"type": "entity", "name": "x", "entity": "e", "secret": True}, entities=[ENTITY])
    (fault,) = checked.fill({"x": {"id": 5, "title": "line\nHIDDEN"}})[1]
    assert "HIDDEN" not in fault.message + fault.value


def test_an_entity_inside_an_entity_is_looked_into() -> None:
    outer = {
        **ENTITY, "shortname": "o",
        "fields": [{"type": "int", "name": "id"}, {"type": "entity", "name": "inner", "entity": "e"}],
    }  # fmt: skip
    checked = form({"type": "entity", "name": "x", "entity": "o"}, entities=[ENTITY, outer])
    assert checked.fill({"x": {"id": 1, "inner": {"id": 2}}})[1] == ()
    (fault,) = checked.fill({"x": {"id": 1, "inner": {"id": "2"}}})[1]
    assert (fault.path, fault.at) == ("sender.x.inner.id", ("x", "inner", "id"))


def test_a_default_entity_has_the_entity_structure_as_well() -> None:
    checked = form({"type": "entity", "name": "x", "entity": "e", "default": {"id": "5"}}, entities=[ENTITY])
    assert [fault.path for fault in checked.fill({})[1]] == ["sender.x.id"]


def test_a_partial_form_may_leave_required_fields_out() -> None:
    row = [{"type": "string", "name": "a", "required": True}, {"type": "int", "name": "b", "default": 1}]
    partial = Form("sender", Fields.model_validate({"sender": row}).sender, partial=True)
    assert partial.fill({}) == ({"b": 1}, ())
    assert [fault.rule for fault in partial.fill({"a": 5})[1]] == ["type"]
