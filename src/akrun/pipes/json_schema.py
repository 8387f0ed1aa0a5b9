"""JSON Schemas (draft 2020-12) of channel and mailing files, with the parameters of every kind of pipe."""

import copy
import re
from collections.abc import Iterable
from typing import Any

from akrun.model.channel import Channel
from akrun.model.entities import Operation
from akrun.model.mailing import Mailing
from akrun.model.pipes import PipeModel
from akrun.pipes import SPECS
from akrun.pipes.spec import EVENT_PIPELINES, OPERATION, PipeSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PIPE = PipeModel.__name__
_IN_OPERATION = "OperationPipe"


def mailing_schema() -> dict[str, Any]:
    """The schema of mailing files; values of the channel's fields may be anything."""
    return {"$schema": DIALECT, **Mailing.model_json_schema()}


def channel_schema(specs: Iterable[PipeSpec[Any]] = SPECS) -> dict[str, Any]:
    """The schema of channel files: a pipe is one of these kinds, told apart by `type`.

    Rules between parts of a file, such as an exit to a pipe that is not there, are beyond a schema.
    """
    schema = Channel.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    common = definitions.pop(_PIPE)
    listed = sorted(specs, key=lambda spec: spec.name)
    for spec in listed:
        definitions[_name(spec)] = _pipe(spec, common, definitions)
    definitions[_PIPE] = _one_of(spec for spec in listed if spec.pipelines & EVENT_PIPELINES)
    definitions[_IN_OPERATION] = _one_of(spec for spec in listed if OPERATION in spec.pipelines)
    operation = definitions[Operation.__name__]["properties"]
    operation["pipeline"]["items"] = {"$ref": f"#/$defs/{_IN_OPERATION}"}
    return {"$schema": DIALECT, **schema}


def _pipe(spec: PipeSpec[Any], common: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A pipe of one kind; the models inside its parameters join the definitions under names of their own."""
    params = spec.params.model_json_schema(ref_template=f"#/$defs/{_name(spec)}.{{model}}")
    for name, model in params.pop("$defs", {}).items():
        definitions[f"{_name(spec)}.{name}"] = model
    pipe = copy.deepcopy(common)
    pipe["title"] = _name(spec)
    pipe["description"] = spec.summary
    pipe["properties"]["type"] = {"enum": [spec.name, *spec.aliases], "description": spec.summary}
    pipe["properties"]["params"] = params
    if not spec.retried:
        del pipe["properties"]["retry"]
    if params.get("required"):
        pipe["required"] = [*pipe["required"], "params"]
    if spec.final:
        pipe["properties"]["outs"] = {"type": "object", "maxProperties": 0}
    return pipe


def _one_of(specs: Iterable[PipeSpec[Any]]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/$defs/{_name(spec)}"} for spec in specs]}


def _name(spec: PipeSpec[Any]) -> str:
    return re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), spec.name) + "Pipe"
