"""Every place that names the same."""

import pytest

from akrun.editor.documents import Document
from akrun.editor.references import references
from tests.akrun.editor.channels import CHANNEL, YAML, at


def around(document: Document, offset: int, *, declaration: bool = True) -> list[str]:
    """What each reference stands behind on its line, and itself."""
    found = references(document, offset, declaration=declaration)
    return [document.text[span.start - 8 : span.end] for span in found]


def test_of_a_field() -> None:
    document, offset = at('! $sender.k¦ey"')
    assert around(document, offset) == ['name": "key', "$sender.key", "$sender.key"]
    assert around(document, offset, declaration=False) == ["$sender.key", "$sender.key"]
    assert around(document, CHANNEL.index('"key"') + 2) == around(document, offset)


def test_of_a_pipe() -> None:
    document, offset = at('"id": ¦4, "type": "event"')
    assert around(document, offset) == ['error": 4', 'error": 4', ' "out": 4', ' {"id": 4']


def test_yaml() -> None:
    document, offset = at("see ${sender.u¦rl}", YAML, "channel.yaml")
    assert around(document, offset) == [", name: url", "{sender.url", "$sender.url"]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1]"])
def test_other_texts_give_nothing(text: str) -> None:
    assert references(Document.examined("x.json", text), 1) == []
