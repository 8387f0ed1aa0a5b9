"""The funnel as a picture and the report as CSV, for mailings of every shape."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from akrun.backend import Counts
from akrun.mailing.chart import ChartError, bars, draw
from akrun.mailing.report import EventRow, FailureRow, MailingReport
from akrun.mailing.table import COLUMNS, to_csv


def event(name: str, messages: int, color: str | None = "#2E7D32", action: int | None = 1) -> EventRow:
    reasons = {"unknown, subscriber": 2, "«занято»": 1}
    return EventRow(
        "send", action, name, color, messages + 1, messages, 0.5, 1_700_000_000.0, 1_700_000_060.5, reasons
    )


def report(*events: EventRow, total: int = 1000) -> MailingReport:
    counts = Counts(
        total=total, done=total - total // 10, failed=total // 10, skipped=0, pending=0, in_progress=0
    )
    failures = [FailureRow(3, "status", "429", "answered 429", total // 10)] if total else []
    return MailingReport(
        501, "Пекарня: $5 off", "demo_sms", "l1", "finished", None, None, counts, list(events), failures, 0
    )


def test_the_funnel_goes_from_the_audience_to_the_events() -> None:
    steps = bars(report(event("Sent", 900), event("Доставлено", 700, "#1565C0"), event("odd", 3, None)))
    assert [(step.name, step.messages) for step in steps] == [
        ("Audience", 1000), ("Tried", 1000), ("Sent", 900), ("Доставлено", 700), ("odd", 3),
    ]  # fmt: skip
    assert [step.color for step in steps[2:]] == ["#2E7D32", "#1565C0", steps[0].color]


@pytest.mark.parametrize(
    "made",
    [
        report(event("Sent", 900), event("Доставлено", 700, "#1565C0"), event("Жалоба", 3, "#C62828")),
        report(event("One", 5), total=10),
        report(total=0),
        report(*(event(f"A very long name of the event number {n}, cut", n) for n in range(20))),
        report(event("Costs $5 or $6 & <more>", 1)),
    ],
    ids=["usual", "one event", "nothing", "twenty", "markup"],
)
def test_a_picture_is_made(made: MailingReport, tmp_path: Path) -> None:
    draw(made, tmp_path / "funnel.svg")
    draw(made, tmp_path / "funnel.png")
    text = (tmp_path / "funnel.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    words = " ".join(root.itertext())
    assert "Пекарня: $5 off" in words
    for step in bars(made):
        assert step.name.replace("\\$", "$") in words
        assert f"{step.messages:,}" in words
        assert step.color.lower() in text
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_report_gives_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw(report(event("Sent", 900)), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="cannot be written: No such file or directory"):
        draw(report(), tmp_path / "nowhere" / "funnel.svg")


def test_the_table_has_a_row_for_every_figure() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report(event("Sent, at last", 900))))))
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["kind"], row["name"], row["count"]) for row in rows] == [
        ("messages", "total", "1000"),
        ("messages", "done", "900"),
        ("messages", "failed", "100"),
        ("messages", "skipped", "0"),
        ("messages", "pending", "0"),
        ("messages", "in_progress", "0"),
        ("event", "Sent, at last", "901"),
        ("reason", "unknown, subscriber", "2"),
        ("reason", "«занято»", "1"),
        ("failure", "answered 429", "100"),
    ]
    assert rows[6]["first"] == "2023-11-14T22:13:20.000+00:00"
    assert rows[6]["share"] == "0.5"
