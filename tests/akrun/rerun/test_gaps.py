"""What a shown value lost is found again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.secrets import Masker
from akrun.engine.shown import Shower
from akrun.rerun.gaps import gaps


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": "ok", "b": [1, None, True]}, []),
        ({"a": {"key": "id ***"}}, [("a.key", "masked")]),
        ({"a": ["x", "begins… (9,000 characters)"]}, [("a.1", "cut")]),
        ({"a": "<12 bytes>", "b": ["… 3 more"]}, [("a", "left out"), ("b.0", "left out")]),
        ({"a": {"…": "3 more"}}, [("a", "left out")]),
        ({"a": {"*** id": 1}}, [("a.*** id", "masked")]),
        ({"body": b"x ***"}, [("body", "masked")]),
        (None, []),
    ],
    ids=["whole", "masked", "cut", "left-out", "keys", "a-key", "bytes", "nothing"],
)
def test_gaps(value: Any, found: list[tuple[str, str]]) -> None:
    assert list(gaps(value)) == found


@given(st.text(min_size=1, max_size=30, alphabet="abc"), st.integers(6, 40))
def test_whatever_a_shower_takes_away_is_found(text: str, longest: int) -> None:
    value = {"a": text * 3, "secret": "hunter22", "raw": b"\xff"}
    shown = Shower(Masker({"k": "hunter22"}), longest=longest, room=200).value(value)
    lost = {path for path, _ in gaps(shown)}
    assert ("a" in lost) == (shown["a"] != value["a"])
    assert {"secret", "raw"} <= lost
