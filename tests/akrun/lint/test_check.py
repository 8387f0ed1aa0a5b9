"""Lint takes every text, and has something to say of it at a place in it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.lint import check_channel

ROOT = Path(__file__).parents[3]
MODELS = sorted((ROOT / "tests" / "akrun" / "model" / "faulty").glob("channel-*"))
NOT_TEXT = {"channel-not-utf8.json", "channel-utf16.json"}
FILES = [path for path in MODELS if path.suffix in {".json", ".yaml"} and path.name not in NOT_TEXT]
CHANNELS = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("examples/*/channel.json"))
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_faults_of_files_are_findings(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    found = check_channel(text, path.name, is_json=path.suffix == ".json")
    assert any(finding.severity == "error" for finding in found)


def test_faults_and_findings_are_told_together_in_the_order_of_the_text() -> None:
    document = copy.deepcopy(CHANNELS[0])
    document["pipelines"]["message"][0]["params"]["template"]["x"] = "$in.nothing"
    document["pipelines"]["message"][1]["params"]["method"] = "POTS"
    found = check_channel(json.dumps(document, indent=1), "c.json")
    assert [finding.code for finding in found if finding.severity == "error"] == ["L201", "C503"]
    assert [finding.place for finding in found] == sorted(finding.place for finding in found)


def test_what_is_nowhere_is_not_told_of_a_channel_with_faults() -> None:
    document = copy.deepcopy(CHANNELS[0])
    document["events"].append({"id": 99, "string_id": "x", "name": "X", "event_type": "reply"})
    assert [each.code for each in check_channel(json.dumps(document), "c.json") if each.code == "L303"] == [
        "L303"
    ]
    document["pipelines"]["message"][0]["type"] = "packet"
    assert "L303" not in [each.code for each in check_channel(json.dumps(document), "c.json")]


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, 0, -1, 2, 1.5, "", "x", [], {}, [[]], "$in", "$#in", "$in.x", "$#in.data", "${",
        "${in.a ?? 1}", "$error.code", "$item", ["$in.x"], {"$#a": 1}, {"$$in.x[y]": ["[$]"]},
        {"$?a": "$in.a"}, {"a": {"b": "$in.b"}},
    ]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """One of our channels in which something is left out or replaced."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(CHANNELS)))
    for _ in range(draw(st.integers(1, 3))):
        *outer, last = draw(st.sampled_from(places(document)[1:]))
        target: Any = document
        for step in outer:
            target = target[step]
        if draw(st.booleans()):
            target[last] = draw(JUNK)
        else:
            del target[last]
    return document


@given(broken())
@settings(max_examples=150)
def test_no_channel_is_too_broken_to_be_looked_at(document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1)
    for finding in check_channel(text, "c.json"):
        assert finding.place[0] == "c.json"
        assert finding.frame().startswith(f"c.json:{finding.place[1]}:")
        assert finding.end >= finding.place[1:]
