"""Files with faults, each beside the frames a person gets for it: `name.json` and `name.frame`."""

from pathlib import Path

import pytest

from akrun.errors import FileFaults
from akrun.model import codes, load_channel_file, load_mailing_file, validate_audience

FAULTY = Path(__file__).parent / "faulty"
CASES = sorted(path.name for path in FAULTY.iterdir() if path.suffix != ".frame" and path.name != "good.json")


def load(name: str) -> object:
    """Load the file as what the first word of its name says."""
    if name.startswith("channel-"):
        return load_channel_file(name)
    channel, _ = load_channel_file("good.json")
    return (
        load_mailing_file(name, channel) if name.startswith("mailing-") else validate_audience(name, channel)
    )


def faults_of(name: str) -> FileFaults:
    """What loading the file raises."""
    with pytest.raises(FileFaults) as caught:
        load(name)
    return caught.value


@pytest.mark.parametrize("name", CASES)
def test_frames_are_as_written_beside_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    expected = Path(name + ".frame").read_text(encoding="utf-8")
    assert faults_of(name).frames() + "\n" == expected


@pytest.mark.parametrize("name", CASES)
def test_every_fault_has_a_known_code_and_plain_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    for fault in faults_of(name).faults:
        assert fault.code in codes.CODES
        assert fault.to_dict()["name"] == name
        for jargon in ("pydantic", "Input should", "ruamel", "<block", "expected <", "NoneType", "Traceback"):
            assert jargon not in fault.message + (fault.hint or "")


def test_every_code_of_the_registry_is_shown_by_some_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    shown = {fault.code for name in CASES for fault in faults_of(name).faults}
    without_a_small_file = {codes.UNREADABLE, codes.ROW_TOO_LARGE}
    of_settings = {codes.SETTING_UNKNOWN, codes.SETTING_VALUE, codes.SETTING_SYNTAX}
    of_requests = {code for code in codes.CODES if code.startswith("C7")}
    assert set(codes.CODES) - shown == without_a_small_file | of_settings | of_requests


def test_no_frame_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    frames = faults_of("mailing-secret.json").frames()
    assert "ABC123" not in frames
    assert "sender.key" in frames
