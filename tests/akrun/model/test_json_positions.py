"""The JSON reader: the value is JSON's, and every character of a text knows where it is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.errors import FileFaults
from akrun.model import codes, parse_located
from akrun.model.json_positions import read_json
from akrun.model.positions import BrokenTextError, from_pointer, to_pointer
from aktmpl.source import Span

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SHORT_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip


class Writer:
    """Writes a value with drawn white space and escapes, and notes where each character of a text went."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.places: dict[tuple[str, bool], list[int]] = {}
        self.spans: dict[str, Span] = {}

    def space(self) -> None:
        self.text += self.draw(st.text(" \t\r\n", max_size=2))

    def write(self, value: Any, pointer: str) -> None:
        start = len(self.text)
        if isinstance(value, str):
            self.places[pointer, False] = self.string(value)
        elif isinstance(value, dict):
            self.text += "{"
            for number, (key, item) in enumerate(value.items()):
                self.text += "," if number else ""
                self.space()
                inner = f"{pointer}{to_pointer([key])}"
                self.places[inner, True] = self.string(key)
                self.space()
                self.text += ":"
                self.space()
                self.write(item, inner)
                self.space()
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, item in enumerate(value):
                self.text += "," if number else ""
                self.space()
                self.write(item, f"{pointer}/{number}")
                self.space()
            self.text += "]"
        else:
            self.text += json.dumps(value)
        self.spans[pointer] = Span(start, len(self.text))

    def string(self, value: str) -> list[int]:
        self.text += '"'
        offsets: list[int] = []
        for char in value:
            offsets.append(len(self.text))
            must = char in '"\\' or char < " "
            forms = [char] if not must else []
            forms += [SHORT_ESCAPES[char]] if char in SHORT_ESCAPES else []
            units = char.encode("utf-16-be")
            escaped = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
            self.text += self.draw(st.sampled_from([*forms, escaped, escaped.upper().replace("U", "u")]))
        offsets.append(len(self.text))
        self.text += '"'
        return offsets


@st.composite
def written(draw: st.DrawFn) -> tuple[Any, Writer]:
    value = draw(VALUES)
    writer = Writer(draw)
    writer.space()
    writer.write(value, "")
    writer.space()
    return value, writer


@given(written())
def test_value_and_every_place_are_those_of_the_text(case: tuple[Any, Writer]) -> None:
    value, writer = case
    document, faults = parse_located(writer.text, "f.json")
    assert faults == ()
    assert document.value == json.loads(writer.text) == value
    for pointer, span in writer.spans.items():
        assert document.span(pointer) == span
    for (pointer, is_key), offsets in writer.places.items():
        origin = document.origin(pointer, is_key)
        assert origin is not None
        assert list(origin.offsets) == offsets


@given(st.text('{}[]":,\\ntrue10.-eu" \n', max_size=40))
def test_reads_exactly_what_json_loads_reads(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(BrokenTextError):
            read_json(text)
    else:
        assert read_json(text).value == expected


@given(st.lists(TEXTS | st.integers(0, 99)))
def test_pointers_read_back(steps: list[str | int]) -> None:
    assert from_pointer(to_pointer(steps)) == tuple(map(str, steps))


def test_text_that_is_no_pointer_is_refused() -> None:
    with pytest.raises(ValueError, match="not a JSON pointer"):
        from_pointer("name")


@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}")])
def test_ten_thousand_levels_are_a_fault_and_no_recursion(opener: str, closer: str) -> None:
    with pytest.raises(BrokenTextError) as caught:
        read_json(opener * 10_000 + "1" + closer * 10_000)
    assert caught.value.trouble.code == codes.TOO_LARGE
    assert caught.value.trouble.span.start == 64 * len(opener)


def test_sixty_four_levels_are_read() -> None:
    text = "[" * 64 + "]" * 64
    assert read_json(text).value == json.loads(text)


def test_a_text_of_a_million_characters_has_its_places() -> None:
    body = "a" * 500_000 + "\\n" + "б" * 500_000
    document, _ = parse_located(f'{{"k": "{body}"}}', "f.json")
    origin = document.origin("/k")
    assert origin is not None
    assert len(origin.offsets) == 1_000_002
    assert origin.offsets[500_001] == 7 + 500_002


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ud83d\\ud83d", "\\ud83dx", "\\ude00\\ud83d"])
def test_half_a_surrogate_pair_is_a_fault(half: str) -> None:
    _, faults = parse_located(f'["{half}"]', "f.json")
    assert {fault.code for fault in faults} == {codes.LONE_SURROGATE}


def test_a_pair_of_surrogates_is_one_character_with_one_place() -> None:
    document, faults = parse_located('["a\\uD83D\\ude00b"]', "f.json")
    origin = document.origin("/0")
    assert faults == ()
    assert document.value == ["a😀b"]
    assert origin is not None
    assert list(origin.offsets) == [2, 3, 15, 16]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file ends where a value is expected"),
        ("[1,", "the file ends where a value is expected"),
        ("[1 2]", "a comma is missing here"),
        ("[,1]", "a value is missing before `,`"),
        ("[1,,2]", "a value is missing before `,`"),
        ("{,}", "one comma too many"),
        ('{"a" 1}', "a colon is missing after the key"),
        ('{"a"=1}', "`=` after a key"),
        ('["a": 1]', "a colon inside a list"),
        ("[01]", "`01` is no number"),
        ("[.5]", "`.5` is no number"),
        ("[1.]", "`1.` is no number"),
        ("[0x1F]", "`0x1F` is no number"),
        ("[-]", "`-` is no number"),
        ("[1e999]", "the number is too large"),
        ("[" + "9" * 5000 + "]", "a number of more than 400 digits"),
        ('["\t"]', "a tab inside a text"),
        ('["\x00"]', "the control character U+0000 inside a text"),
        ('["\\u12"]', "\\u needs four hexadecimal digits"),
        ('["\\x41"]', "`\\x` is no escape of JSON"),
        ('["abc', "the text has no closing quote on its line"),
        ('["abc\\', "the text has no closing quote on its line"),
        ("[“a”]", "the typographic quote “"),
        ("['a']", "text in single quotes"),
        ("[Infinity]", "JSON has no `Infinity`"),
        ("[None]", "`None` is no JSON value"),
        ("[nulls]", "`nulls` is no JSON value"),
        ("[1]]", "a closing `]` too many"),
        ("[@]", "no value starts with `@`"),
        ("{[1]: 2}", "a key in double quotes is expected, not `[`"),
        ("[1 /* one */]", "JSON has no comments"),
        ("[1] # end", "JSON has no comments"),
        ("[1 = 2]", "`=` is not JSON"),
    ],
)
def test_each_slip_has_its_words(text: str, words: str) -> None:
    with pytest.raises(BrokenTextError) as caught:
        read_json(text)
    assert caught.value.trouble.message == words


@pytest.mark.parametrize("text", ["{", '{"a": [1, 2}', "[1,]", '["\\ud83d", "\\ud83d"', "nul"])
def test_broken_text_shows_a_frame(text: str) -> None:
    with pytest.raises(FileFaults) as caught:
        parse_located(text, "f.json")
    assert caught.value.frames().startswith("f.json:1:")
    assert "^" in str(caught.value)
