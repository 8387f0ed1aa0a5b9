"""The files of the SMS example are valid."""

from pathlib import Path

import pytest

from akrun.model import Channel, load_channel_file, load_mailing_file, read_audience, validate_audience
from akrun.model.audience_row import AudienceRow

SMS = Path(__file__).parents[2] / "examples" / "sms"


@pytest.fixture(scope="module")
def channel() -> Channel:
    return load_channel_file(SMS / "channel.json")[0]


def test_the_channel_is_valid(channel: Channel) -> None:
    assert channel.pipelines is not None
    assert [pipe.type for pipe in channel.pipelines.message] == [
        "pack",
        "pack",
        "http_request",
        "unpack",
        "selector",
        "event",
        "event",
        "scheduled",
    ]


def test_the_mailing_fits_the_channel(channel: Channel) -> None:
    mailing, _ = load_mailing_file(SMS / "mailing.json", channel)
    assert len(mailing.template["attachments"]) == 2


def test_every_row_of_the_audience_is_valid_and_those_without_a_number_are_skipped(channel: Channel) -> None:
    assert validate_audience(SMS / "audience.jsonl", channel) == 1000
    rows = [row for row in read_audience(SMS / "audience.jsonl", channel) if isinstance(row, AudienceRow)]
    skipped = [row for row in rows if row.skip_reason]
    assert len(skipped) == 30
    assert all("phone" not in row.subscription for row in skipped)
