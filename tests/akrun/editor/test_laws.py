"""Whatever is typed, nothing fails: neither a feature nor the server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.editor import convert
from akrun.editor.actions import actions, fix_all
from akrun.editor.completion import complete
from akrun.editor.definition import definition
from akrun.editor.diagnostics import check, diagnostics
from akrun.editor.documents import Document
from akrun.editor.hover import hover
from akrun.editor.outside import mention_at
from akrun.editor.references import references
from akrun.editor.rename import CannotRenameError, rename, renamed_span
from akrun.editor.snapshot import Snapshot
from akrun.editor.tokens import tokens
from akrun.editor.types import Types
from aktmpl.source import Span
from tests.akrun.editor.channels import CHANNEL, MAILING, TEST, YAML, known
from tests.akrun.editor.client import Client, position, serving

PIECES = [
    '"', "'", "{", "}", "[", "]", ",", ":", "\n", "  ", "- ", "|", ">", "#", "$", "${", "$#", "$$",
    "$?", "\\",
    "\\u00", "🚀", "я", "\t", "null", "1", '"id": ', '"type": ', '"outs": {"success": 1}', "$sender.",
    "$in.x",
    "| upper", "%0", '"fields": []', '"params": 1', "&a ", "*a", "!x ", "\r\n", "\ufeff", "\x00", "[$]",
    "entity", "selector",
]  # fmt: skip
Edits = list[tuple[float, int, str]]
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES) | st.text(max_size=3)),
    min_size=1,
    max_size=4,
)


def edited(text: str, given: Edits) -> tuple[str, int]:
    """The text after edits, and where the last of them ends."""
    end = 0
    for where, length, typed in given:
        start = int(where * len(text))
        text = text[:start] + typed + text[start + length :]
        end = start + len(typed)
    return text, end


def looked_at(document: Document) -> Document:
    """As a server knows a file after it has been looked at."""
    snapshot = Snapshot.of(document.text, document.name, is_json=document.is_json) or document.snapshot
    document = replace(document, snapshot=snapshot)
    document = replace(document, findings=check(document)[0])
    if snapshot is not None and snapshot.is_channel:
        types = Types.of(snapshot.located)
        document = replace(document, types=types or document.types)
    return document


def ask(document: Document, offset: int) -> None:
    """Everything at an offset; what is given must be inside the text."""
    size = len(document.text)
    spans = [each.span for each in complete(document, offset)]
    convert.completion(document, complete(document, offset))
    shown = hover(document, offset)
    spans += [] if shown is None else [shown.span]
    spans += definition(document, offset) + references(document, offset)
    spans += [each.span for each in tokens(document)] + [each.span for each in diagnostics(document)]
    data = convert.tokens(document, tokens(document)).data
    assert [each for each in data if each < 0] == []
    convert.diagnostics(document, diagnostics(document))
    for action in actions(document, Span(0, size)):
        spans += [each.span for each in action.edits]
    fix_all(document)
    if (renamed := renamed_span(document, offset)) is not None:
        spans.append(renamed)
    for name in ("7", "a.b"):
        try:
            spans += [each.span for each in rename(document, offset, name)]
        except CannotRenameError:
            continue
    if (named := mention_at(document, offset)) is not None:
        spans.append(document.now(named[1]))
    assert [span for span in spans if not 0 <= span.start <= span.end <= size] == []


FILES = {"channel.json": CHANNEL, "channel.yaml": YAML, "mailing.json": MAILING, "channel.test.yaml": TEST}


@given(given=edits, name=st.sampled_from(sorted(FILES)))
@settings(max_examples=40)
def test_no_text_and_no_place_makes_a_feature_fail(given: Edits, name: str) -> None:
    start = known(FILES[name], name)
    if start.kind != "channel":
        start = replace(start, channel=known())
    text, offset = edited(start.text, given)
    document = replace(start, text=text)
    ask(document, offset)
    ask(looked_at(document), offset)
    opened = replace(Document.opened(start.name, text), channel=start.channel)
    ask(looked_at(opened), offset)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """One server for all examples; when it ends, it must do so without an error."""
    with serving() as found:
        yield found


@given(rounds=st.lists(edits, min_size=1, max_size=5))
@settings(max_examples=15)
def test_no_edit_makes_the_server_fail(client: Client, rounds: list[Edits]) -> None:
    uri, methods = "file:///channels/channel.json", ("completion", "hover", "definition", "prepareRename")
    text = CHANNEL
    client.open(uri, text)
    for each in rounds:
        text, offset = edited(text, each)
        text = text.encode("utf-8", "replace").decode()
        client.change(uri, {"text": text})
        for method in methods:
            client.at(method, uri, position(text, offset))  # an error would be raised
        client.request("textDocument/semanticTokens/full", {"textDocument": {"uri": uri}})
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
