"""The form in which events are kept: whatever templates can hold comes back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.payload import decode_payload, encode_input, encode_payload
from akrun.engine.secrets import Masker

keys = st.sampled_from(["a", "$bytes", "$object", ""]) | st.text(max_size=3)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=5)
    | st.binary(max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(values)
def test_a_value_comes_back_with_its_types(value: Any) -> None:
    back = decode_payload(encode_payload(value))
    assert back == value
    assert repr(back) == repr(value)  # 1, 1.0 and true are equal


@given(st.dictionaries(st.text(max_size=3), values, max_size=3))
def test_the_input_of_a_dead_letter_is_in_the_same_form(data: dict[str, Any]) -> None:
    assert repr(decode_payload(encode_input(data, Masker()))) == repr(data)


def test_bytes_are_marked_and_an_object_that_looks_like_a_mark_is_told_apart() -> None:
    assert encode_payload({"body": b"\x00"}) == b'{"body":{"$bytes":"AA=="}}'
    for lookalike in ({"$bytes": "AA=="}, {"$object": {"a": 1}}, {"$object": {"$bytes": b"x"}}):
        assert decode_payload(encode_payload({"a": [lookalike]})) == {"a": [lookalike]}
    assert encode_payload({"$bytes": "AA==", "b": 1}) == b'{"$bytes":"AA==","b":1}'


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {1}}, {1: 2}, object()])
def test_what_is_no_template_value_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot be kept|not JSON compliant"):
        encode_payload(value)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b'{"$bytes":"*"}'])
def test_what_is_no_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the errors of json, base64 and UTF-8 are all of this kind
        decode_payload(payload)


def test_the_input_of_a_dead_letter_is_masked_and_never_refused() -> None:
    data = {"key": "hunter22", "body": b"k=hunter22", "odd": {1}, "much": float("inf")}
    kept = encode_input(data, Masker(["hunter22"]))
    assert b"hunter22" not in kept
    assert decode_payload(kept) == {"key": "***", "body": b"k=***", "odd": "{1}", "much": float("inf")}
    assert json.loads(kept)["odd"] == "{1}"
