from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.net.retry import RetryPolicy, retry_after

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 01 Jan 2030 12:01:30 GMT", 90),
        ("Tue, 01 Jan 2030 15:01:30 +0300", 90),
        ("Tue, 01 Jan 2030 11:00:00 GMT", 0),
        ("Tue, 01 Jan 2030 12:00:10 -0000", 10),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("9" * 5000, 999_999_999_999),
        ("١٢", None),
        ("1.5", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("01 Jan 99999999999999999999999 00:00:00 GMT", None),
        ("Mon, 99 Jan 2030 00:00:00 GMT", None),
        ("Mon, 01 Jan 2030 00:00:00 +99999999", None),
    ],
)
def test_retry_after_of_odd_values(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


@given(st.text(max_size=60))
def test_retry_after_of_anything_is_no_error_and_never_negative(value: str) -> None:
    found = retry_after({"retry-after": value}, NOW)
    assert found is None or found >= 0


@given(
    st.integers(1, 10_000), st.floats(0.0, 1.0, exclude_max=True), st.none() | st.floats(0.0, 1e12),
    st.floats(0.0, 100.0), st.floats(0.0, 1000.0),
)  # fmt: skip
def test_a_delay_lies_below_its_bound_and_above_what_was_asked_for(
    attempt: int, chance: float, asked: float | None, backoff: float, max_delay: float
) -> None:
    delay = RetryPolicy(9, backoff=backoff, max_delay=max_delay).delay(attempt, chance, asked)
    assert 0 <= delay <= max_delay
    assert delay >= min(asked or 0.0, max_delay)
    if asked is None:
        assert delay <= backoff * 2.0 ** min(attempt - 1, 60)


def test_without_the_header_nothing_is_asked() -> None:
    assert retry_after({}, NOW) is None


def test_the_bound_doubles_up_to_the_greatest_delay() -> None:
    policy = RetryPolicy(9, backoff=1.0, max_delay=10.0)
    assert [policy.delay(attempt, 1.0, None) for attempt in (1, 2, 3, 4, 5, 5000)] == [1, 2, 4, 8, 10, 10]
    assert [policy.delay(3, chance, None) for chance in (0.0, 0.25, 0.5)] == [0, 1, 2]


def test_what_the_server_asks_for_is_waited_but_capped() -> None:
    policy = RetryPolicy(9, backoff=1.0, max_delay=10.0)
    assert policy.delay(1, 0.0, 7.0) == 7
    assert policy.delay(4, 1.0, 3.0) == 8
    assert policy.delay(1, 0.0, 1e9) == 10
