"""The channels that come with the project are without findings, warnings included."""

from pathlib import Path

import pytest

from akrun.lint import check_channel
from akrun.lint.files import inputs

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "examples", ROOT / "src" / "akrun" / "channels"]
CHANNELS = [each for folder in FOLDERS for each in inputs([str(folder)])]


def test_there_are_some() -> None:
    names = {str(Path(each.name).relative_to(ROOT)) for each in CHANNELS}
    assert {"examples/sms/channel.json", "src/akrun/channels/webhook.json"} <= names


@pytest.mark.parametrize("number", range(len(CHANNELS)))
def test_a_channel_of_ours_has_nothing_worse_than_notes(number: int) -> None:
    each = CHANNELS[number]
    found = check_channel(each.text, each.name, is_json=each.is_json)
    assert [finding.frame() for finding in found if finding.severity != "info"] == []
