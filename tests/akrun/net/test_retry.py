from datetime import UTC, datetime

import pytest

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
