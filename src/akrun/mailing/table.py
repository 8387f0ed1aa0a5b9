"""A report as one flat table, for spreadsheets."""

import csv
import io

from akrun.mailing.report import MailingReport

COLUMNS: tuple[str, ...] = (
    "mailing", "kind", "name", "event_type", "action_type", "pipe", "code", "count", "messages", "share",
    "first", "last",
)  # fmt: skip
"""`kind` is `messages` (by state), `event`, `reason` (of an event), `unknown_events` (those of messages that
were never sent) or `failure`."""


def to_csv(report: MailingReport) -> str:
    """The report as CSV with a header; shares are 0 to 1, times ISO 8601 in UTC."""
    made = report.to_dict()
    rows: list[dict[str, object]] = [
        {"kind": "messages", "name": name, "count": count} for name, count in made["counts"].items()
    ]
    for event in made["events"]:
        same = {key: event[key] for key in ("event_type", "action_type")}
        figures = {key: event[key] for key in ("name", "count", "messages", "share", "first", "last")}
        rows.append({"kind": "event", **same, **figures})
        rows += [
            {"kind": "reason", **same, "name": reason, "count": count}
            for reason, count in event["reasons"].items()
        ]
    rows.append({"kind": "unknown_events", "count": report.unknown_events})
    rows += [
        {"kind": "failure", "name": each["message"], **{key: each[key] for key in ("pipe", "code", "count")}}
        for each in made["failures"]
    ]
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"mailing": report.mailing_id, **row} for row in rows)
    return file.getvalue()
