"""Places in TOML texts: each leads to a text that is the value by itself."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.model.toml_places import Path, nearest_place, toml_places

DOCUMENT = r'''# what "akrun.toml" = may hold
data = "st[ate]" # x = 1
http_allow = [ "10.0.0.0/8", # no "entry"
  'a,b', ]
a.'b c'.d = 1
[connectors.crm]
url = """x
y\"""z"""
in = {url = "x", "k.k" = [1, {z=2.5}]}
empty = {}
[[rows]]
when = 1979-05-27 07:32:00 # a blank in it
raw = QQQit's
two linesQQQ
[[rows]]
  none = []
[rows.sub]
y = true'''.replace("QQQ", "'" * 3)


def value_at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("text", [DOCUMENT, DOCUMENT.replace("\n", "\r\n"), "", "\n", "# nothing"])
def test_every_value_is_found_as_it_is_written(text: str) -> None:
    document = tomllib.loads(text)
    places = toml_places(text)
    values = {path: place for path, place in places.items() if text[place.value.start] != "["}
    for path, place in values.items():
        written = text[place.value.start : place.value.end]
        if place.key != place.value:  # a table that a longer key implies has only its key
            assert tomllib.loads(f"x = {written}")["x"] == value_at(document, path)
        assert place.key is None or text[place.key.start : place.key.end].strip("\"'") == path[-1]
    assert (("rows", 0, "raw") in places) == bool(document)


_keys = st.text("ab-_1", min_size=1, max_size=4)
_values = st.recursive(
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(st.characters(codec="ascii", exclude_characters="\x7f")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[ " + ",\n".join(map(written, value)) + " ]"
    return json.dumps(value)


def leaves(value: Any, path: Path = ()) -> list[Path]:
    found = [path] if path else []
    if isinstance(value, dict):
        return [*found, *(each for key, inner in value.items() for each in leaves(inner, (*path, key)))]
    if isinstance(value, list):
        return [
            *found,
            *(each for index, inner in enumerate(value) for each in leaves(inner, (*path, index))),
        ]
    return found


@given(st.dictionaries(_keys, _values, max_size=4))
def test_no_value_is_overlooked(document: dict[str, Any]) -> None:
    text = "".join(f"{key} = {written(value)}\n" for key, value in document.items())
    assert tomllib.loads(text) == document
    places = toml_places(text)
    assert set(places) == set(leaves(document))
    for path, place in places.items():
        found = tomllib.loads(f"x = {text[place.value.start : place.value.end]}")["x"]
        assert found == value_at(document, path)


def test_what_is_not_there_is_shown_at_what_holds_it() -> None:
    text = "[connectors.crm]\nurl = 1\n"
    places = toml_places(text)
    assert nearest_place(places, ("connectors", "crm", "pool_size")) == places["connectors", "crm"]
    assert nearest_place(places, ("x",)).value.start == 0
