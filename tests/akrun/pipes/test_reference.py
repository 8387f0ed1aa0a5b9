"""The reference of pipes follows from their specs, and the page in the documentation is fresh."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from akrun.pipes import SPECS
from akrun.pipes.reference import describe, markdown, section
from akrun.pipes.spec import PipeSpec

PAGE = Path(__file__).parents[3] / "docs" / "pipes.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(SPECS), "akrun pipes --markdown > docs/pipes.md"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_section_has_every_parameter_alias_and_example(spec: PipeSpec[Any]) -> None:
    text = section(spec)
    for name in spec.params.model_fields:
        assert f"\n| `{name}` | " in text
    for word in (*spec.aliases, *(name for name in spec.writes if name != "*")):
        assert re.search(rf"`(\$in\.)?{word}`", text)
    for example in spec.examples:
        assert f"{example.title}:\n" in text
    blocks = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]
    assert [block["type"] for block in blocks] == [spec.name] * len(spec.examples)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_description_is_json(spec: PipeSpec[Any]) -> None:
    about = describe(spec)
    assert orjson.loads(orjson.dumps(about)) == about
    assert [each["name"] for each in about["params"]] == list(spec.params.model_fields)


def test_parameters_of_objects_are_described_too() -> None:
    params = {each["name"]: each for each in describe(_spec("http_request"))["params"]}
    assert params["url"] == {
        "name": "url", "type": "text", "required": True, "default": None,
        "description": "The address: http or https.",
    }  # fmt: skip
    assert [each["name"] for each in params["limit"]["fields"]] == ["rate", "per", "burst", "key"]
    assert params["limit"]["fields"][1]["default"] == 1.0
    assert params["success_codes"]["type"] == "list of whole number or text"
    assert params["headers"]["type"] == "document"
    outs = describe(_spec("selector"))["params"][0]
    assert [each["name"] for each in outs["fields"]] == ["query", "out"]


def test_where_a_pipe_may_stand() -> None:
    assert "* stands in: operations of entities only\n" in section(_spec("result"))
    assert "* stands in: all pipelines of a channel\n" in section(_spec("event"))
    assert "* stands in: all pipelines of a channel, operations of entities\n" in section(_spec("log"))
    assert "* exits: none: it ends the event\n" in section(_spec("error"))


def _spec(name: str) -> PipeSpec[Any]:
    return next(spec for spec in SPECS if spec.name == name)
