"""Values pinned in `$in`."""

from pathlib import Path
from typing import Any

import pytest

from akrun.errors import AkrunError
from akrun.rerun.pins import Pin, parse_pin, pinned


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("status=ok", Pin(("status",), "ok")),
        ("data.status=a=b", Pin(("data", "status"), "a=b")),
        ("in.data.id=7", Pin(("data", "id"), "7")),
        ("data.id:=7", Pin(("data", "id"), 7)),
        ("items:=[1, null]", Pin(("items",), [1, None])),
        ("items.0.id=", Pin(("items", "0", "id"), "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_forms(text: str, pin: Pin) -> None:
    assert parse_pin(text) == pin


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "in.json"
    file.write_text('{"a": "ü"}', encoding="utf-8")
    assert parse_pin(str(file)) == Pin((), {"a": "ü"})
    assert parse_pin(f"body=@{file}") == Pin(("body",), '{"a": "ü"}')
    assert parse_pin(f"data:=@{file}") == Pin(("data",), {"a": "ü"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a..b=1", "'a..b' is no path in $in"),
        ("=1", "'' is no path in $in"),
        ("a:={", "the value of a is no JSON: "),
        ("nowhere.json", "nowhere.json: No such file or directory"),
        ("a=@nowhere.txt", "nowhere.txt: No such file or directory"),
    ],
)
def test_what_is_no_pin_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="^" + why.replace("$", r"\$")):
        parse_pin(text)


@pytest.mark.parametrize(("content", "why"), [(b"[1]", "holds no object"), (b"\xff", "is not UTF-8")])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "in.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        parse_pin(str(file))


def test_they_are_set_in_a_copy_the_later_over_the_earlier() -> None:
    data: dict[str, Any] = {"data": {"id": 1, "items": [{"n": 1}, {"n": 2}]}, "body": b"x"}
    pins = [
        Pin(("data", "items", "1", "n"), 3),
        Pin(("data", "items", "0"), None),
        Pin(("new", "deep"), "v"),
        Pin(("data", "id"), 2),
        Pin(("data", "id"), 4),
    ]
    after = {"data": {"id": 4, "items": [None, {"n": 3}]}, "body": b"x", "new": {"deep": "v"}}
    assert pinned(data, pins) == after
    assert data == {"data": {"id": 1, "items": [{"n": 1}, {"n": 2}]}, "body": b"x"}


def test_all_of_it_at_once() -> None:
    assert pinned({"a": 1}, [Pin(("b",), 1), Pin((), {"c": 1}), Pin(("d",), 1)]) == {"c": 1, "d": 1}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("items.2", "--pin items.2: `2` is no place of a list of 2 elements, from 0"),
        ("items.x.y", "--pin items.x.y: `x` is no place of a list of 2 elements, from 0"),
        ("text.a", "--pin text.a: there is no object or list that `a` could be in"),
        ("text.a.b", "--pin text.a.b: there is no object or list that `a` could be in"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(path: str, why: str) -> None:
    with pytest.raises(AkrunError) as raised:
        pinned({"items": [1, 2], "text": "t"}, [Pin(tuple(path.split(".")), 1)])
    assert str(raised.value) == why
