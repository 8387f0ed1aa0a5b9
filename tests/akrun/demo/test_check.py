"""The comparison of the gateway's counts with a report."""

from typing import Any

import pytest

from akrun.demo.check import compare

STATS = {
    "received": 100,
    "accepted": 80,
    "undeliverable": 9,
    "rejected": 6,
    "throttled": 3,
    "failed": 2,
    "duplicates": 0,
    "ids": 95,
}
COUNTS = {"total": 107, "done": 95, "failed": 5, "skipped": 7, "pending": 0, "in_progress": 0}


def report(counts: dict[str, int] = COUNTS, send: int = 80, undeliv: int = 15) -> dict[str, Any]:
    events = [{"event_type": "send", "count": send}, {"event_type": "undeliv", "count": undeliv}]
    return {"counts": counts, "events": [event for event in events if event["count"]]}


def differing(stats: dict[str, int], said: dict[str, Any]) -> list[str]:
    return [check.what for check in compare(stats, said, rows=107, unsent=7) if not check.holds]


def test_equal_sides_agree_in_everything() -> None:
    assert differing(STATS, report()) == []


@pytest.mark.parametrize("name", STATS)
def test_any_other_count_of_the_gateway_is_found(name: str) -> None:
    assert differing(STATS | {name: STATS[name] + 1}, report())


@pytest.mark.parametrize("name", COUNTS)
def test_any_other_count_of_the_report_is_found(name: str) -> None:
    assert differing(STATS, report(COUNTS | {name: COUNTS[name] + 1}))


@pytest.mark.parametrize(("send", "undeliv"), [(79, 15), (0, 15), (80, 16)])
def test_a_missing_or_extra_event_is_found(send: int, undeliv: int) -> None:
    assert len(differing(STATS, report(send=send, undeliv=undeliv))) == 1
