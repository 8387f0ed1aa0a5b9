import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.secrets import Masker, secrets_in

SECRET = 'p@ss "word"/Ж+1'
MASKER = Masker({"s0": SECRET})


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote_plus(SECRET)),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        SECRET.replace('"', "&quot;"),
    ],
)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    assert MASKER.text(f"a={form}&b") == "a=***&b"


@given(before=st.binary(max_size=20), after=st.binary(max_size=20), secret=st.binary(min_size=4, max_size=40))
def test_a_secret_is_found_in_base64_wherever_it_stands(before: bytes, after: bytes, secret: bytes) -> None:
    text = secret.hex()
    masker = Masker({"s0": text})
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(before + text.encode() + after).decode()
        assert masker.text(f"Basic {encoded}.") == "Basic ***."


def test_values_are_copied_with_texts_keys_bytes_and_numbers_masked() -> None:
    masker = Masker({"s0": "hunter22", "s1": "123456"})
    value = {
        "a": ["x hunter22", b"\xffhunter22"],
        "hunter22": None,
        "n": 123456,
        "m": 1234567,
        "t": True,
        "f": 1.5,
    }
    assert masker.value(value) == {
        "a": ["x ***", b"\xff***"], "***": None, "n": "***", "m": 1234567, "t": True, "f": 1.5,
    }  # fmt: skip
    assert value["a"] == ["x hunter22", b"\xffhunter22"]


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Masker({"s0": "abcd", "s1": "abcdef"}).text("abcdef abcd") == "*** ***"


def test_short_secrets_and_none_mask_nothing() -> None:
    assert not Masker()
    assert not Masker({"s0": "abc", "s1": ""})
    assert Masker({"s0": "abc"}).text("abc") == "abc"
    assert Masker({"s0": "abcd"})
    assert repr(Masker({"s0": "abcd"})) == "Masker(***)"


@given(st.text())
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    if "hunter22" not in text:
        assert Masker({"s0": "hunter22"}).text(text) == text


def test_secret_values_are_found_by_their_paths() -> None:
    constants = {
        "sender": {
            "api": {"key": "one", "open": "x"},
            "pin": 1234,
            "on": True,
            "many": ["two", {"a": "three"}],
        },
        "account": {"dotted.name": "four", "raw": b"five", "none": None},
    }
    paths = [
        ("sender", "api.key"),
        ("sender", "pin"),
        ("sender", "on"),
        ("sender", "many"),
        ("account", "dotted.name"),
        ("account", "raw"),
        ("account", "none"),
        ("resource", "a.b"),
        ("sender", "api.key.x"),
    ]
    assert secrets_in(constants, paths) == {
        "sender.api.key": "one",
        "sender.pin": "1234",
        "sender.many.0": "two",
        "sender.many.1.a": "three",
        "account.dotted.name": "four",
        "account.raw": "five",
    }


def test_a_secret_that_is_replaced_is_hidden_still() -> None:
    masker = Masker({"sender.key": "hunter22"}).plus({"sender.key": "other-key"})
    assert masker.text("hunter22 other-key") == "*** ***"
    assert masker.opened(masker.sealed("k=other-key")) == "k=other-key"
