"""The JSON Schema (draft 2020-12) of test files."""

from typing import Any

from akrun.model.json_examples import EXAMPLES
from akrun.model.json_schema import published
from akrun.testkit.format.cases import CaseFile
from akrun.testkit.matchers import MATCHERS, MESSAGE


def case_schema() -> dict[str, Any]:
    """The schema; matchers are described as objects of one key, which is what their tags are read as."""
    schema = CaseFile.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    branches = [_object(each.name, dict(each.schema), each.summary) for each in MATCHERS.values()]
    branches.append(
        _object(MESSAGE, {"type": ["string", "integer", "null"]}, "the id of a message of the case")
    )
    definitions["Matcher"] = {
        "description": "In YAML a tag: `!regex ^a`.",
        "oneOf": branches,
    }
    return published(schema, EXAMPLES)


def _object(name: str, argument: dict[str, Any], summary: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": summary,
        "properties": {name: {"description": summary, **argument}},
        "required": [name],
        "additionalProperties": False,
    }
