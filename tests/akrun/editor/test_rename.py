"""Renaming of pipes and fields."""

import pytest

from akrun.editor.rename import CannotRenameError, rename, renamed_span
from tests.akrun.editor.channels import CHANNEL, YAML, at, typed


def renamed(marked: str, name: str, text: str = CHANNEL, file: str = "channel.json") -> str:
    """The text after a renaming."""
    document, offset = at(marked, text, file)
    text = document.text
    for edit in reversed(rename(document, offset, name)):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def test_renaming_a_field_follows_into_templates() -> None:
    text = renamed('! $sender.k¦ey"', "token")
    assert text == CHANNEL.replace('"name": "key"', '"name": "token"').replace("$sender.key", "$sender.token")
    assert renamed('"name": "k¦ey"', "token") == text


def test_renaming_a_field_with_dots() -> None:
    assert renamed("$sender.button.¦url", "link") == CHANNEL.replace("button.url", "link")
    assert renamed("$sender.button.¦url", "button.link") == CHANNEL.replace("button.url", "button.link")


def test_renaming_a_pipe_follows_its_exits() -> None:
    text = renamed('"id": ¦4, "type": "event"', "40")
    assert text == (
        CHANNEL.replace('"id": 4, "type"', '"id": 40, "type"')
        .replace('"error": 4', '"error": 40')
        .replace('"out": 4', '"out": 40')
    )


@pytest.mark.parametrize(
    ("marked", "name", "reason"),
    [
        ('! $sender.k¦ey"', "url", "there is a field `url` already"),
        ('! $sender.k¦ey"', "button", "there is a field `button.url` already"),
        ('! $sender.k¦ey"', "url.x", "would lie inside the field `url`"),
        ('! $sender.k¦ey"', "a b", "letters, digits"),
        ('"success": 2¦', "3", "has a pipe 3 already"),
        ('"success": 2¦', "two", "a whole number"),
        ("pro¦file.name", "x", "no id of a pipe and no field"),
        ('"entity": "cat¦egory"', "x", "no id of a pipe and no field"),
    ],
)
def test_renaming_that_would_break_the_channel_is_refused(marked: str, name: str, reason: str) -> None:
    document, offset = at(marked)
    with pytest.raises(CannotRenameError, match=reason):
        rename(document, offset, name)


def test_what_can_be_renamed() -> None:
    document, offset = at('! $sender.k¦ey"')
    span = renamed_span(document, offset)
    assert span is not None
    assert document.text[span.start : span.end] == "key"
    assert renamed_span(*at("pro¦file.name")) is None
    broken, offset = typed('"out": 4', '"out": 4¦,')
    assert renamed_span(broken, offset) is None
    with pytest.raises(CannotRenameError, match="keeps it from being read"):
        rename(broken, offset, "5")


def test_yaml() -> None:
    text = renamed("see ${sender.u¦rl}", "address", YAML, "channel.yaml")
    assert text == YAML.replace("name: url", "name: address").replace("sender.url", "sender.address")
