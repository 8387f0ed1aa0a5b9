"""Mailings: their file, their schedule, the values they carry."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akrun.errors import FileFaults
from akrun.model import Mailing, MailingState, Schedule, load_channel_file, load_mailing_file

GOOD_CHANNEL = Path(__file__).parent / "faulty" / "good.json"
MINIMAL: dict[str, Any] = {"id": 5, "name": "May", "template": {"body": "Hi"}, "sender": {"key": "abc"}}


def load(tmp_path: Path, **changes: Any) -> Mailing:
    path = tmp_path / "mailing.json"
    path.write_text(json.dumps({**MINIMAL, **changes}))
    mailing, document = load_mailing_file(path, load_channel_file(GOOD_CHANNEL)[0])
    assert document.value["id"] == 5
    return mailing


def test_defaults_of_mailing_and_fields(tmp_path: Path) -> None:
    mailing = load(tmp_path)
    assert (mailing.id, mailing.a_id, mailing.audience) == (5, 1, None)
    assert (mailing.options.rate, mailing.options.concurrency) == (None, 64)
    assert mailing.values() == {
        "template": {"body": "Hi"},
        "campaign": {},
        "resource": {},
        "sender": {"key": "abc", "port": 443},
        "account": {},
    }


def test_secrets_stay_in_the_document_that_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "mailing.json"
    path.write_text(json.dumps(MINIMAL))
    _, document = load_mailing_file(path, load_channel_file(GOOD_CHANNEL)[0])
    assert document.source.text == path.read_text()


@pytest.mark.parametrize("audience", ["a.csv", {"file": "a.csv"}])
def test_audience_may_be_a_path_alone(tmp_path: Path, audience: Any) -> None:
    made = load(tmp_path, audience=audience).audience
    assert made is not None
    assert made.file == "a.csv"


def test_whole_numbers_do_for_rates(tmp_path: Path) -> None:
    assert load(tmp_path, options={"rate": 50, "pause_threshold": 1}).options.rate == 50


def test_times_are_seen_in_the_time_zone() -> None:
    schedule = Schedule(
        start_time="2026-05-01T10:00:00", stop_time="2026-05-01T10:00:00Z", time_zone="Europe/Moscow"
    )
    assert schedule.starts_at is not None
    assert schedule.starts_at.utcoffset() == timedelta(hours=3)
    assert schedule.stops_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert schedule.to_scope() == {
        "start_time": "2026-05-01T10:00:00",
        "stop_time": "2026-05-01T10:00:00Z",
        "time_zone": "Europe/Moscow",
    }


def test_no_times_are_none() -> None:
    assert Schedule().starts_at is Schedule().stops_at is None
    assert Schedule(start_time="2026-05-01T10:00").starts_at == datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "/etc/localtime", "Mars/Olympus", "\x00"])
def test_odd_time_zones_are_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(FileFaults, match="is no known time zone"):
        load(tmp_path, schedule={"time_zone": zone})


def test_values_and_structure_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(FileFaults) as caught:
        load(tmp_path, name=5, sender={"port": "x"}, template=[], campaign=None)
    assert sorted(fault.code for fault in caught.value.faults) == ["C303", "C303", "C303", "C311", "C313"]


def test_states() -> None:
    assert [state.value for state in MailingState] == [
        "draft",
        "moderating",
        "ready",
        "sending",
        "paused",
        "finished",
        "stopped",
        "rejected",
    ]
