"""Positions of the protocol."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.editor.lines import Lines

TEXT = "Привет 🚀x\r\n\r\nsecond\rthird\n"


@pytest.mark.parametrize(
    ("encoding", "column"), [("utf-8", 17), ("utf-16", 9), ("utf-32", 8)], ids=["utf-8", "utf-16", "utf-32"]
)
def test_columns_count_units_of_the_encoding(encoding: str, column: int) -> None:
    lines = Lines(TEXT, encoding)
    offset = TEXT.index("x")
    assert lines.position(offset) == (0, column)
    assert lines.offset(0, column) == offset


def test_every_line_end_counts() -> None:
    lines = Lines(TEXT)
    places = [lines.position(TEXT.index(word)) for word in ("second", "third")]
    assert places == [(2, 0), (3, 0)]
    assert lines.position(len(TEXT)) == (4, 0)


@pytest.mark.parametrize(
    ("line", "column", "offset"),
    [(-1, 3, 0), (0, 99, 9), (0, -2, 0), (1, 5, 11), (99, 0, len(TEXT)), (0, 8, 7)],
)
def test_positions_outside_are_taken_to_the_nearest_inside(line: int, column: int, offset: int) -> None:
    assert Lines(TEXT).offset(line, column) == offset


@given(st.text(alphabet="aя🚀\r\n\t"), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_offsets_come_back(text: str, encoding: str) -> None:
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":
            assert lines.offset(*lines.position(offset)) in (offset, len(text[:offset].rstrip("\r\n")))
