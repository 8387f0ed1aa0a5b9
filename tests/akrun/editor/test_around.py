"""Which files are a channel's."""

from pathlib import Path

import pytest

from akrun.editor.around import Around
from akrun.editor.documents import Document
from tests.akrun.editor.channels import CHANNEL, MAILING, TEST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A channel, a mailing, a test, and files that are none of these."""
    texts = {
        "channel.json": CHANNEL,
        "mailing.json": MAILING,
        "channel.test.yaml": TEST,
        "package.json": "{}",
        "notes-on-mailing.yaml": "a: [",
        "other.test.yaml": TEST.replace("channel.json", "../channel.json"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def read(path: Path) -> Document:
    return Document.examined(str(path), path.read_text(encoding="utf-8"))


def names(found: list[Document]) -> list[str]:
    return [Path(each.name).name for each in found]


def test_mailings_and_tests_beside_a_channel(folder: Path) -> None:
    around, channel = Around(), read(folder / "channel.json")
    assert names(around.users_of(channel, {})) == [
        "channel.test.yaml",
        "mailing.json",
        "notes-on-mailing.yaml",
    ]
    for name in ("mailing.json", "channel.test.yaml"):
        found = around.channel_of(read(folder / name), {})
        assert found is not None
        assert (found.name, found.text) == (channel.name, CHANNEL)
    assert around.channel_of(read(folder / "other.test.yaml"), {}) is None


def test_a_mailing_beside_two_channels_is_of_neither(folder: Path) -> None:
    (folder / "second-channel.json").write_text(CHANNEL, encoding="utf-8")
    around = Around()
    assert around.channel_of(read(folder / "mailing.json"), {}) is None
    assert names(around.users_of(read(folder / "channel.json"), {})) == ["channel.test.yaml"]


def test_open_files_are_taken_as_they_are_and_others_as_they_are_on_the_disk(folder: Path) -> None:
    around, mailing = Around(), read(folder / "mailing.json")
    name = str(folder / "channel.json")
    for text in (CHANNEL, CHANNEL + "\n"):
        (folder / "channel.json").write_text(text, encoding="utf-8")
        found = around.channel_of(mailing, {})
        assert found is not None
        assert found.text == text
    opened = Document.examined(name, CHANNEL + "\n\n")
    assert around.channel_of(mailing, {name: opened}) is opened
    (folder / "channel.json").unlink()
    assert around.channel_of(mailing, {}) is None


def test_a_folder_that_is_not_there() -> None:
    document = Document.examined("/nowhere/channel.json", CHANNEL)
    assert Around().users_of(document, {}) == []
