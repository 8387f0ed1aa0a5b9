"""What becomes of states."""

import pytest

from akrun.lint.state import absence, answered, data_of
from aktmpl import compile_query
from aktmpl.schema import ANY, INT, NEVER, NULL, Field, object_of

DATA = object_of({"sure": INT, "perhaps": Field(INT | NULL, optional=True)})
STATE = object_of({"in": DATA, "origin": DATA, "error": Field(ANY, optional=True)})


@pytest.mark.parametrize(
    ("query", "holds", "missing"),
    [
        ("in.perhaps is defined", True, False),
        ("in.perhaps is defined", False, True),
        ("in.perhaps is not defined", True, True),
        ("not (in.perhaps is defined)", True, True),
        ("in.sure = 1 and in.perhaps is defined", True, False),
        ("in.sure = 1 and in.perhaps is defined", False, None),
        ("in.sure = 1 or in.perhaps is defined", False, True),
        ("in.perhaps.deep is defined", False, None),
        ("in.perhaps is null", True, None),
        ("in.perhaps is null", False, False),
        ("in.perhaps = 1", False, None),
    ],
)
def test_a_condition_says_whether_a_field_is_there(query: str, holds: bool, missing: bool | None) -> None:  # noqa: FBT001
    after = answered(STATE, compile_query(query).nodes.expression, holds=holds)
    assert absence(data_of(after), "perhaps") is missing
    assert absence(data_of(after), "sure") is False
    assert absence(after, "error") is None


def test_a_field_that_is_not_null_has_no_null_in_its_type() -> None:
    after = answered(STATE, compile_query("in.perhaps is not null").nodes.expression, holds=True)
    assert data_of(after).fields["perhaps"] == Field(INT)


@pytest.mark.parametrize(("holds", "missing"), [(True, False), (False, True)])
def test_the_same_of_the_error(holds: bool, missing: bool) -> None:  # noqa: FBT001
    after = answered(STATE, compile_query("error is defined").nodes.expression, holds=holds)
    assert absence(after, "error") is missing


def test_an_open_object_says_nothing_of_what_it_may_lack() -> None:
    state = object_of({"in": object_of({}, is_open=True), "origin": DATA})
    after = answered(state, compile_query("in.x is defined").nodes.expression, holds=False)
    assert data_of(after) == data_of(state)
    assert absence(data_of(after), "x") is False


def test_what_cannot_be_answered_so_is_the_state_of_no_event() -> None:
    without = object_of({"in": DATA, "origin": DATA})
    assert answered(without, compile_query("error is defined").nodes.expression, holds=True) == NEVER
    assert answered(without, compile_query("error is defined").nodes.expression, holds=False) == without
