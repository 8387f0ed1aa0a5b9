"""What `--fix` does to a file: the finding is gone, nothing else is changed, and again changes nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.lint import RULES, Selection, check_channel, fixed
from akrun.lint.rule import Sample, pipe
from akrun.model.pipes import ALIASES

FAULTY = Path(__file__).parents[2] / "lint" / "faulty"
FIXABLE = {rule.id for rule in RULES if rule.fixes} | {"E104", "E209"}
CASES = sorted(
    path.name
    for path in FAULTY.iterdir()
    if path.suffix in {".json", ".yaml"} and path.name.partition("-")[0] in FIXABLE
)
ALL = Selection()


def codes(text: str, *, is_json: bool = True) -> list[str]:
    return [finding.code for finding in check_channel(text, "c", is_json=is_json)]


@pytest.mark.parametrize("name", CASES)
def test_a_mended_file_has_the_finding_no_more(name: str) -> None:
    text, is_json = (FAULTY / name).read_text(encoding="utf-8"), name.endswith(".json")
    mended, count = fixed(text, name, is_json=is_json, selection=ALL)
    assert count == len(codes(text, is_json=is_json))
    assert codes(mended, is_json=is_json) == []
    assert fixed(mended, name, is_json=is_json, selection=ALL) == (mended, 0)


def test_every_other_character_stays_as_it_is() -> None:
    name = "L701-old-name-of-a-type.json"
    text = (FAULTY / name).read_text(encoding="utf-8").replace("\n", "\r\n")
    mended, _ = fixed(text, name, is_json=True, selection=ALL)
    assert mended == text.replace('"packer"', '"pack"').replace('"http_requester"', '"http_request"')


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ('"$template.hours"', '"$#template.hours"'),
        ('"\\u0024template.hours"', '"\\u0024#template.hours"'),
        ('"${template.hours}"', '"$#{template.hours}"'),
    ],
)
def test_escapes_of_the_file_shift_no_edit(written: str, mended: str) -> None:
    name = "L502-number-as-text.json"
    text = (FAULTY / name).read_text(encoding="utf-8").replace('"$template.hours"', written)
    after, count = fixed(text, name, is_json=True, selection=ALL)
    assert count == 1
    assert after == text.replace(written, mended)


@pytest.mark.parametrize(
    "written", ["$template.hours", "'$template.hours'", '"$template.hours"', ">-\n  $template.hours"]
)
def test_yaml_is_mended_in_each_of_its_styles(written: str) -> None:
    text = f"""\
name: Shop
id: 7
string_id: shop
communication: direct
fields:
  template: [{{type: int, name: hours, required: true}}]
  subscription: [{{type: string, name: phone, required: true}}]
pipelines:
  message:
  - id: 1
    type: packer  # an old name
    params:
      template:
        to: $subscription.phone
        hours: {written.replace(chr(10), chr(10) + " " * 8)}
    outs: {{success: 2}}
  - {{id: 2, type: http_request, params: {{url: https://a.example, method: POST, content_type: json}}}}
"""
    mended, count = fixed(text, "c.yaml", is_json=False, selection=ALL)
    assert count == 2
    assert mended == text.replace("$template", "$#template").replace("packer", "pack")


def test_what_is_not_selected_is_not_mended() -> None:
    name = "L701-old-name-of-a-type.json"
    text = (FAULTY / name).read_text(encoding="utf-8")
    assert fixed(text, name, is_json=True, selection=Selection(ignore=("L7",))) == (text, 0)


FIELDS = {"hours": "int", "flash": "bool", "parts": "json", "text": "string"}


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    """A channel with mistakes that can be mended, and values that are right."""
    fields = [{"type": kind, "name": name, "required": True} for name, kind in FIELDS.items()]
    form = st.sampled_from(["$template.{}", "${{template.{}}}", "$#template.{}", "for $template.{}"])
    values = st.builds(str.format, form, st.sampled_from(list(FIELDS)))
    template = draw(st.dictionaries(st.sampled_from("abcd"), st.one_of(values, st.lists(values, max_size=2))))
    kinds = st.sampled_from([name for name, own in ALIASES.items() if own == "pack"] + ["pack"])
    message = [
        pipe(1, draw(kinds), template=template, outs={"success": 2}),
        pipe(
            2,
            draw(st.sampled_from(["http_request", "http_requester"])),
            url="https://a.example",
            outs={"success": 3},
        ),
        pipe(3, "foreach", items=draw(values), pipeline=4),
        pipe(4, "log", message="$in.item"),
    ]
    return Sample({"fields": {"template": fields}, "pipelines": {"message": message}}).document()


@settings(max_examples=150)  # each lints a channel three times
@given(samples(), st.sampled_from([None, 1, "\t"]))
def test_mending_twice_is_mending_once(document: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(document, indent=indent)
    mended, _ = fixed(text, "c.json", is_json=True, selection=ALL)
    assert fixed(mended, "c.json", is_json=True, selection=ALL) == (mended, 0)
    assert not FIXABLE & set(codes(mended))
    assert len(codes(mended)) <= len(codes(text))
    without = re.compile(r"[#\s]|er(?=\")")
    assert without.sub("", mended) == without.sub("", text)
