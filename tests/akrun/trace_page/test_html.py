"""Text into HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.trace_page.html import esc, milliseconds, tag


class _Read(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_a_text_is_read_back_and_makes_no_element(text: str) -> None:
    read = _Read(tag("p", esc(text), title=text))
    assert read.tags == ["p"]
    assert [read.text] == read.values
    assert len(read.text) == len(text)
    assert all(now in {had, "\ufffd"} for had, now in zip(text, read.text, strict=True))


@pytest.mark.parametrize("text", ["\x00", "\x1b[31m", "\ud800", "\u202e", "\r", "\x85", "\ufffe"], ids=ascii)
def test_what_html_cannot_hold_is_replaced(text: str) -> None:
    assert esc(text) == "\ufffd" + text[1:]
    assert esc(text).encode()


def test_lines_and_letters_stay() -> None:
    assert esc("a\n\tb ü 語 😀") == "a\n\tb ü 語 😀"


def test_attributes() -> None:
    assert tag("a", "x", class_="c", href='"#') == '<a class="c" href="&quot;#">x</a>'


@pytest.mark.parametrize(("seconds", "text"), [(0.0004, "0.4 ms"), (1.5, "1,500.0 ms"), (75, "75.0 s")])
def test_times(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text
