import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aktmpl.errors import Fault
from aktmpl.functions import builtin
from aktmpl.functions.gsm import septets
from tests.aktmpl import strategies

texts = st.text(st.characters(codec="utf-8"), max_size=40)
numbers = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False))
instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def call(name: str, *arguments: Any, **named: Any) -> Any:
    return builtin()[name](*arguments, **named)


@given(texts)
def test_what_base64_writes_is_read_back(text: str) -> None:
    assert call("parse_base64", call("base64", text)) == text
    assert call("parse_base64", call("base64url", text)) == text
    assert call("parse_base64", call("base64url", text, padding=True)) == text


@given(st.binary(max_size=40))
def test_bytes_survive_base64(data: bytes) -> None:
    assert call("parse_base64", call("base64", data), "bytes") == data
    assert bytes.fromhex(call("hex", data)) == data


@given(texts)
def test_what_url_encode_writes_is_read_back(text: str) -> None:
    encoded = call("url_encode", text)
    assert call("url_decode", encoded) == text
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


@given(strategies.json_values)
def test_what_json_writes_is_read_back(value: Any) -> None:
    try:
        text = call("json", value)
    except Fault:
        assume(False)  # noqa: FBT003 - half a surrogate pair
    assert call("parse_json", text) == value
    assert json.dumps(call("parse_json", text)) == json.dumps(value)
    assert call("parse_json", call("json", value, indent=2)) == value


@given(texts)
def test_escaped_text_has_nothing_left_to_escape(text: str) -> None:
    assert not set(call("html_escape", text)) & set("<>\"'")


@given(texts)
def test_a_slug_is_made_of_letters_and_digits_and_stays_as_it_is(text: str) -> None:
    slug = call("slug", text)
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert call("slug", slug) == slug


@given(texts)
def test_normalizing_space_twice_is_normalizing_once(text: str) -> None:
    once = call("normalize_space", text)
    assert call("normalize_space", once) == once
    assert once.split() == text.split()


@given(texts, st.integers(1, 50), st.booleans())
def test_a_truncated_text_fits(text: str, size: int, words: bool) -> None:  # noqa: FBT001
    short = call("truncate", text, size, words=words)
    assert len(short) <= size
    assert short == text if len(text) <= size else short.endswith("…")


@given(texts, st.integers(0, 60), st.sampled_from([" ", "0", "ab"]))
def test_a_padded_text_is_as_long_as_asked(text: str, size: int, fill: str) -> None:
    left, right = call("pad_left", text, size, fill), call("pad_right", text, size, fill)
    assert len(left) == len(right) == max(size, len(text))
    assert left.endswith(text)
    assert right.startswith(text)


@given(texts, st.text(max_size=3).filter(bool))
def test_joining_what_was_split_gives_the_text(text: str, separator: str) -> None:
    assert call("join", call("split", text, separator), separator) == text


@given(numbers, st.integers(-5, 12))
def test_rounding_is_decimal_and_away_from_zero(value: float, digits: int) -> None:
    exact = Decimal(repr(value))
    assume(exact.adjusted() + digits < 27)
    expected = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert call("round", value, digits) == (
        int(expected) if digits <= 0 or isinstance(value, int) else float(expected)
    )
    assert isinstance(call("round", value, digits), int) or digits > 0


@given(numbers, st.integers(0, 12))
def test_a_formatted_number_reads_back(value: float, digits: int) -> None:
    text = call("format_number", value, digits)
    exact = Decimal(text.replace(",", ""))
    assert abs(exact - Decimal(repr(value))) <= Decimal(5).scaleb(-digits - 1)
    whole, _, fraction = text.lstrip("-").partition(".")
    assert len(fraction) == digits
    assert all(len(group) == 3 for group in whole.split(",")[1:])
    assert 1 <= len(whole.split(",")[0]) <= 3


@given(numbers)
def test_a_formatted_number_without_digits_keeps_them_all(value: float) -> None:
    assert Decimal(call("format_number", value).replace(",", "")) == Decimal(repr(value))


