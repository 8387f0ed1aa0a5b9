"""JSON Schemas (draft 2020-12) of channel and mailing files, with the parameters of every kind of pipe."""

import copy
import json
import re
from collections.abc import Iterable
from typing import Any

from akrun.model.channel import Channel
from akrun.model.entities import Operation
from akrun.model.json_conditions import constrain
from akrun.model.json_examples import EXAMPLES
from akrun.model.json_schema import published, told_apart
from akrun.model.mailing import Mailing
from akrun.model.pipes import PipeModel
from akrun.pipes import SPECS
from akrun.pipes.spec import EVENT_PIPELINES, OPERATION, PipeSpec

_PIPE = PipeModel.__name__
_IN_OPERATION = "OperationPipe"
_COMMON = ("id", "params", "outs", "label", "workers", "lint")


def mailing_schema() -> dict[str, Any]:
    """The schema of mailing files; values of the channel's fields may be anything."""
    schema = Mailing.model_json_schema()
    constrain(schema)
    return published(schema, EXAMPLES)


def channel_schema(specs: Iterable[PipeSpec[Any]] = SPECS) -> dict[str, Any]:
    """The schema of channel files: a pipe is one of these kinds, told apart by `type`.

    Rules between parts of a file, such as an exit to a pipe that is not there, are beyond a schema.
    """
    schema = Channel.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    common = definitions.pop(_PIPE)
    common["properties"]["label"]["examples"] = ["Send it"]
    listed = sorted(specs, key=lambda spec: spec.name)
    for spec in listed:
        definitions[_name(spec)] = _pipe(spec, common, definitions)
    of_events = [spec for spec in listed if spec.pipelines & EVENT_PIPELINES]
    definitions[_PIPE] = _one_of(of_events, common, definitions)
    of_operations = [spec for spec in listed if OPERATION in spec.pipelines]
    definitions[_IN_OPERATION] = _one_of(of_operations, common, definitions)
    operation = definitions[Operation.__name__]["properties"]
    operation["pipeline"]["items"] = {"$ref": f"#/$defs/{_IN_OPERATION}"}
    constrain(schema)
    return published(schema, {**EXAMPLES, **_examples(listed)})


def _pipe(spec: PipeSpec[Any], common: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A pipe of one kind; the models inside its parameters join the definitions under names of their own."""
    params = spec.params.model_json_schema(ref_template=f"#/$defs/{_name(spec)}.{{model}}")
    for name, model in params.pop("$defs", {}).items():
        definitions[f"{_name(spec)}.{name}"] = model
    pipe = copy.deepcopy(common)
    pipe["title"] = _name(spec)
    pipe["description"] = spec.summary
    pipe["properties"]["type"] = {"enum": [spec.name, *spec.aliases], "description": spec.summary}
    pipe["properties"]["params"] = {**params, "description": common["properties"]["params"]["description"]}
    if not spec.retried:
        del pipe["properties"]["retry"]
    if params.get("required"):
        pipe["required"] = [*pipe["required"], "params"]
    if spec.final:
        pipe["properties"]["outs"] = {
            "type": "object", "maxProperties": 0, "description": "It has no exits: it ends the event.",
        }  # fmt: skip
    return pipe


def _one_of(
    specs: Iterable[PipeSpec[Any]], common: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    listed = [*specs]
    shared = {key: copy.deepcopy(common["properties"][key]) for key in _COMMON}
    return {
        "title": "Pipe",
        "description": common["description"],
        **told_apart([_name(spec) for spec in listed], definitions, shared),
        "defaultSnippets": [_snippet(spec) for spec in listed],
    }


def _snippet(spec: PipeSpec[Any]) -> dict[str, Any]:
    """What an editor writes for a pipe of one kind: its first example."""
    body = {"id": "^$1", "type": spec.name, "params": _literal(spec.examples[0].params)}
    return {"label": spec.name, "description": spec.summary, "body": body}


def _literal(value: Any) -> Any:
    """A value as snippets have it: `^` before what is taken as it stands, so that `$` begins no variable."""
    if isinstance(value, dict):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    if isinstance(value, str) and "$" in value:
        return "^" + json.dumps(value, ensure_ascii=False).replace("$", "\\$")
    return value


def _examples(specs: Iterable[PipeSpec[Any]]) -> dict[str, list[Any]]:
    """Values of parameters as the pipes' own examples have them."""
    found: dict[str, list[Any]] = {}
    for spec in specs:
        for example in spec.examples:
            for key, value in example.params.items():
                known = found.setdefault(f"{spec.params.__name__}.{key}", [])
                if value not in known:
                    known.append(value)
    return found


def _name(spec: PipeSpec[Any]) -> str:
    return re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), spec.name) + "Pipe"
