"""Where the definition of what is named is."""

import pytest

from akrun.editor.definition import definition
from akrun.editor.documents import Document
from tests.akrun.editor.channels import YAML, at


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('"url": "$sender.u¦rl"', ['"name": "url']),
        ('"success": 2¦', ['"id": 2']),
        ('"out": ¦4', ['"id": 4']),
        ("campaign.category.i¦d", ['"name": "id']),
        ("campaign.cate¦gory.id", ['"name": "category']),
        ("$in.sta¦tus", ['"id": 2']),
        ('"$in.que¦ry"', ['"name": "query']),
        ('"entity": "cat¦egory"', ['"shortname": "category']),
        ('"preview": "tit¦le"', ['"name": "title']),
        ('"action_type": 1¦', ['"id": 1']),
        ('"to": "$sub¦scription.phone"', ['"subscription']),
        ("pro¦file.name", []),
        ('"comm¦unication"', []),
    ],
)
def test_definition(marked: str, expected: list[str]) -> None:
    document, offset = at(marked)
    found = definition(document, offset)
    assert len(found) == len(expected)
    for span, each in zip(found, expected, strict=True):
        assert document.text[: span.end].endswith(each)


def test_yaml() -> None:
    document, offset = at("see ${sender.u¦rl}", YAML, "channel.yaml")
    assert [document.text[each.start : each.end] for each in definition(document, offset)] == ["url"]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1]"])
def test_other_texts_give_nothing(text: str) -> None:
    assert definition(Document.examined("x.json", text), 1) == []