@given(texts)
def test_sms_segments_are_bounded_by_the_units(text: str) -> None:
    segments = call("sms_segments", text)
    sizes = septets(text)
    units, single, part = (
        (len(text.encode("utf-16-le")) // 2, 70, 67) if sizes is None else (sum(sizes), 160, 153)
    )
    assert (segments == 0) == (text == "")
    assert (segments <= 1) == (units <= single)
    if units > single:
        assert -(-units // part) <= segments <= -(-units // (part - 1))


@given(st.text(min_size=1, max_size=3), st.integers(1, 500))
def test_more_text_never_takes_fewer_sms(text: str, count: int) -> None:
    assert call("sms_segments", text * count) <= call("sms_segments", text * (count + 1))


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 152, 2),
        ("€" * 153, 3),  # 306 septets, but 76 euros and an odd septet in each part
        ("a" * 152 + "€" + "a" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 pairs in each part
        ("a" * 70 + "я", 2),
    ],
)
def test_sms_segments_of_known_texts(text: str, segments: int) -> None:
    assert call("sms_segments", text) == segments


@given(texts, st.integers(0, 10), st.integers(0, 10))
def test_a_mask_keeps_the_length_and_shows_only_the_ends(text: str, last: int, first: int) -> None:
    masked = call("mask", text, last, first)
    assert len(masked) == len(text)
    shown = [place for place, each in enumerate(masked) if each != "*"]
    assert all(place < first or place >= len(text) - last for place in shown)


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False), st.none())))
def test_sorting_is_stable_and_null_comes_last(items: list[Any]) -> None:
    elements = [{"n": item, "place": place} for place, item in enumerate(items)]
    for descending in (False, True):
        found = call("sort_by", elements, "n", descending=descending)
        values = [each["n"] for each in found if each["n"] is not None]
        assert values == sorted(values, reverse=descending)
        assert [each["n"] for each in found][len(values) :] == [None] * (len(items) - len(values))
        for left, right in pairwise(found):
            assert left["n"] != right["n"] or left["place"] < right["place"]


@given(st.lists(strategies.json_values, max_size=6))
def test_unique_keeps_one_of_each(items: list[Any]) -> None:
    once = call("unique", items + items)
    assert once == call("unique", items)
    assert call("unique", once) == once


@given(instants)
def test_a_date_survives_its_text_and_its_timestamp(moment: datetime) -> None:
    text = call("parse_date", moment.isoformat())
    assert datetime.fromisoformat(text) == moment
    assert call("parse_date", text) == text
    seconds = call("timestamp", text)
    assert call("timestamp", call("parse_date", seconds)) == seconds


@given(instants, st.sampled_from(["Europe/Moscow", "America/New_York", "Asia/Kathmandu", "+05:30", "UTC"]))
def test_a_zone_changes_how_a_moment_looks_and_not_when_it_is(moment: datetime, zone: str) -> None:
    text = moment.isoformat()
    assert call("timestamp", call("to_timezone", text, zone)) == call("timestamp", text)


@given(
    instants,
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f %z", "%d.%m.%Y %I:%M:%S %p %f %:z", "%-d %B %Y, %T %f %z"]),
)
def test_what_format_date_writes_is_read_back(moment: datetime, format: str) -> None:  # noqa: A002
    text = call("format_date", moment.isoformat(), format)
    assert datetime.fromisoformat(call("parse_date", text, format)) == moment


@given(instants, st.integers(-10_000, 10_000), st.sampled_from(["seconds", "hours", "days", "weeks"]))
def test_time_added_can_be_taken_back(moment: datetime, amount: int, unit: str) -> None:
    try:
        there = call("add_time", moment.isoformat(), amount, unit)
    except Fault as fault:
        assert fault.code == "E410"
        return
    assert datetime.fromisoformat(call("add_time", there, -amount, unit)) == moment
