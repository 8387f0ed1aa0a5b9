"""Data that a page shows: read, and held to the model of what it looks like."""

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from akrun.engine.compile import compile_channel
from akrun.errors import FileFaults
from akrun.model import ALIASES, Audience, Event, Fields, Listener, PipeModel, load_channel_file
from akrun.model.suppressions import Lint
from akrun.pipes import SPECS
from akrun.testkit import load_tests
from aktmpl import Environment, TemplateError
from tests.docs.blocks import Block

_PARTS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "listener": TypeAdapter(Listener),
    "lint": TypeAdapter(Lint),
    "audience": TypeAdapter(Audience | str),
    "fields": TypeAdapter(Fields),
    "events": TypeAdapter(tuple[Event, ...]),
}
_PIPES: Final = {spec.name: spec for spec in SPECS}
LANGUAGES: Final = ("json", "jsonl", "yaml", "toml", "sql")


def fault(block: Block, folder: Path) -> str | None:
    """What is wrong with a block of data; None if nothing is. `folder` is for files."""
    try:
        if block.language == "yaml" and "\ncases:" in f"\n{block.text}":
            load_tests(_file(folder, "page.test.yaml", block.text))
        else:
            _look_at(_READERS[block.language](block.text), block, folder)
    except (ValueError, YAMLError, FileFaults, ValidationError, TemplateError) as error:
        return str(error)
    return None


def _json(text: str) -> Any:
    """JSON, or members of an object without its braces."""
    if text.lstrip().startswith('"'):
        text = "{" + text.rstrip().rstrip(",") + "}"
    return json.loads(text)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "json": _json,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "yaml": lambda text: YAML(typ="rt", pure=True).load(text),
    "toml": tomllib.loads,
    "sql": Environment().compile_sql,
}


def _look_at(value: Any, block: Block, folder: Path) -> None:
    """Raise the fault of a channel, of a pipe or of a part of a channel."""
    if isinstance(value, list):
        for each in value:
            _look_at(each, block, folder)
    elif isinstance(value, dict) and "communication" in value:
        compile_channel(*load_channel_file(_file(folder, f"page.{block.language}", block.text)))
    elif isinstance(value, dict) and value.get("type") in (*_PIPES, *ALIASES):
        pipe = PipeModel.model_validate(value)
        _PIPES[pipe.type].params.model_validate(pipe.params)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in _PARTS and len(value) == 1:
                _PARTS[name].validate_python(part)


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
