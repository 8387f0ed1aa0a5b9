"""The reference of pipes, made of their specs: as JSON values, and as the page `docs/pipes.md`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import EVENT_PIPELINES, OPERATION, PipeSpec

_INTRODUCTION = """\
# The pipes

Made by `akrun pipes --markdown` of what the pipes say of themselves; `akrun pipes NAME` shows one of them
in the terminal.

A pipe stands in a pipeline as

```json
{"id": 1, "type": "pack", "params": {"template": {}}, "outs": {"success": 2, "error": 3}}
```

| key | meaning |
|---|---|
| `id` | a number, unique in the pipeline |
| `type` | one of the types below, or another name of it |
| `params` | see each type; texts are templates unless it is said otherwise |
| `outs` | `success` and `error`: the ids of the pipes that follow; both may be left out |
| `label` | shown to people instead of the type |
| `workers` | most events at once in this pipe |
| `retry` | `max`, `on`, `backoff`, `max_delay`, `deadline`: repetition; for pipes that say so |

A pipe that fails sets `$error` (`code message pipe kind status retryable`) and takes its error exit; without
one the event has failed. The examples are of a channel with the id 7, whose events are 1 (of the type `send`)
and 2 (`undeliv`). Every one of them is executed by the tests.
"""


def describe(spec: PipeSpec[Any]) -> dict[str, Any]:
    """What is known of a kind of pipe, as a JSON value.

    Keys: name, summary, aliases, pipelines, in_operations, reads, writes, exits (by parameters besides
    `outs`), final, waits, retried, params (list of name, type, required, default, description, and `fields`
    for objects), examples.
    """
    schema = spec.params.model_json_schema()
    return {
        "name": spec.name,
        "summary": spec.summary,
        "aliases": list(spec.aliases),
        "pipelines": sorted(spec.pipelines & EVENT_PIPELINES),
        "in_operations": OPERATION in spec.pipelines,
        "reads": list(spec.reads),
        "writes": list(spec.writes),
        "exits": spec.exits is not None,
        "final": spec.final,
        "waits": not spec.pure,
        "retried": spec.retried,
        "params": list(_params(schema, schema.get("$defs", {}))),
        "examples": [_example(spec.name, example) for example in spec.examples],
    }


def markdown(specs: Iterable[PipeSpec[Any]]) -> str:
    """The whole page, types in alphabetical order."""
    ordered = [describe(spec) for spec in sorted(specs, key=lambda spec: spec.name)]
    listed = [f"| [`{each['name']}`](#{each['name']}) | {each['summary']} |" for each in ordered]
    parts = [_INTRODUCTION, "\n".join(["| type | effect |", "|---|---|", *listed, ""])]
    parts += ["\n".join(_section(each)) for each in ordered]
    return "\n".join(parts)


def facts(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a person should know of a pipe besides its parameters, as (heading, text in Markdown)."""
    places = [f"`{name}`" for name in about["pipelines"]]
    if len(places) == len(EVENT_PIPELINES):
        places = ["all pipelines of a channel"]
    if about["in_operations"]:
        places.append("operations of entities" if places else "operations of entities only")
    exits = "none: it ends the event" if about["final"] else "`success`, `error`"
    exits += ", and those that its parameters name" if about["exits"] else ""
    found = [("stands in", ", ".join(places)), ("exits", exits)]
    if about["aliases"]:
        found.insert(0, ("other names", ", ".join(f"`{name}`" for name in about["aliases"])))
    found += [
        (key, ", ".join(_data(name) for name in about[key])) for key in ("reads", "writes") if about[key]
    ]
    if about["retried"]:
        found.append(("`retry`", "taken beside `params` too"))
    return found


def _data(name: str) -> str:
    return "any key of `$in`" if name == "*" else f"`$in.{name}`"


