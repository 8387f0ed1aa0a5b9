"""What can be mended from the editor."""

from dataclasses import replace

from akrun.editor.actions import Action, actions, fix_all
from akrun.editor.diagnostics import check, diagnostics, span_of
from akrun.editor.documents import Document
from aktmpl.source import Span
from tests.akrun.editor.channels import CHANNEL, at, known

OLD = CHANNEL.replace('"pack", "label"', '"packer", "label"').replace('"http_request"', '"http_requester"')


def checked(text: str) -> Document:
    document = Document.examined("channel.json", text)
    return replace(document, findings=check(document)[0])


def after(document: Document, action: Action) -> str:
    text = document.text
    for edit in reversed(action.edits):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def test_a_finding_that_can_be_mended_has_an_action_at_its_place() -> None:
    document = checked(OLD)
    place = OLD.index('"packer"')
    (found,) = actions(document, Span(place, place))
    assert found.finding is not None
    assert found.finding.code == "L701"
    assert after(document, found) == OLD.replace('"packer"', '"pack"')
    assert actions(document, Span(0, 5)) == []


def test_all_at_once() -> None:
    document = checked(OLD)
    found = fix_all(document)
    assert found is not None
    assert after(document, found) == CHANNEL
    assert len(found.edits) == 1


def test_nothing_is_offered_where_nothing_is_to_be_mended_or_known() -> None:
    assert fix_all(checked(CHANNEL)) is None
    assert fix_all(known(OLD)) is None
    assert actions(known(OLD), Span(0, len(OLD))) == []


def test_diagnostics_have_place_severity_code_and_hint() -> None:
    text = CHANNEL.replace("$sender.url", "$sender.ulr")
    unused, wrong = diagnostics(checked(text))
    assert (wrong.severity, wrong.code, wrong.unused) == ("error", "L302", False)
    assert text[slice(*wrong.span)] == "$sender.ulr"
    assert wrong.message == "the channel declares no field `sender.ulr`\ndid you mean `url`?"
    assert (unused.severity, unused.code, unused.unused) == ("warning", "L301", True)


def test_a_fault_at_the_very_end_has_a_place_in_the_text() -> None:
    assert (
        check(Document.opened("other.json", '{"pipelines": '))[0] == ()
    )  # nothing says that it is a channel
    document = checked('{"pipelines": ')
    (found,) = diagnostics(document)
    assert found.code.startswith("C1")
    assert 0 <= found.span.start < found.span.end <= len(document.text)


def test_spans_of_findings_are_in_the_file() -> None:
    document, _ = at('"na¦me": "Пример 🚀"', OLD)
    document = replace(document, findings=check(document)[0])
    assert [document.text[slice(*span_of(document, each))] for each in document.findings or ()] == [
        '"packer"',
        '"http_requester"',
    ]
