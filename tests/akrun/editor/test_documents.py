"""What is known of a file while it is typed: offsets of then and now."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.editor.documents import Document
from aktmpl.source import Span

OLD = '{"a": 1, "b": [2, 3]}'


NEW = {
    "same": OLD,
    "longer": '{"aaa": 1, "b": [2, 3]}',
    "shorter": '{ "b": [2, 3]}',
    "nothing": "",
    "other": "x",
    "after": OLD + " ",
    "before": " " + OLD,
    "cut": '{"a": 1, "b": [2, 3',
}


@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
def test_what_is_the_same_is_found_again(new: str) -> None:
    document = replace(Document.examined("x.json", OLD), text=new)
    for word in ('"b"', "[2, 3"):
        if word in new:
            start = OLD.index(word)
            moved = document.now(Span(start, start + len(word)))
            assert new[moved.start : moved.end] == word
            assert document.then(new.index(word)) == start


@given(st.text(alphabet="ab", max_size=12), st.text(alphabet="ab", max_size=12))
def test_offsets_stay_in_order_and_inside(old: str, new: str) -> None:
    start = replace(Document.examined("x.json", f'"{old}"'), text=f'"{new}"')
    moved = [start.now(Span(at, at)).start for at in range(len(old) + 3)]
    assert moved == sorted(moved)
    assert moved[0] == 0
    assert moved[-1] == len(new) + 2
    back = [start.then(at) for at in range(len(new) + 3)]
    assert back == sorted(back)
    assert (back[0], back[-1]) == (0, len(old) + 2)


def test_a_file_is_json_unless_its_name_says_yaml() -> None:
    assert [Document.opened(name, "").is_json for name in ("a.json", "a.yaml", "A.YML", "a")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_is_a_channel_by_its_name_only() -> None:
    names = ("channel.json", "x.channel.yaml", "x.json")
    assert [Document.opened(name, "{").is_channel for name in names] == [True, True, False]
    assert not Document.examined("channel.json", '{"name": "x"}').is_channel