def _params(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        about = {
            "name": name,
            "type": type_words(each, definitions),
            "required": name in required,
            "default": each.get("default"),
            "description": " ".join(each.get("description", "").split()),
        }
        nested = _object(each, definitions)
        yield {**about, "fields": list(_params(nested, definitions))} if nested else about


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The model that a parameter, or each element of it, is."""
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in each:
            found: Mapping[str, Any] = definitions[each["$ref"].rpartition("/")[2]]
            return found if "properties" in found else None
    return None


def type_words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """The type of a JSON Schema in the words of a person."""
    if "anyOf" in schema:
        options = [type_words(each, definitions) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(options))
    if "$ref" in schema:
        return type_words(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kinds = schema.get("type")
    if kinds == "array":
        return f"list of {type_words(schema.get('items', {}), definitions)}"
    words = {
        "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
        "object": "object", "null": "null",
    }  # fmt: skip
    if kinds is None:
        return "document"
    return " or ".join(words[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _example(name: str, example: PipeExample) -> dict[str, Any]:
    """The parts of an example that say something, in the order in which they happen."""
    pipe: dict[str, Any] = {"id": 1, "type": name, "params": example.params}
    if example.outs:
        pipe["outs"] = example.outs
    about: dict[str, Any] = {"title": example.title, "pipe": pipe}
    about.update({f"${root}": value for root, value in example.roots.items()})
    parts = {
        "given": example.given,
        "$in before": example.before,
        "request": example.request,
        "$in after": example.after,
        "$error": example.error,
        "result": example.result,
        "records": example.effects,
    }
    about.update({heading: value for heading, value in parts.items() if value})
    if not isinstance(example.exit, str):
        about["goes on with"] = example.exit
    plain: dict[str, Any] = orjson.loads(orjson.dumps(about, default=_text_of_bytes))
    return plain


def _text_of_bytes(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError(type(value).__name__)


def section(spec: PipeSpec[Any]) -> str:
    """One pipe's part of the page."""
    return "\n".join(_section(describe(spec)))


def _section(about: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {about['name']}", "", about["summary"], "")
    yield from (f"* {heading}: {text}" for heading, text in facts(about))
    yield ""
    if about["params"]:
        yield from ("| parameter | type | default | meaning |", "|---|---|---|---|")
        yield from _rows(about["params"], "")
        yield ""
    for example in about["examples"]:
        yield from _shown_example(example)


def _rows(params: Iterable[Mapping[str, Any]], above: str) -> Iterator[str]:
    for each in params:
        name = f"`{above}{each['name']}`"
        cells = (name, each["type"], default_words(each), each["description"])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield from _rows(each.get("fields", ()), f"{above}{each['name']}.")


def default_words(about: Mapping[str, Any]) -> str:
    """The default of a parameter in Markdown; nothing where there is none or its description says it."""
    if about["required"]:
        return "required"
    return "" if about["default"] is None else f"`{orjson.dumps(about['default']).decode()}`"


def _shown_example(example: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{example['title']}:", "", "```json", _json(example["pipe"]), "```", "")
    rest = [(heading, value) for heading, value in example.items() if heading not in {"title", "pipe"}]
    for heading, value in rest:
        root, _, when = heading.partition(" ")
        name = f"`{root}` {when}".rstrip() if root.startswith("$") else heading
        text = f"pipe {value}" if heading == "goes on with" else _code(_spaced(value))
        yield f"* {name}: {text}"
    if rest:
        yield ""


def _code(text: str) -> str:
    """A text as code in a line."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _json(value: Any) -> str:
    """JSON in which small objects and lists stay on their line."""
    return _laid_out(value, "")


def _laid_out(value: Any, indent: str) -> str:
    flat = _spaced(value)
    if len(indent) + len(flat) <= 100 or not isinstance(value, dict | list) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{_spaced(key)}: {_laid_out(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(inner + line for line in lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _laid_out(each, inner) for each in value) + f"\n{indent}]"


def _spaced(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_spaced(key)}: {_spaced(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spaced, value)) + "]"
    return orjson.dumps(value).decode()
