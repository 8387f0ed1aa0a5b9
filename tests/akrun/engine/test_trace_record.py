"""Traces as they are stored: bounded, masked, and the same when they are read again."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.backend.records import EventRecord, NewJob
from akrun.engine.run import Result
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.engine.trace_record import (
    LONGEST,
    MOST_BRANCHES,
    MOST_STEPS,
    ROOM,
    decode_trace,
    encode_trace,
    trace_to_dict,
)
from akrun.net.message import Request, Response

SECRET = "planted-secret-77"

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
DATA = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


def ended(state: str = "done", error: dict[str, Any] | None = None) -> Result:
    event = EventRecord("m1", 7, "send", 1, "", 0.0)
    job = NewJob("j1", "test", "schedule", 9, b"", 60.0)
    assert state in ("done", "failed")
    return Result(state, 1, error, {}, [event], 1, [job])  # type: ignore[arg-type]  # checked just above


def traced(*changes: dict[str, Any], masker: Masker | None = None) -> Trace:
    """A trace of pipes that each set these keys; `None` under a key takes it away."""
    trace = Trace(masker)
    data: dict[str, Any] = {}
    for number, change in enumerate(changes, 1):
        trace.enter(number, "set", None, data)
        data.update(change)
        trace.leave("success", number + 1, data, 0.0)
    return trace


@given(st.lists(DATA, min_size=1, max_size=4))
def test_a_small_trace_is_read_as_it_was_shown(changes: list[dict[str, Any]]) -> None:
    trace = traced(*changes)
    assert decode_trace(encode_trace(trace, ended())) == json.loads(
        json.dumps(trace_to_dict(trace, ended()), default=repr)
    )


@given(st.lists(DATA, min_size=1, max_size=3))
def test_no_stored_trace_has_a_secret_in_it(changes: list[dict[str, Any]]) -> None:
    planted = [{**change, f"k{SECRET}": [SECRET, {"b": SECRET.encode() * 3}]} for change in changes]
    body = encode_trace(traced(*planted, masker=Masker({"s": SECRET})), ended())
    assert SECRET.encode() not in zlib.decompress(body)
    assert b"k***" in zlib.decompress(body)


def test_how_it_ended_stands_in_it() -> None:
    error = {"code": 500, "message": "no", "pipe": 1}
    shown = decode_trace(encode_trace(traced({"a": 1}), ended("failed", error)))
    assert (shown["state"], shown["pipe"], shown["error"]) == ("failed", 1, error)
    assert shown["events"] == [{"event_type": "send", "action_type": 1}]
    assert shown["handed_over"] == [{"pipe": 9, "due": 60.0}]
    assert "state" not in decode_trace(encode_trace(traced({"a": 1})))


def test_keys_that_were_taken_away_are_gone() -> None:
    trace, data = Trace(), {"a": 1, "b": 2}
    trace.enter(1, "set", None, data)
    del data["a"]
    trace.leave("success", 2, data, 0.0)
    trace.enter(2, "log", None, data)
    trace.leave("success", None, data, 0.0)
    first, second = decode_trace(encode_trace(trace))["steps"]
    assert (first["input"], first["output"]) == ({"a": 1, "b": 2}, {"b": 2})
    assert second["input"] == second["output"] == {"b": 2}


def test_long_texts_are_cut_after_they_were_masked() -> None:
    text = "x" * (LONGEST - 5) + SECRET + "y" * 9000
    [step] = decode_trace(encode_trace(traced({"t": text}, masker=Masker({"s": SECRET}))))["steps"]
    length = len(text) - len(SECRET) + 3
    assert step["output"]["t"] == "x" * (LONGEST - 5) + f"***yy… ({length:,} characters)"


def test_bodies_of_exchanges_are_cut_and_a_repeated_request_is_stored_once() -> None:
    trace = Trace()
    trace.enter(1, "http_request", None, {})
    request = Request("POST", "https://a.example/", {"x": "y"}, b"b" * 20_000)
    for status in (500, 200):
        trace.sending(request)
        trace.received(Response(status, {}, b"r" * 20_000, 0.1))
    trace.leave("success", None, {}, 0.2)
    body = encode_trace(trace)
    assert zlib.decompress(body).count(b'"request"') == 1
    first, second = decode_trace(body)["steps"][0]["exchanges"]
    assert first["request"] == second["request"]
    assert first["request"]["body"] == "b" * LONGEST + "… (20,000 characters)"
    assert [each["response"]["status"] for each in (first, second)] == [500, 200]
    assert second["response"]["body"].endswith("… (20,000 characters)")


def test_the_whole_is_bounded_however_much_there_is() -> None:
    huge = {f"k{number}": ["text" * 2000] * 500 for number in range(30)}
    body = zlib.decompress(encode_trace(traced(*[huge | {"n": number} for number in range(3)])))
    assert len(body) < 2 * ROOM
    assert b"more" in body


def test_of_many_steps_the_first_and_the_last_are_kept() -> None:
    shown = decode_trace(encode_trace(traced(*({"n": number} for number in range(1000)))))
    steps = shown["steps"]
    assert len(steps) == MOST_STEPS
    half = MOST_STEPS // 2
    assert [steps[index]["pipe"] for index in (0, half - 1, half, -1)] == [1, half, 1001 - half, 1000]
    assert steps[half]["omitted"] == 1000 - MOST_STEPS
    assert steps[half]["input"] == {"n": 999 - half}
    assert steps[-1]["output"] == {"n": 999}


def test_of_many_branches_the_first_are_kept_and_the_others_counted() -> None:
    trace = traced({"a": 1})
    trace.steps[0].branches = [traced({"b": number}).steps for number in range(MOST_BRANCHES + 7)]
    [step] = decode_trace(encode_trace(trace))["steps"]
    assert len(step["branches"]) == MOST_BRANCHES
    assert step["branches_omitted"] == 7
    assert step["branches"][-1][0]["output"] == {"b": MOST_BRANCHES - 1}


@pytest.mark.parametrize(
    "body", [b"", b"nothing", zlib.compress(b"[]"), zlib.compress(b"{}"), zlib.compress(b"{")]
)
def test_what_is_no_stored_trace_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_trace(body)
