"""Sources, spans, origins and frames."""

import pytest

from aktmpl.source import Origin, Source, Span, frame, locate, outermost, printable


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (4, (2, 2)), (5, (3, 1)), (6, (4, 1)), (7, (4, 2)), (8, (4, 3))],
)
def test_positions_count_lines_and_characters_from_one(offset: int, expected: tuple[int, int]) -> None:
    assert Source("ab\nя\n\n😀x\n").position(offset) == expected


def test_the_end_of_a_text_has_a_position() -> None:
    assert Source("ab\n").position(3) == (2, 1)
    assert Source("").position(0) == (1, 1)


def test_a_line_is_given_without_its_end() -> None:
    source = Source("one\r\ntwo\nthree")
    assert [source.line(number) for number in (1, 2, 3)] == ["one", "two", "three"]


def test_a_span_reaches_to_another() -> None:
    assert Span(2, 5).to(Span(7, 9)) == Span(2, 9)


FILE = Source('{"text": "a\\nHello $nme"}', "channel.json")
LEAF = Source("a\nHello $nme", "channel.json", "/text", Origin(FILE, [10, 11, *range(13, 24)]))
"""A leaf of a JSON file, in which one character takes two."""


def test_an_origin_leads_to_the_place_in_the_file() -> None:
    start = LEAF.text.index("nme")
    source, span = outermost(LEAF, Span(start, start + 3))
    assert source is FILE
    assert FILE.text[span.start : span.end] == "nme"
    assert locate(LEAF, Span(start, start + 3)) == ("channel.json", 1, FILE.text.index("nme") + 1)


def test_a_frame_of_a_leaf_shows_the_file_and_the_pointer() -> None:
    start = LEAF.text.index("nme")
    assert frame(LEAF, Span(start, start + 3), "unknown root `nme`", "did you mean `name`?") == (
        "channel.json:1:21: unknown root `nme` (at /text)\n"
        '  1 | {"text": "a\\nHello $nme"}\n'
        "    |                     ^^^\n"
        "    = hint: did you mean `name`?"
    )


def test_an_origin_within_an_origin_is_followed_to_the_outermost() -> None:
    inner = Source("nme", "channel.json", "/text", Origin(LEAF, list(range(9, 13))))
    assert locate(inner, Span(0, 3)) == ("channel.json", 1, 21)


def test_a_span_beyond_the_leaf_ends_where_the_leaf_does() -> None:
    assert LEAF.origin is not None
    assert LEAF.origin.span(Span(100, 200)) == Span(23, 23)


def test_a_frame_at_the_end_has_one_caret() -> None:
    assert frame(Source("ab"), Span(2, 2), "more is missing") == (
        "<template>:1:3: more is missing\n  1 | ab\n    |   ^"
    )


def test_a_frame_without_text_is_its_headline() -> None:
    assert frame(Source("", "<document>", "/a"), Span(0, 0), "too deep") == "<document>:1:1: too deep (at /a)"


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    text = "\n" * 99 + "$x"
    assert frame(Source(text), Span(100, 101), "no") == "<template>:100:2: no\n  100 | $x\n      |  ^"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain я 😀", "plain я 😀"),
        ("a\nb\t\x1b[31m", "a\\nb\\t\\x1b[31m"),
        ("\u202e\ud800", "\\u202e\\ud800"),
    ],
)
def test_what_cannot_be_printed_appears_as_its_escape(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_a_frame_keeps_to_its_lines_whatever_it_is_given() -> None:
    source = Source("x $in.a", "evil\nname", "/k\x1b[31m")
    text = frame(source, Span(2, 7), "two\nlines", "a\rhint")
    assert [line.isprintable() for line in text.split("\n")] == [True] * 4


def test_a_very_long_line_is_cut_around_the_place_at_once() -> None:
    text = "я" * 200_000 + "$in.nope" + "z" * 50_000
    shown = frame(Source(text), Span(200_001, 200_008), "no").split("\n")
    assert all(len(line) < 140 for line in shown)
    caret = shown[2].index("^")
    assert shown[1][caret : caret + 7] == "in.nope"
