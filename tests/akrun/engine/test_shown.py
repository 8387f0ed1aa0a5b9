"""Values as they may be shown."""

from typing import Any

import pytest

from akrun.engine.secrets import Masker
from akrun.engine.shown import Shower, describe, shown
from akrun.net.message import Request, Response

MASKER = Masker({"sender.key": "hunter2hunter2"})


def test_secrets_are_masked_in_values_keys_and_bytes() -> None:
    value = {"a hunter2hunter2": ["x", b"key=hunter2hunter2", ("hunter2hunter2",)], "n": 1, "no": None}
    assert shown(value, MASKER) == {"a ***": ["x", "key=***", ["***"]], "n": 1, "no": None}


def test_bytes_that_are_no_text_are_counted() -> None:
    assert shown(b"\xff\xfe\x00", MASKER) == "<3 bytes>"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ({"Set-Cookie": "a=b"}, {"Set-Cookie": "***"}),
        ({"headers": {"authorization": "Bearer abc"}}, {"headers": {"authorization": "Bearer ***"}}),
        ({"proxy-authorization": "abc def"}, {"proxy-authorization": "abc ***"}),
        ({"cookie": {"name": "a"}}, {"cookie": {"name": "a"}}),
    ],
    ids=["an answer's header", "headers within $in", "a scheme stays", "no header"],
)
def test_credentials_are_masked_whatever_the_masker_knows(value: Any, seen: Any) -> None:
    assert shown(value, Masker()) == seen


def test_requests_and_responses_have_what_a_person_wants_to_see() -> None:
    request = Request("POST", "https://a.example/?key=hunter2hunter2", {"X-Key": "hunter2hunter2"}, b"\xff")
    assert describe(request, MASKER) == {
        "method": "POST",
        "url": "https://a.example/?key=***",
        "headers": {"X-Key": "***"},
        "body": "<1 bytes>",
    }
    assert describe(Request("GET", "https://a.example/"), MASKER)["body"] is None
    response = Response(200, {"set-cookie": "a=b"}, b"hunter2hunter2", 0.5)
    assert Shower(MASKER).response(response) == {
        "status": 200,
        "headers": {"set-cookie": "***"},
        "body": "***",
        "elapsed": 0.5,
    }


def test_what_has_no_room_is_counted() -> None:
    shower = Shower(Masker(), longest=4, room=10)
    assert shower.value(["12345678", "12", "x", "y"]) == ["1234… (8 characters)", "12", "… 2 more"]
    assert shower.value({"a": 1, "b": 2}) == {"…": "2 more"}
    assert shower.text("abc") == "… (3 characters)"
