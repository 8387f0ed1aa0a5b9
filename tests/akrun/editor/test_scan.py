"""The place of an offset, in JSON and YAML that is whole, half typed or broken."""

import pytest

from akrun.editor.scan import scan_json
from akrun.editor.scan_yaml import scan_yaml
from tests.akrun.editor.channels import CHANNEL, MARK, known

MESSAGE = ("pipelines", "message")


@pytest.mark.parametrize(
    ("text", "path", "role", "before"),
    [
        ("¦", (), "value", ""),
        ("{¦", (), "key", ""),
        ('{"a¦', (), "key", "a"),
        ('{"a¦b": 1}', (), "key", "a"),
        ('{"a": ¦', ("a",), "value", ""),
        ('{"a": "x¦', ("a",), "value", "x"),
        ('{"a": "x\\"y¦', ("a",), "value", 'x"y'),
        ('{"a": "x\\u0041¦', ("a",), "value", "xA"),
        ('{"a": "x\\¦', ("a",), "value", "x"),
        ('{"a": "x"¦, "b": 2}', (), "key", ""),
        ('{"a": tr¦', ("a",), "value", "tr"),
        ('{"a": [1, 2, ¦]', ("a", 2), "value", ""),
        ('{"a": [1 "x¦"]', ("a", 1), "value", "x"),
        ('{"a": {"b": 1} "c¦"', (), "key", "c"),
        ('{"a": {"b": 1}, ¦}', (), "key", ""),
        ('{"a": [{"b": 1}, {¦', ("a", 1), "key", ""),
        ('{"a": "open\n "b": ¦', ("b",), "value", ""),
        ('{"x": {"a": [}, "b": ¦', ("b",), "value", ""),
        (']]} {"a": ¦', ("a",), "value", ""),
    ],
)
def test_json(text: str, path: tuple[str | int, ...], role: str, before: str) -> None:
    place = scan_json(text.replace(MARK, ""), text.index(MARK))
    assert (place.path, place.role, place.before) == (path, role, before)


@pytest.mark.parametrize(
    ("text", "path", "role", "before"),
    [
        ("¦", (), "key", ""),
        ("a¦", (), "key", "a"),
        ("a: ¦", ("a",), "value", ""),
        ("a: x¦", ("a",), "value", "x"),
        ("a: 'it''s¦", ("a",), "value", "it's"),
        ('a: "x\\"y¦', ("a",), "value", 'x"y'),
        ("a:\n  ¦", ("a",), "key", ""),
        ("a:\n  b: 1\n  ¦", ("a",), "key", ""),
        ("a:\n  b: 1\n¦", (), "key", ""),
        ("a:\n- b: 1\n- c¦", ("a", 1), "value", "c"),
        ("a:\n- b: 1\n  c¦", ("a", 0), "key", "c"),
        ("a:\n  - - x\n    - y¦", ("a", 0, 1), "value", "y"),
        ("a:\n  -\n    b: ¦", ("a", 0, "b"), "value", ""),
        ("a: {b: 1, c: x¦", ("a", "c"), "value", "x"),
        ("a: {b: 1, ¦", ("a",), "key", ""),
        ("a: {b: [1, http://x¦", ("a", "b", 1), "value", "http://x"),
        ("a: {\n  b: 'x¦", ("a", "b"), "value", "x"),
        ("a: |\n  one\n  two $x¦\n", ("a",), "value", "one\ntwo $x"),
        ("a: >-\n  b: c¦\n", ("a",), "value", "b: c"),
        ("# a\na:\n\n  # b\n  b: x¦", ("a", "b"), "value", "x"),
        ('"a b": x¦', ("a b",), "value", "x"),
        ("a: x\r\nb: y¦\r\n", ("b",), "value", "y"),
    ],
)
def test_yaml(text: str, path: tuple[str | int, ...], role: str, before: str) -> None:
    place = scan_yaml(text.replace(MARK, ""), text.index(MARK))
    assert (place.path, place.role, place.before) == (path, role, before)


def test_members_before_and_after_the_offset_are_known() -> None:
    text = '{"pipelines": {"message": [{"id": 1, "params": {"x¦"}, "type": "log"}, {"type": "pack"}]}}'
    place = scan_json(text.replace(MARK, ""), text.index(MARK))
    assert place.member(3, "id") == 1
    assert place.member(3, "type") == "log"
    yaml = "pipelines:\n  message:\n  - id: 1\n    params:\n      x: {y¦}\n    type: log\n  - type: pack\n"
    place = scan_yaml(yaml.replace(MARK, ""), yaml.index(MARK))
    assert (place.member(3, "id"), place.member(3, "type")) == (1, "log")


def test_reading_from_a_part_that_is_known_gives_the_same() -> None:
    snapshot = known().snapshot
    assert snapshot is not None
    for offset in range(len(CHANNEL)):
        whole = scan_json(CHANNEL, offset)
        part = scan_json(CHANNEL, offset, *snapshot.before(offset))
        assert (part.path, part.role, part.before, part.span) == (
            whole.path, whole.role, whole.before, whole.span,
        )  # fmt: skip
