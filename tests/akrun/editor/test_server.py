"""A server in a process of its own, spoken to as an editor does."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.akrun.editor.channels import CHANNEL, MAILING, TEST, YAML
from tests.akrun.editor.client import Client, RefusedError, position, serving

URI = "file:///channels/channel.json"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """One server for all; a test opens a file and closes it."""
    with serving() as found:
        yield found


@pytest.fixture
def opened(client: Client) -> Iterator[Client]:
    """The channel is open, and looked at."""
    client.open(URI, CHANNEL)
    assert client.diagnostics(URI) == []
    yield client
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert client.diagnostics(URI) == []


def insertion(text: str, offset: int, typed: str) -> dict[str, Any]:
    line, character = position(text, offset)
    place = {"line": line, "character": character}
    return {"range": {"start": place, "end": place}, "text": typed}


def within(text: str, given: dict[str, Any]) -> str:
    """What stands at a range of one line."""
    row = text.split("\n")[given["start"]["line"]].encode("utf-16-le")
    start, end = given["start"]["character"], given["end"]["character"]
    return bytes(row[start * 2 : end * 2]).decode("utf-16-le")


def test_faults_come_and_go_as_they_are_typed(opened: Client) -> None:
    offset = CHANNEL.index("$sender.key") + len("$sender.key")
    opened.change(URI, insertion(CHANNEL, offset, "s"))
    (found,) = opened.diagnostics(URI)
    assert (found["severity"], found["code"], found["source"]) == (1, "L302", "akrun")
    changed = CHANNEL[:offset] + "s" + CHANNEL[offset:]
    assert within(changed, found["range"]).endswith("keys")
    opened.change(URI, {"text": "{"})
    (found,) = opened.diagnostics(URI)
    assert found["code"].startswith("C1")
    opened.change(URI, {"text": CHANNEL})
    assert opened.diagnostics(URI) == []


def test_completion_at_once_after_a_change_that_breaks_the_file(opened: Client) -> None:
    offset = CHANNEL.index('"url": "$sender.url"') + len('"url": "$sender.')
    line, character = position(CHANNEL, offset)
    end = {"line": line, "character": character + len('url", "method": "POST",')}
    opened.change(URI, {"range": {"start": {"line": line, "character": character}, "end": end}, "text": ""})
    found = opened.at("completion", URI, (line, character))
    assert [each["label"] for each in found["items"]] == ["url", "key", "button"]
    assert found["items"][0]["detail"] == "string"
    assert found["items"][0]["textEdit"]["newText"] == "url"
    assert opened.diagnostics(URI) != []


def test_columns_are_utf_16(opened: Client) -> None:
    place = position(CHANNEL, CHANNEL.index("profile.name ??") + 9)
    row = CHANNEL.split("\n")[place[0]]
    assert "🚀" in row[: place[1]]
    found = opened.at("hover", URI, place)
    assert "`$profile.name`" in found["contents"]["value"]
    assert within(CHANNEL, found["range"]) == "profile.name"


def test_definition_references_and_highlighting(opened: Client) -> None:
    place = position(CHANNEL, CHANNEL.index("! $sender.key") + 11)
    (found,) = opened.at("definition", URI, place)
    assert found["uri"] == URI
    assert within(CHANNEL, found["range"]) == "key"
    found = opened.at("references", URI, place, context={"includeDeclaration": True})
    assert [within(CHANNEL, each["range"]) for each in found] == ["key"] * 3
    data = opened.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})["data"]
    assert len(data) % 5 == 0
    assert len(data) > 100
    line, character = position(CHANNEL, CHANNEL.index('"text"'))
    part = {"start": {"line": line, "character": character}, "end": {"line": line, "character": 200}}
    few = opened.request("textDocument/semanticTokens/range", {"textDocument": {"uri": URI}, "range": part})
    assert 0 < len(few["data"]) < len(data)


def test_renaming(opened: Client) -> None:
    place = position(CHANNEL, CHANNEL.index("! $sender.key") + 11)
    assert within(CHANNEL, opened.at("prepareRename", URI, place)) == "key"
    found = opened.at("rename", URI, place, newName="token")
    assert [each["newText"] for each in found["changes"][URI]] == ["token"] * 3
    with pytest.raises(RefusedError, match="there is a field `url` already") as error:
        opened.at("rename", URI, place, newName="url")
    assert error.value.code == -32803
    assert opened.at("prepareRename", URI, (0, 0)) is None


def test_mending(opened: Client) -> None:
    old = CHANNEL.replace('"pack", "label"', '"packer", "label"')
    opened.change(URI, {"text": old})
    (found,) = opened.diagnostics(URI)
    assert found["code"] == "L701"
    params = {"textDocument": {"uri": URI}, "range": found["range"], "context": {"diagnostics": [found]}}
    (action,) = opened.request("textDocument/codeAction", params)
    assert action["kind"] == "quickfix"
    assert [each["newText"] for each in action["edit"]["changes"][URI]] == ["pack"]
    everything = {**params, "context": {"diagnostics": [], "only": ["source.fixAll"]}}
    (action,) = opened.request("textDocument/codeAction", everything)
    assert action["kind"] == "source.fixAll.akrun"


def test_yaml_by_its_language_whatever_its_name(client: Client) -> None:
    uri = "untitled:Untitled-1"
    client.open(uri, YAML, "yaml")
    assert client.diagnostics(uri) == []
    place = position(YAML, YAML.index("${sender.url}") + 10)
    assert "`$sender.url`: string" in client.at("hover", uri, place)["contents"]["value"]


def test_files_that_are_no_channels_and_files_that_are_not_open(client: Client) -> None:
    uri = "file:///channels/package.json"
    client.open(uri, '{"name": "x", "version": 1')
    assert client.diagnostics(uri) == []
    assert client.at("completion", uri, (0, 2))["items"] == []
    for method in ("hover", "completion"):
        assert client.at(method, "file:///nowhere.json", (0, 0)) is None
    assert client.at("definition", "file:///nowhere.json", (0, 0)) == []


def test_a_client_that_counts_bytes() -> None:
    with serving(encodings=("utf-8", "utf-16")) as client:
        client.open(URI, CHANNEL)
        offset = CHANNEL.index("profile.name ??") + 9
        row = CHANNEL[CHANNEL.rfind("\n", 0, offset) + 1 : offset]
        place = CHANNEL.count("\n", 0, offset), len(row.encode())
        assert client.diagnostics(URI) == []
        assert "`$profile.name`" in client.at("hover", URI, place)["contents"]["value"]


def test_a_file_that_is_closed_while_it_is_looked_at(client: Client) -> None:
    closed, faulty, right = (f"file:///channels/{name}.json" for name in ("closed", "faulty", "right"))
    text = CHANNEL.replace("$sender.key", "$sender.yek")
    for _ in range(3):
        client.open(closed, text)
        client.at("hover", closed, (0, 0))
        client.notify("textDocument/didClose", {"textDocument": {"uri": closed}})
        client.open(faulty, text)
        client.open(right, CHANNEL)
        found = client.diagnostics_of(faulty, right)
        assert [each["code"] for each in found[faulty]] == ["L301", "L302", "L302"]
        assert found[right] == []
        for uri in (faulty, right):
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            assert client.diagnostics(uri) == []


def test_aktmpl_starts_the_same_server() -> None:
    with serving(sys.executable, "-m", "aktmpl", "lsp", "--stdio") as client:
        client.open(URI, CHANNEL)
        assert client.diagnostics(URI) == []


def test_files_around_a_channel(client: Client, tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("channel.json", "mailing.json", "channel.test.yaml")}
    texts = {"channel.json": CHANNEL, "mailing.json": MAILING, "channel.test.yaml": TEST}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    channel, mailing, test = (path.as_uri() for path in paths.values())
    client.open(mailing, MAILING)
    assert client.diagnostics(mailing) == []
    place = position(MAILING, MAILING.index('"key"') + 2)
    (found,) = client.at("definition", mailing, place)
    assert (found["uri"], within(CHANNEL, found["range"])) == (channel, "key")
    found = client.at("references", mailing, place, context={"includeDeclaration": True})
    assert [each["uri"] for each in found] == [channel] * 3 + [mailing]
    place = position(MAILING, MAILING.index('"url"') + 2)
    assert within(MAILING, client.at("prepareRename", mailing, place)) == "url"
    found = client.at("rename", mailing, place, newName="address")["changes"]
    assert {uri: [each["newText"] for each in edits] for uri, edits in found.items()} == {
        channel: ["address"] * 2,
        mailing: ["address"],
        test: ["address"],
    }
    renamed = CHANNEL.replace('"name": "url"', '"name": "address"').replace("$sender.url", "$sender.address")
    client.open(channel, renamed)
    (first, second) = client.diagnostics(mailing)
    assert {first["code"], second["code"]} == {"C311", "C312"}
    client.open(test, TEST, "yaml")
    assert client.diagnostics(test) == []
    place = position(TEST, TEST.index("channel.json") + 2)
    (found,) = client.at("definition", test, place)
    assert found["uri"] == channel
    for uri in (channel, mailing, test):
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        while client.diagnostics(uri):
            pass
