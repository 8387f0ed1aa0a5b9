"""Mailings and test files beside a channel: what is said of them, and names that reach across files."""

from dataclasses import replace

import pytest

from akrun.editor.completion import complete
from akrun.editor.diagnostics import check, diagnostics
from akrun.editor.documents import Document
from akrun.editor.hover import hover
from akrun.editor.outside import declaration, file_at, mention_at, rename_everywhere, uses
from akrun.editor.rename import CannotRenameError
from tests.akrun.editor.channels import CHANNEL, MAILING, MARK, TEST, known


def opened(name: str, marked: str, channel: str = CHANNEL) -> tuple[Document, int]:
    """A file beside the channel, and where its mark is."""
    text = marked.replace(MARK, "")
    found = replace(Document.examined(name, text), channel=known(channel))
    return replace(found, findings=check(found)[0]), max(0, marked.find(MARK))


def mailing(before: str = "", after: str = "") -> tuple[Document, int]:
    assert before in MAILING
    return opened("mailing.json", MAILING.replace(before, after, 1))


def case(before: str = "", after: str = "") -> tuple[Document, int]:
    assert before in TEST
    return opened("channel.test.yaml", TEST.replace(before, after, 1))


def said(document: Document) -> list[tuple[str, str]]:
    return [(each.code, document.text[each.span.start : each.span.end]) for each in diagnostics(document)]


def test_files_that_are_right() -> None:
    assert said(mailing()[0]) == []
    assert said(case()[0]) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ('"name": "May"', '"nam": "May"', [("C301", "{"), ("C302", '"nam"')]),
        ('"2030-01-31T09:00:00"', '"soon"', [("C305", '"soon"')]),
        ('"url": "https://x.example", ', "", [("C311", "{")]),
        ('"key": "env:KEY"', '"kye": "env:KEY"', [("C312", '"kye"'), ("C311", "{")]),
        ('"id": 3', '"id": "3"', [("C313", '"3"')]),
        ('"name": "May",', '"name": "May", "campaign_type": "trigger",', [("C304", '"trigger"')]),
        ('"audience.jsonl"\n', '"audience.jsonl",\n', [("C105", ",")]),
    ],
)
def test_faults_of_mailings(before: str, after: str, found: list[tuple[str, str]]) -> None:
    assert sorted(said(mailing(before, after)[0])) == sorted(found)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ('    profile: {id: p}\n    subscription: {phone: "+1"}\n', "", [("C805", "n")]),
        ("    expect: {path: [11, 12, 13]}\n", "    expect: {pth: [11, 12, 13]}\n", [("C802", "pth")]),
        ("!glob", "!globe", [("C109", '!globe "https://*"')]),
        ("  mailing: mailing.json\n", "  mailing: {sender: {ulr: x}}\n", [("C312", "ulr")]),
    ],
)
def test_faults_of_tests(before: str, after: str, found: list[tuple[str, str]]) -> None:
    assert said(case(before, after)[0]) == found


def test_a_test_whose_channel_is_not_there() -> None:
    document = replace(case()[0], channel=None)
    assert said(replace(document, findings=check(document)[0])) == [("C807", "channel.json")]


def labels(given: tuple[Document, int]) -> list[str]:
    return [each.label for each in complete(*given)]


def test_completion_in_a_mailing() -> None:
    found = labels(mailing('"id": 1, ', f'{MARK}"id": 1, '))
    assert {"template", "options"} <= {*found}
    assert "schedule" not in found
    assert labels(mailing('"url": "https://x.example", ', f"{MARK}")) == ["url"]
    assert labels(mailing('{"id": 3, "title": "News"}', f'{{"id": 3}}, {MARK}')) == []
    assert labels(mailing('"button": {"url": "y"}', f'"button": {{{MARK}}}')) == ["url"]
    assert labels(mailing('"2030-01-31T09:00:00"', f'"x", {MARK}')) == ["stop_time", "time_zone"]
    assert labels(mailing('"name": "May",', f'"campaign_type": "{MARK}",')) == ["regular"]


def test_completion_in_a_test() -> None:
    assert {"steps", "sql", "callback"} <= {*labels(case("    profile: {id: p}\n", f"    {MARK}\n"))}
    assert "profile" in labels(case("    profile: {id: p}\n", f"    {MARK}\n"))
    found = labels(case('set: {sender.url: "https://z.example"', f"set: {{{MARK}"))
    assert found == ["campaign.category", "sender.url", "sender.key"]
    assert labels(case("category.list", MARK)) == ["category.list"]
    assert labels(case("[1, 2, 3, 4]", f"[1, {MARK}]")) == ["1", "2", "3", "4", "11", "12", "13"]
    assert "fault" in labels(case("{json: !exact {id: 1}}", f"{{{MARK}}}"))
    assert {"method", "headers", "json"} <= {
        *labels(case('{url: !glob "https://*", pipe: 2}', f"{{{MARK}}}"))
    }
    assert labels(case('{phone: "+1"}', f"{{{MARK}}}")) == ["phone"]


