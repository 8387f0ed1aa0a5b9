"""Compares what the demo gateway counted with what a mailing's report says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One number that two sides must agree on."""

    what: str
    gateway: int
    report: int

    @property
    def holds(self) -> bool:
        """Whether the sides agree."""
        return self.gateway == self.report


def compare(stats: Mapping[str, int], report: Mapping[str, Any], *, rows: int, unsent: int) -> list[Check]:
    """Return every number of a report beside the gateway's.

    Args:
        stats: The gateway's `GET /v1/stats`, delivery reports included.
        report: The output of `akrun report --json`.
        rows: Rows of the audience.
        unsent: Those of them without a telephone number.
    """
    counts: Mapping[str, int] = report["counts"]
    events = {event["event_type"]: event["count"] for event in report["events"]}
    turned_down = stats["undeliverable"] + stats["rejected"]
    return [
        Check("requests = messages done and failed", stats["received"], counts["done"] + counts["failed"]),
        Check("settled ids = messages done", stats["ids"], counts["done"]),
        Check("accepted = send events", stats["accepted"], events.get("send", 0)),
        Check("delivered, by callback or poll = deliv events", stats["delivered"], events.get("deliv", 0)),
        Check(
            "turned down or undelivered = undeliv events",
            turned_down + stats["undelivered"],
            events.get("undeliv", 0),
        ),
        Check(
            "throttled and failed = messages failed", stats["throttled"] + stats["failed"], counts["failed"]
        ),
        Check("repeated requests = none", stats["duplicates"], 0),
        Check("profiles without a number = messages skipped", unsent, counts["skipped"]),
        Check("rows of the audience = messages in all", rows, counts["total"]),
        Check("nothing left over", 0, counts["pending"] + counts["in_progress"]),
    ]


def compare_board(stats: Mapping[str, int], report: Mapping[str, Any]) -> list[Check]:
    """Return every number of a stopped placement's report beside the board's, which had this one notice.

    Args:
        stats: What the board counted.
        report: The output of `akrun report --json`.
    """
    counts: Mapping[str, int] = report["counts"]
    events = {event["event_type"]: event["count"] for event in report["events"]}
    return [
        Check("notices that passed review = messages in all", stats["approved"], counts["total"]),
        Check("notices posted and published = deliv events", stats["stopped"], events.get("deliv", 0)),
        Check("notices taken down = undeliv events", stats["stopped"], events.get("undeliv", 0)),
        Check("notices stopped = placements stopped", stats["stopped"], int(report["state"] == "stopped")),
    ]
