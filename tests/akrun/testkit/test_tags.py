"""Tags in YAML: read as objects of one key, in every place, and located."""

from typing import Any

import pytest

from akrun.model.located import parse_located
from akrun.testkit.matchers import TAGS


def read(text: str) -> Any:
    document, faults = parse_located(text, "x.yaml", is_json=False, tags=TAGS)
    assert not faults
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !regex ^x", {"a": {"!regex": "^x"}}),
        ("a: !any", {"a": {"!any": None}}),
        ("a: !not 5\nb: !not '5'", {"a": {"!not": 5}, "b": {"!not": "5"}}),
        ("a: !number {min: 1}", {"a": {"!number": {"min": 1}}}),
        ("a: !one_of [1, !text]", {"a": {"!one_of": [1, {"!text": None}]}}),
        ("a: !exact\n  b: 1\n", {"a": {"!exact": {"b": 1}}}),
        ("{a: !any, b: !any}", {"a": {"!any": None}, "b": {"!any": None}}),
        ("[!any,!any , !text]", [{"!any": None}, {"!any": None}, {"!text": None}]),
        ("a: &x !regex y\nb: *x", {"a": {"!regex": "y"}, "b": {"!regex": "y"}}),
        ("a: !regex &x y\nb: *x", {"a": {"!regex": "y"}, "b": {"!regex": "y"}}),
        ("a: !!str 5", {"a": "5"}),
        ("a: '!any'", {"a": "!any"}),
    ],
)
def test_tags_are_read(text: str, value: Any) -> None:
    assert read(text) == value


def test_a_tag_that_there_is_not() -> None:
    _, (fault,) = parse_located("[!regx, a]", "x.yaml", is_json=False, tags=TAGS)
    assert (fault.message, fault.hint) == ("a YAML tag", "did you mean `!regex`?")


def test_the_argument_has_its_place() -> None:
    document, _ = parse_located("a: !one_of [1, 22]", "x.yaml", is_json=False, tags=TAGS)
    span = document.span("/a/!one_of/1")
    assert document.source.text[span.start : span.end] == "22"


def test_without_tags_they_are_faults() -> None:
    _, faults = parse_located("{a: !any, b: 1}", "x.yaml", is_json=False)
    assert [fault.code for fault in faults] == ["C109"]