def hovered(given: tuple[Document, int]) -> str:
    found = hover(*given)
    return "" if found is None else found.text


def test_hover() -> None:
    assert hovered(mailing('"url": "h', f'"u{MARK}rl": "h')) == "`url`: string\n\nAddress of the service"
    assert "Secret" in hovered(mailing('"key"', f'"k{MARK}ey"'))
    assert "When it runs." in hovered(mailing('"schedule"', f'"sch{MARK}edule"'))
    assert hovered(case("[1, 2", f"[{MARK}1, 2")) == "pipe 1: pack: Make it"
    assert "`expect`: object" in hovered(case("expect:", f"exp{MARK}ect:"))
    assert hovered(case("sender.url", f"sender.u{MARK}rl")).startswith("`url`: string")


@pytest.mark.parametrize(
    ("given", "declared"),
    [
        (mailing('"url": "h', f'"u{MARK}rl": "h'), "url"),
        (mailing('"button": {"url"', f'"button": {{"u{MARK}rl"'), "button.url"),
        (mailing('"title"', f'"tit{MARK}le"'), "title"),
        (case("sender.button.url", f"sender.button.u{MARK}rl"), "button.url"),
        (case("pipe: 2", f"pipe: {MARK}2"), "2"),
        (case("[11, 12", f"[1{MARK}1, 12"), "11"),
        (case("category.list", f"cate{MARK}gory.list"), "category"),
        (case("{query: n}", f"{{que{MARK}ry: n}}"), "query"),
        (case('{phone: "+1"}', f'{{ph{MARK}one: "+1"}}'), "phone"),
    ],
)
def test_definition(given: tuple[Document, int], declared: str) -> None:
    found = mention_at(*given)
    assert found is not None
    place = declaration(given[0].channel, found[0].symbol)
    assert place is not None
    assert CHANNEL[place.span.start : place.span.end] == declared


def test_the_file_that_a_test_names() -> None:
    found = file_at(*case("channel: ch", f"channel: c{MARK}h"))
    assert found is not None
    assert found.document.name == "channel.json"
    assert file_at(*case("mailing.json", f"mailing{MARK}.json")) is None


def renamed(marked: str, name: str) -> dict[str, str]:
    """The texts of all files after a renaming in the channel."""
    channel = known()
    piece = marked.replace(MARK, "")
    assert CHANNEL.count(piece) == 1
    offset = CHANNEL.index(piece) + marked.index(MARK)
    texts = {}
    for document, edits in rename_everywhere(channel, offset, name, [mailing()[0], case()[0]]):
        text = document.text
        for edit in reversed(edits):
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        texts[document.name] = text
    return texts


def test_renaming_a_field_follows_into_mailings_and_tests() -> None:
    texts = renamed(f'"name": "u{MARK}rl"', "address")
    assert '"sender": {"address": "https://x.example"' in texts["mailing.json"]
    assert "set: {sender.address: " in texts["channel.test.yaml"]
    assert '"$sender.address"' in texts["channel.json"]
    texts = renamed(f'"name": "button.{MARK}url"', "button.link")
    assert '"button": {"link": "y"}' in texts["mailing.json"]
    assert "sender.button.link: y" in texts["channel.test.yaml"]
    texts = renamed(f'"name": "ti{MARK}tle"', "label")
    assert texts["mailing.json"] == MAILING.replace('"title"', '"label"')


def test_renaming_a_pipe_follows_into_tests() -> None:
    texts = renamed(f'"id": {MARK}2, "type"', "20")
    assert texts["channel.test.yaml"] == TEST.replace("[1, 2, 3", "[1, 20, 3").replace("pipe: 2", "pipe: 20")
    assert "mailing.json" not in texts
    texts = renamed(f'"id": {MARK}12, "type"', "20")
    assert texts["channel.test.yaml"] == TEST.replace("[11, 12", "[11, 20")


def test_a_name_that_a_mailing_cannot_follow_is_refused() -> None:
    with pytest.raises(CannotRenameError, match=r"mailing\.json gives it a value: only its last segment"):
        renamed(f'"name": "button.{MARK}url"', "link.url")
    with pytest.raises(CannotRenameError, match=r"mailing\.json gives it a value: it cannot go"):
        renamed(f'"name": "k{MARK}ey"', "auth.key")


def test_references_are_found_in_every_file() -> None:
    given = mailing()[0], case()[0]
    named = mention_at(*mailing('"url": "h', f'"u{MARK}rl": "h'))
    assert named is not None
    found = [
        (each.document.name, each.document.text[each.span.start : each.span.end])
        for each in uses(named[0].symbol, known(), given)
    ]
    assert found == [("mailing.json", "url"), ("channel.test.yaml", "url")]
