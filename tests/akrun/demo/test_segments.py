import pytest

from akrun.demo.segments import count_segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two septets each
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 135, 3),
        ("🎉" * 35, 1),  # two UTF-16 units each
        ("🎉" * 36, 2),
        ("a" * 70 + "ё", 2),  # one letter outside the GSM alphabet changes the whole text
    ],
)
def test_segments_of_a_text(text: str, segments: int) -> None:
    assert count_segments(text) == segments
