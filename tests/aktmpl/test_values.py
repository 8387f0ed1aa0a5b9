"""What values mean, beyond the language cases: values that JSON files cannot hold."""

import datetime as dt
import enum
from typing import Any

import pytest

from aktmpl import values
from aktmpl.errors import Fault
from aktmpl.json_form import to_json
from aktmpl.limits import Limits


def code(function: Any, *arguments: Any) -> str:
    with pytest.raises(Fault) as caught:
        function(*arguments)
    return caught.value.code


class Word(str):
    """A string of the host."""

    __slots__ = ()


class Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"abc \xd1\x8f", "abc я"),
        (b"", ""),
        (Word("x"), "x"),
        (Number.ONE, "1"),
        (float(2**53), "9007199254740992"),
        (123456789012345680000.0, "123456789012345680000"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (-1.5e-9, "-1.5e-9"),
        (0.000001, "0.000001"),
        (2**70, str(2**70)),
    ],
)
def test_text_forms(value: Any, text: str) -> None:
    assert values.text_form(value) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xff", "E406"),
        (float("nan"), "E406"),
        (float("-inf"), "E406"),
        (object(), "E406"),
        ({1, 2}, "E406"),
        ((1, 2), "E406"),
        (dt.date(2026, 1, 1), "E406"),
        ([b"x"], "E407"),
        ({1: 2}, "E407"),
        ([float("nan")], "E407"),
        ([{1, 2}], "E407"),
        ([dt.date(2026, 1, 1)], "E407"),
        (["\ud800"], "E407"),
    ],
)
def test_values_without_a_text_form(value: Any, expected: str) -> None:
    assert code(values.text_form, value) == expected


@pytest.mark.parametrize(
    "value",
    [
        b"x",
        object(),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        float("inf"),
        {"a": {2: 1}},
        "\udfff",
        [None, float("nan")],
    ],
)
def test_values_that_json_does_not_hold(value: Any) -> None:
    assert code(to_json, value) == "E407"


def test_json_keeps_types_order_and_characters() -> None:
    value = {"b": 1.0, "a": [None, True, "я\u2028"], "": 2**70}
    assert to_json(value).decode() == '{"b":1.0,"a":[null,true,"я\u2028"],"":1180591620717411303424}'


def test_a_shared_value_is_no_cycle() -> None:
    shared = ["x"]
    assert to_json([shared, shared]) == b'[["x"],["x"]]'


@pytest.mark.parametrize("wide", [False, True])
def test_a_cycle_is_too_deep(*, wide: bool) -> None:
    cycle: list[Any] = []
    cycle.extend([cycle, cycle] if wide else [cycle])
    assert code(to_json, cycle) == "E502"
    assert code(values.check_depth, cycle) == "E502"
    assert code(values.equal, cycle, [cycle, cycle] if wide else [cycle]) == "E502"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-7", -7),
        ("007", 7),
        ("1.5", 1.5),
        ("-1e3", -1000.0),
        ("1E-2", 0.01),
        ("", None),
        (" 1", None),
        ("1 ", None),
        ("+1", None),
        ("1.", None),
        (".5", None),
        ("1_000", None),
        ("0x1", None),
        ("nan", None),
        ("Infinity", None),
        ("٣", None),
        ("1\n", None),
        ("9" * 401, None),
        ("--1", None),
        ("1e", None),
    ],
)
def test_which_strings_are_numbers(text: str, number: float | None) -> None:
    found = values.number_of(text)
    assert found == number
    assert type(found) is type(number)


ALL = [
    None,
    True,
    False,
    0,
    1,
    1.0,
    2.5,
    "",
    "1",
    "1.0",
    "true",
    "x",
    b"",
    b"1",
    [],
    [1],
    ["1"],
    {},
    {"a": 1},
]


@pytest.mark.parametrize("left", ALL, ids=repr)
@pytest.mark.parametrize("right", ALL, ids=repr)
def test_equality_is_symmetric_and_order_agrees_with_it(left: Any, right: Any) -> None:
    equal = values.equal(left, right)
    assert equal is values.equal(right, left)
    assert values.equal([left], [right]) is equal
    assert values.equal({"k": left}, {"k": right}) is equal
    assert values.contains([left], right) is equal
    try:
        less, greater = values.compare("<", left, right), values.compare(">", left, right)
    except Fault as fault:
        assert fault.code == "E401"
        assert code(values.compare, "<=", right, left) == "E401"
    else:
        assert (less, greater) == (values.compare(">", right, left), values.compare("<", right, left))
        assert less + greater + equal <= 1
        assert values.compare("<=", left, right) is (less or (equal and type(left) is not bool))


@pytest.mark.parametrize("value", ALL, ids=repr)
def test_every_value_equals_itself(value: Any) -> None:
    assert values.equal(value, value) is True


def test_bytes_equal_bytes_only() -> None:
    assert values.equal(b"1", b"1") is True
    assert values.equal(b"1", "1") is False
    assert values.is_empty(b"") is True
    assert code(values.contains, b"abc", b"a") == "E403"


def test_limits_are_the_last_argument() -> None:
    tight = Limits(depth=1, string=3, digits=20)
    assert code(to_json, [[1]], tight) == "E502"
    assert code(values.text_form, [[1]], tight) == "E502"
    assert code(values.text_form, 10**20, tight) == "E505"
    assert code(values.equal, [[1]], [[1]], tight) == "E502"
    assert code(values.contains, [[[1]]], [[1]], tight) == "E502"
    assert code(values.add, "ab", "cd", tight) == "E506"
    assert code(values.add, 10**19, 9 * 10**19, tight) == "E505"
    assert code(values.arithmetic, "*", 10**10, 10**10, tight) == "E505"
    assert code(values.matches, 10**20, "x", tight) == "E505"


@pytest.mark.parametrize("digits", [1, 2, 17, 100, 3_999, 4_000])
def test_integers_of_the_most_digits_are_allowed_exactly(digits: int) -> None:
    largest = 10**digits - 1
    assert values.arithmetic("-", largest, 0) == largest
    assert values.text_form(largest) == "9" * digits
    if digits == 4_000:
        assert code(values.arithmetic, "+", largest, 1) == "E505"
        assert code(values.arithmetic, "-", -largest, 1) == "E505"
        assert code(values.text_form, largest + 1) == "E505"
        assert values.arithmetic("^", 10, 3_999) == 10**3_999
        assert code(values.arithmetic, "^", 10, 4_000) == "E505"


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "^"])
@pytest.mark.parametrize("other", [None, True, "1", [], {}, b"1"], ids=repr)
def test_arithmetic_takes_numbers_only(operator: str, other: Any) -> None:
    assert code(values.arithmetic, operator, 1, other) == "E403"
    assert code(values.arithmetic, operator, other, 1.5) == "E403"


def test_a_pattern_is_compiled_once() -> None:
    assert values.regex("^once$") is values.regex("^once$")


def test_text_that_is_no_unicode_has_no_match() -> None:
    assert code(values.matches, "\ud800", "x") == "E406"
    assert code(values.regex, "\ud800") == "E204"
