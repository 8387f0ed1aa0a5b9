"""Texts cut into lines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.picture.text import Font, cut, printable, width, wrapped

FONT = Font(12)


@settings(max_examples=100)
@given(st.text(), st.floats(30, 300), st.integers(1, 4))
def test_lines_fit_and_nothing_is_lost_but_at_the_end(text: str, room: float, lines: int) -> None:
    found = wrapped(text, FONT, room, lines)
    assert len(found) <= lines
    assert all(width(line, FONT) <= room for line in found)
    whole = "".join(printable(text).split())
    shown = "".join("".join(found).split())
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))


def test_words_stay_whole_and_addresses_break_at_their_parts() -> None:
    assert wrapped("one two three", FONT, width("one two", FONT), 3) == ["one two", "three"]
    room = width("https://api.example.com/v", FONT)
    address = "https://api.example.com/v1/messages"
    assert wrapped(f"GET {address}", FONT, room, 3) == ["GET https://api.example.", "com/v1/messages"]
    assert wrapped(address, FONT, room, 3) == [
        "https://api.example.com/",
        "v1/messages",
    ]


def test_a_text_that_just_fits_is_not_cut() -> None:
    assert cut("one two", FONT, width("one two", FONT)) == "one two"
    assert cut("one two", FONT, width("one two", FONT) - 1) == "one…"


def test_wide_letters_take_more_room() -> None:
    assert width("日本", FONT) > width("ab", FONT)
    assert width("e\u0301", FONT) == width("e", FONT)
    assert width("iiii", Font(12, mono=True)) == width("mmmm", Font(12, mono=True))


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert printable("a\x00b\nc\ud800") == "a\ufffdb c\ufffd"
