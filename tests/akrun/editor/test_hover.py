"""What is said of the part of a file under the pointer."""

import pytest

from akrun.editor.documents import Document
from akrun.editor.hover import hover
from tests.akrun.editor.channels import CHANNEL, YAML, at, known, typed


def shown(document: Document, offset: int) -> str:
    found = hover(document, offset)
    return "" if found is None else found.text


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('"url": "$sender.u¦rl"', "`$sender.url`: string\n\nAddress of the service"),
        ('! $sender.k¦ey"', "Secret: never shown"),
        ('"to": "$sub¦scription.phone"', "* `phone`: string"),
        ("campaign.category.i¦d", "`$campaign.category.id`: int"),
        ("$in.sta¦tus", "`$in.status`: int"),
        ('"success": 2¦', "pipe 2: http_request"),
        ('"out": ¦4', "pipe 4: event"),
        ('"action_type": 1¦', "event `1`: Sent"),
        ('"entity": "cat¦egory"', "entity `category`: Category"),
        ('"type": "sel¦ector"', "**selector** — Takes the exit of the first query"),
        ('"con¦tent_type"', "`content_type`: text"),
        ('"commu¦nication"', "`communication`: text, required\n\nDirect: one message per profile."),
    ],
)
def test_hover(marked: str, expected: str) -> None:
    assert expected in shown(*at(marked))


def test_hover_of_a_function_shows_its_signature_and_examples() -> None:
    text = shown(*typed("${profile.name ?? 'friend'}", "${profile.name | upp¦er}"))
    assert text == ""  # nothing is known of what is being typed
    document = known(CHANNEL.replace("${profile.name ?? 'friend'}", "${profile.name | upper}"))
    text = shown(document, document.text.index("upper"))
    assert text.startswith("```aktmpl\nupper(text: string) -> string\n```\n")
    assert "→" in text


def test_hover_moves_with_what_is_typed_before_it() -> None:
    document, _ = typed('"name": "Пример 🚀",', '"name": "Another,¦')
    assert document.current() is None
    found = hover(document, document.text.index('"$sender.url"') + 10)
    assert found is not None
    assert document.text[found.span.start : found.span.end] == "sender.url"


def test_yaml() -> None:
    assert "`$sender.url`: string" in shown(*at("see ${sender.u¦rl}", YAML, "channel.yaml"))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1]"])
def test_other_texts_give_nothing(text: str) -> None:
    assert hover(Document.examined("x.json", text), 1) is None
