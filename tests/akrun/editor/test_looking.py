"""The process that looks at files."""

import pytest

from akrun.editor import looking
from akrun.editor.documents import Document
from akrun.editor.looking import Found, Looker, examine
from akrun.editor.types import Types
from tests.akrun.editor.channels import CHANNEL

FAULTY = CHANNEL.replace("$sender.key", "$sender.yek")


async def test_it_finds_what_is_found_here() -> None:
    looker = Looker()
    for text in (CHANNEL, FAULTY, "{", CHANNEL):
        document = Document.opened("channel.json", text)
        here = [*examine(document)]
        there: list[Found] = []
        await looker.look(document, there.append)
        assert [type(each) for each in there] == [type(each) for each in here]
        assert there[0] == here[0]
        if isinstance(here[-1], Types):
            known = there[-1]
            assert isinstance(known, Types)
            path = ("pipelines", "message", 0, "params", "template", "to")
            assert known.schema(path, 1).scope == here[-1].schema(path, 1).scope
    await looker.close()


async def test_one_that_has_died_is_replaced() -> None:
    looker = Looker()
    document = Document.opened("channel.json", FAULTY)
    for _ in range(2):
        found: list[Found] = []
        await looker.look(document, found.append)
        assert found
        assert () not in found
        await looker.close()


def test_a_fault_of_ours_is_logged_and_editing_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(looking, "check", fail)
    monkeypatch.setattr(Types, "of", fail)
    assert [*examine(Document.opened("channel.json", CHANNEL))] == [()]
    assert [record.message for record in caplog.records] == [
        "channel.json could not be checked",
        "channel.json could not be followed",
    ]
