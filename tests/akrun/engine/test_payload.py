"""The form in which events are kept: whatever templates can hold comes back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.payload import (
    SealError,
    decode_payload,
    encode_leniently,
    encode_payload,
    show_payload,
)
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


@given(values)
def test_the_lenient_form_is_the_same_for_template_values(value: Any) -> None:
    assert encode_leniently(value, Masker()) == encode_payload(value)


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


def test_the_lenient_form_refuses_nothing() -> None:
    kept = encode_leniently({"odd": {1}, "much": float("inf"), 3: None}, Masker())
    assert decode_payload(kept) == {"odd": "{1}", "much": float("inf"), "3": None}
    assert json.loads(kept)["odd"] == "{1}"


SECRETS = {"sender.key": "hunter22 & co", "sender.pin": "471147", "subscription.token": "Zürich/7+7"}
FORMS = {"hunter22+%26+co", "hunter22%20%26%20co", "Zürich/7+7", "Z\\u00fcrich/7+7", "Z%C3%BCrich%2F7%2B7"}


@st.composite
def with_secrets(draw: st.DrawFn) -> str:
    parts = st.text("ab£\ud800", max_size=3) | st.sampled_from(sorted(FORMS | set(SECRETS.values())))
    return "|".join(draw(st.lists(parts, max_size=4)))


secret_values = st.recursive(
    with_secrets()
    | with_secrets().map(lambda text: text.encode("utf-8", "replace"))
    | st.just(471147)
    | leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(with_secrets() | keys, inner, max_size=3),
    max_leaves=8,
)


@given(secret_values)
def test_secrets_are_kept_by_name_and_come_back(value: Any) -> None:
    masker = Masker(SECRETS)
    kept = encode_payload(value, masker)
    for secret in (*SECRETS.values(), *FORMS):
        assert secret.encode() not in kept
        assert json.dumps(secret)[1:-1].encode() not in kept
    back = decode_payload(kept, masker)
    assert repr(back) == repr(value)
    assert repr(show_payload(kept)) == repr(_as_shown(value, masker))


def _as_shown(value: Any, masker: Masker) -> Any:
    """What the masker shows, with numbers and keys as they are shown in payloads."""
    if isinstance(value, dict):
        return {masker.text(key): _as_shown(each, masker) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_shown(each, masker) for each in value]
    return masker.value(value)


def test_a_secret_that_has_changed_comes_back_as_it_is_now() -> None:
    kept = encode_payload({"body": b"key=hunter22&x", "n": 471147}, Masker({"k": "hunter22", "n": "471147"}))
    now = Masker({"k": "other-key", "n": "8000"})
    assert decode_payload(kept, now) == {"body": b"key=other-key&x", "n": 8000}


def test_what_cannot_be_put_back_is_an_error_that_says_so() -> None:
    kept = encode_payload(["key=hunter22"], Masker({"sender.key": "hunter22"}))
    with pytest.raises(SealError, match=r"the secret sender\.key, which this process was not given"):
        decode_payload(kept, Masker({"sender.other": "hunter22"}))
    in_base64 = encode_payload("Basic YW5uOmh1bnRlcjI=", Masker({"sender.password": "hunter2"}))
    with pytest.raises(SealError, match="in a form that is not kept"):
        decode_payload(in_base64, Masker({"sender.password": "hunter2"}))
    assert show_payload(in_base64) == "Basic ***"
