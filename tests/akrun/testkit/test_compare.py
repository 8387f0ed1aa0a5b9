"""Comparing: what fits what, matchers, paths, and laws of the comparison."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.testkit.compare import compare, fits, same
from akrun.testkit.diff import diff, inline, path_text, written
from akrun.testkit.json_path import MISSING, JsonPath
from akrun.testkit.lists import paired
from akrun.testkit.matchers import MATCHERS, fault_of, unfitting
from akrun.testkit.path import path_fits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text("ab\n", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": []}}, {"a": {"b": [], "c": 0}}),
        (1, 1.0),
        ({"$.a[0].b": 1}, {"a": [{"b": 1}]}),
        ({"$.a[*].b": [1, 2]}, {"a": [{"b": 1}, {"b": 2}]}),
        ({"$.x": {"!absent": None}}, {"a": 1}),
        ({"!exact": {"a": {"b": 1}}}, {"a": {"b": 1}}),
        ({"a": {"!absent": None}}, {}),
        ({"a": {"!any": None}}, {"a": None}),
        ({"!text": None}, "x"),
        ({"!number": {"min": 1, "max": 2}}, 1.5),
        ({"!number": {"max": 2}}, -1),
        ({"!bool": None}, False),
        ({"!regex": "b+"}, "abba"),
        ({"!glob": "a*a"}, "a\nb a"),
        ({"!uuid": None}, "e027fae5-be78-5f09-b8de-c0cb327cbc06"),
        ({"!time": None}, "2030-01-01T00:00:00Z"),
        ({"!length": 2}, [1, 2]),
        ({"!length": {"!number": {"min": 1}}}, "x"),
        ({"!contains": "b"}, "abc"),
        ({"!contains": 29}, "a 299"),
        ({"!contains": {"id": 2}}, [{"id": 1}, {"id": 2, "x": 0}]),
        ({"!each": {"!number": None}}, [1, 2.5]),
        ({"!each": 1}, []),
        ({"!unordered": [{"!any": None}, 1]}, [1, 2]),
        ({"!json": {"a": 1}}, '{"a": 1, "b": 2}'),
        ({"!one_of": [1, {"!text": None}]}, "x"),
        ({"!not": {"!text": None}}, 1),
    ],
)  # fmt: skip
def test_what_fits(wanted: Any, got: Any) -> None:
    compared = compare(wanted, got)
    assert compared.fits
    assert diff(compared.wanted, compared.got) == []


@pytest.mark.parametrize(
    ("wanted", "got", "first"),
    [
        ({"a": 1}, {"b": 1}, "a"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]"),
        ([1], [1, 2], "[1]"),
        ([1, 2], [1], "[1]"),
        (True, 1, ""),
        ("1", 1, ""),
        ({"$.a[0]": 1}, {"a": []}, "{$.a[0]}"),
        ({"!exact": {"a": {}}}, {"a": {"b": 1}}, "a.b"),
        ({"a": {"!absent": None}}, {"a": None}, "a"),
        ({"a": {"!any": None}}, {}, "a"),
        ({"!text": None}, "", ""),
        ({"!number": {"min": 1}}, 0.5, ""),
        ({"!number": None}, True, ""),
        ({"!bool": None}, 0, ""),
        ({"!regex": "^b"}, "ab", ""),
        ({"!regex": "b"}, 1, ""),
        ({"!glob": "a*"}, "ba", ""),
        ({"!uuid": None}, "e027fae5", ""),
        ({"!time": None}, "soon", ""),
        ({"!length": 2}, 2, ""),
        ({"!contains": True}, "True", ""),
        ({"!each": 1}, [1, 2], ""),
        ({"!unordered": [1, 1]}, [1, 2], ""),
        ({"!json": 1}, "{", ""),
        ({"!one_of": [1, 2]}, 3, ""),
        ({"!not": 1}, 1, ""),
    ],
)  # fmt: skip
def test_what_does_not_fit(wanted: Any, got: Any, first: str) -> None:
    compared = compare(wanted, got)
    assert compared.first is not None
    assert path_text(compared.first) == first
    assert diff(compared.wanted, compared.got)


def test_every_matcher_is_tried() -> None:
    for test in (test_what_fits, test_what_does_not_fit):
        (mark,) = vars(test)["pytestmark"]
        assert all(name in repr(mark.args) for name in MATCHERS)


@given(value=JSON)
def test_every_value_fits_itself(value: Any) -> None:
    assert fits(value, value)
    assert compare(value, value, exact=True).likeness == 1


@given(left=JSON, right=JSON)
def test_what_fits_exactly_is_the_same(left: Any, right: Any) -> None:
    assert compare(left, right, exact=True).fits is same(left, right)


@given(left=JSON, right=JSON)
def test_a_difference_is_always_shown(left: Any, right: Any) -> None:
    """What is printed has lines of a difference just when there is one."""
    compared = compare(left, right, exact=True)
    assert bool(diff(compared.wanted, compared.got)) is not compared.fits


@given(left=JSON, right=JSON)
def test_values_that_differ_are_written_differently(left: Any, right: Any) -> None:
    assert (written(left) == written(right)) is (inline(left) == inline(right))


@given(wanted=st.lists(JSON, max_size=4), got=st.lists(JSON, max_size=4))
def test_pairs_are_in_order_and_none_that_fits(wanted: list[Any], got: list[Any]) -> None:
    pairs = paired(wanted, got, compare)
    assert all(each.compared is None or not each.compared.fits for each in pairs)
    for places in ([each.index for each in pairs], [each.place for each in pairs]):
        known = [each for each in places if each is not None]
        assert known == sorted(set(known))
    lone = len(wanted) - len(got)
    assert sum((each.place is None) - (each.index is None) for each in pairs) == lone


@given(st.permutations([{"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": 1}]))
def test_any_order_fits_each_order(order: list[Any]) -> None:
    """A wide wish never takes the only value of a narrow one."""
    wanted = [{}, {"a": 1}, {"a": 2}, {"a": 1, "b": 1}]
    values = [*order]
    assert unfitting(wanted, values, fits) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", {"a": [1, {"b c": 2}]}),
        ("$.a", [1, {"b c": 2}]),
        ("$['a'][1][\"b c\"]", 2),
        ("$.a[-2]", 1),
        ("$.a[*]", [1, {"b c": 2}]),
        ("$.*[0]", [1]),
        ("$.a[2]", MISSING),
        ("$.x.y", MISSING),
    ],
)  # fmt: skip
def test_json_paths(path: str, value: Any) -> None:
    assert JsonPath.parse(path).find({"a": [1, {"b c": 2}]}) == value


@pytest.mark.parametrize("path", ["a", "$a", "$.", "$[", "$[a]", "$..a"])
def test_json_paths_that_are_none(path: str) -> None:
    with pytest.raises(ValueError, match=r"step of a path|begins with"):
        JsonPath.parse(path)


@pytest.mark.parametrize(
    ("wanted", "path", "fit"),
    [
        ([1, 2], [1, 2], True),
        ([1, "Two"], [1, 2], True),
        (["…", 3], [1, 2, 3], True),
        ([1, "...", 3, "…"], [1, 3], True),
        ([1, 3], [1, [7, 8], [7], 3], True),
        ([1, [7, "…"], [7], 3], [1, [7, 8], [7], 3], True),
        ([], [], True),
        ([1], [1, 2], False),
        ([1, "…", 4], [1, 2, 3], False),
        ([1, [7], [7], 3], [1, [7, 8], [7], 3], False),
        ([1, "Three"], [1, 2], False),
    ],
)  # fmt: skip
def test_ways(wanted: list[Any], path: list[Any], fit: bool) -> None:  # noqa: FBT001
    assert path_fits(wanted, path, {2: "Two"}) is fit


@pytest.mark.parametrize("name", sorted(MATCHERS))
def test_a_matcher_says_what_its_argument_must_be(name: str) -> None:
    """Every matcher that does not take any value refuses one of these."""
    taken = [fault_of(name, argument) is None for argument in (None, "(", "x", 1, [1], {"x": 1})]
    assert any(taken)
    assert all(taken) is (MATCHERS[name].schema == {})
