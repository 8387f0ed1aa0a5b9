"""The comparison of the gateway's counts with a report."""

from typing import Any

import pytest

from akrun.demo.check import compare, compare_board

STATS = {
    "received": 100,
    "accepted": 80,
    "undeliverable": 9,
    "rejected": 6,
    "throttled": 3,
    "failed": 2,
    "duplicates": 0,
    "ids": 95,
    "delivered": 70,
    "undelivered": 10,
}
COUNTS = {"total": 107, "done": 95, "failed": 5, "skipped": 7, "pending": 0, "in_progress": 0}


def report(
    counts: dict[str, int] = COUNTS, send: int = 80, undeliv: int = 25, deliv: int = 70
) -> dict[str, Any]:
    found = {"send": send, "undeliv": undeliv, "deliv": deliv}
    events = [{"event_type": kind, "count": count} for kind, count in found.items()]
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


@pytest.mark.parametrize("changes", [{"send": 79}, {"send": 0}, {"undeliv": 26}, {"deliv": 69}])
def test_a_missing_or_extra_event_is_found(changes: Any) -> None:
    assert len(differing(STATS, report(**changes))) == 1


def test_the_board_and_its_report() -> None:
    stats = {"approved": 1, "rejected": 0, "published": 0, "removed": 0, "stopped": 1}
    events = [{"event_type": "deliv", "count": 1}, {"event_type": "undeliv", "count": 1}]
    said = {"state": "stopped", "counts": {"total": 1}, "events": events}
    assert [check.holds for check in compare_board(stats, said)] == [True] * 4
    assert [check.holds for check in compare_board(stats, said | {"state": "sending"})] == [True] * 3 + [
        False
    ]
    assert [check.holds for check in compare_board(stats, said | {"events": []})] == [
        True,
        False,
        False,
        True,
    ]
