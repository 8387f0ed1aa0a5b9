"""The funnel as a picture and the report as CSV, for mailings of every shape."""

import csv
import io
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from matplotlib import rc_context

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
    failed = total // 10
    counts = Counts(
        total=total, done=total - failed, failed=failed, skipped=0, uncertain=0, pending=0, in_progress=0
    )
    failures = [FailureRow(3, "status", "429", "answered 429", failed)] if total else []
    return MailingReport(
        501, "Пекарня: $5 off", "demo_sms", "l1", "finished", None, None, counts, list(events), failures, 0
    )


def test_the_funnel_goes_from_the_audience_to_the_events() -> None:
    steps = bars(report(event("Sent", 900), event("Доставлено", 700, "#1565C0"), event("odd", 3, None)))
    assert [(step.name, step.messages) for step in steps] == [
        ("Audience", 1000), ("Tried", 1000), ("Sent", 900), ("Доставлено", 700), ("odd", 3),
    ]  # fmt: skip
    assert [step.color for step in steps[2:]] == ["#2E7D32", "#1565C0", steps[0].color]


LONG = "A very long name of event {}, cut because nobody has the room for all of it"

SHAPES = {
    "usual": report(event("Sent", 900), event("Доставлено", 700, "#1565C0"), event("Жалоба", 3, "#C62828")),
    "one event": report(event("One", 5), total=10),
    "nothing": report(total=0),
    "an event that none had": report(event("Sent", 900), event("Read", 0, "#1565C0")),
    "twenty": report(*(event(f"Event {n}", 30 * n, f"#{n:02x}1020") for n in range(1, 21))),
    "millions": report(event("Sent", 29_999_999), total=30_000_000),
    "more than the audience": report(event("Stopped", 12), total=10),
    "markup": report(event("Costs $5 or $6 & <more> \\alpha_1^2", 1)),
    "not registered": report(event("send", 7, None, None)),
    "letters that the font lacks": report(event("配信済み 📬", 7)),
}


def words_of(file: Path) -> str:
    return " ".join(" ".join(ET.parse(file).getroot().itertext()).split())


@pytest.mark.parametrize("made", SHAPES.values(), ids=SHAPES)
def test_a_picture_is_made(made: MailingReport, tmp_path: Path) -> None:
    draw(made, tmp_path / "funnel.svg")
    draw(made, tmp_path / "funnel.png")
    text = (tmp_path / "funnel.svg").read_text(encoding="utf-8")
    words = words_of(tmp_path / "funnel.svg")
    assert "Пекарня: $5 off" in words
    assert "mailing 501 · demo_sms · finished" in words
    for step in bars(made):
        assert step.name in words
        assert f"{step.messages:,}" in words
        assert (step.color.lower() in text) or not step.messages
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_a_long_name_takes_two_lines_and_is_cut(tmp_path: Path) -> None:
    draw(report(*(event(LONG.format(n), n) for n in range(3))), tmp_path / "funnel.svg")
    words = words_of(tmp_path / "funnel.svg")
    for n in range(3):
        assert f"A very long name of event {n}, cut because nobody has the…" in words


@pytest.mark.parametrize("name", ["a\x08b", "a\ud800b", "a\nb", "   ", "w" * 200])
def test_a_name_of_any_characters_gives_a_picture_that_can_be_read(name: str, tmp_path: Path) -> None:
    made = replace(report(event(name, 7)), name=name)
    draw(made, tmp_path / "funnel.svg")
    draw(made, tmp_path / "funnel.png")
    assert words_of(tmp_path / "funnel.svg").count("7") >= 1


@pytest.mark.parametrize(
    ("messages", "total", "share"),
    [
        (0, 1000, "0.0%"),
        (1, 100_000, "<0.1%"),
        (1, 1000, "0.1%"),
        (333, 1000, "33.3%"),
        (99_999, 100_000, ">99.9%"),
        (1000, 1000, "100.0%"),
    ],
)
def test_a_share_is_of_the_audience_and_never_rounds_to_none_or_all(
    messages: int, total: int, share: str, tmp_path: Path
) -> None:
    draw(report(event("Sent", messages), total=total), tmp_path / "funnel.svg")
    assert f"Sent {messages:,} {share}" in words_of(tmp_path / "funnel.svg")


def test_what_the_steps_do_not_show_stands_below(tmp_path: Path) -> None:
    counts = Counts(total=3000, done=1000, failed=100, skipped=7, uncertain=2, pending=1891, in_progress=0)
    made = replace(report(event("Sent", 900)), counts=counts, unknown_events=4)
    draw(made, tmp_path / "funnel.svg")
    wanted = "100 failed · 7 skipped · 2 uncertain · 1,891 not yet tried · 4 events of unknown messages"
    words = words_of(tmp_path / "funnel.svg")
    assert wanted in words
    assert "Tried 1,102 36.7%" in words


def test_a_persons_own_settings_of_the_library_change_nothing(tmp_path: Path) -> None:
    made = report(event("Sent $1", 900))
    draw(made, tmp_path / "a.svg")
    with rc_context({"font.size": 30, "figure.facecolor": "red", "svg.fonttype": "path"}):
        draw(made, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ChartError, match=r"^charts need matplotlib: pip install 'akrun\[chart\]'$"):
        draw(report(), tmp_path / "funnel.svg")
    assert not (tmp_path / "funnel.svg").exists()


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
        ("messages", "uncertain", "0"),
        ("messages", "pending", "0"),
        ("messages", "in_progress", "0"),
        ("event", "Sent, at last", "901"),
        ("reason", "unknown, subscriber", "2"),
        ("reason", "«занято»", "1"),
        ("unknown_events", "", "0"),
        ("failure", "answered 429", "100"),
    ]
    assert rows[7]["first"] == "2023-11-14T22:13:20.000+00:00"
    assert rows[7]["share"] == "0.5"
