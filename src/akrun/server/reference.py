"""The page on the HTTP API, made of its OpenAPI document: `python -m akrun.server.reference` prints it."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from akrun.server.api.app import make_app
from akrun.server.api.auth import SCHEME

Document = Mapping[str, Any]

_INTRODUCTION = """\
# The HTTP API

Made by `python -m akrun.server.reference` of what the API says of itself; `akrun schema api` prints the
OpenAPI document, and a serving process gives it at `/api/openapi.json`. [Serving channels](serving.md) shows
it at work.

"""

_ERRORS = """\
## Errors

Every error of the API is a problem by RFC 9457, `application/problem+json`:

```json
{
  "type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "invalid",
  "detail": "`template.body` must be text, not a whole number", "hint": null,
  "faults": [
    {"code": "C313", "message": "…", "hint": null, "file": "<body>", "line": 3, "column": 24, "frame": "…"}
  ],
  "omitted": 0, "error": null, "request_id": "0d10b597e54742ec99214839426f66a1"
}
```

| status | code | when |
|---|---|---|
| 400 | `broken_off` | the body broke off |
| 401 | `unauthorized` | there is no token, or it is wrong or has expired |
| 403 | `forbidden` | the token's scope is too small; `detail` names the one that is needed |
| 404 | `not_found` | there is no such thing |
| 405 | `method_not_allowed` | the address takes other methods, those in `Allow` |
| 408 | `timeout` | the body did not come within 30 s |
| 409 | `conflict`, `in_progress`, `secret` | the present state does not allow it; the first request under \
the key is being handled; the server was not given a secret |
| 413 | `too_large` | the body is larger than `api_body_limit`, or an audience than `api_audience_limit` |
| 415 | `media_type` | the body is of another type, or encoded |
| 422 | `invalid`, `audience`, `key_reused` | what was sent is wrong; the audience is missing, or one too \
many; the Idempotency-Key was used for another body |
| 500 | `internal` | the server has a fault; its log names the request |
| 502 | `failed` | a pipe of an operation failed; `error` is its `$error` |
| 503 | `busy`, `ending`, `broken_off`, `unavailable` | too many requests at once; it is being shut down; it \
ended before the request did; the database fails |
| 504 | `timeout` | an operation had no result in time |
"""


def markdown(document: Document) -> str:
    """The whole page."""
    parts = [_INTRODUCTION, document["info"]["description"], "\n", *_list(document), "\n", _ERRORS]
    for tag in document["tags"]:
        parts += [f"\n## {tag['name'].capitalize()}\n\n{tag['description']}\n"]
        for method, path, operation in _operations(document):
            if operation["tags"] == [tag["name"]]:
                parts += _section(document, method, path, operation)
    parts.append("\n## Schemas\n")
    for name, schema in document["components"]["schemas"].items():
        parts += _schema(name, schema)
    return "".join(parts)


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _list(document: Document) -> Iterator[str]:
    yield "| request | scope | what it does |\n|---|---|---|\n"
    for method, path, operation in _operations(document):
        anchor = operation["operationId"]
        yield f"| [`{method} {path}`](#{anchor}) | {_scope(operation)} | {operation['summary']} |\n"


def _scope(operation: Document) -> str:
    security = operation.get("security")
    return f"{security[0][SCHEME][0]}" if security else "none"


def _section(document: Document, method: str, path: str, operation: Document) -> Iterator[str]:
    yield f"\n### {operation['operationId']}\n\n`{method} {path}`, scope: {_scope(operation)}\n\n"
    yield f"{operation['description']}\n"
    if parameters := operation.get("parameters"):
        yield "\n| parameter | in | type | meaning |\n|---|---|---|---|\n"
        for each in parameters:
            yield f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {each['description']} |\n"
    body = operation.get("requestBody")
    if body is not None:
        yield f"\nBody: {_content(body)}"
        yield f". {body['description']}\n" if "description" in body else "\n"
        example = next(iter(body["content"].values())).get("example")
        if example is not None:
            yield f"\n```json\n{json.dumps(example, ensure_ascii=False, indent=2)}\n```\n"
    yield "\n| status | answer |\n|---|---|\n"
    for status, response in operation["responses"].items():
        found = _resolved(document, response)
        shown = "" if int(status) >= 400 else _content(found)
        yield f"| {status} | {found['description']}{' ' if shown else ''}{shown} |\n"


def _resolved(document: Document, response: Document) -> Document:
    name = response.get("$ref", "").rpartition("/")[2]
    found: Document = document["components"]["responses"][name] if name else response
    return found


def _content(part: Document) -> str:
    shown = [
        f"`{kind}`" + (f", {_type(content['schema'])}" if content.get("schema") else "")
        for kind, content in part.get("content", {}).items()
    ]
    return "; ".join(shown)


def _schema(name: str, schema: Document) -> Iterator[str]:
    yield f"\n### {name}\n\n{schema.get('description', '')}\n\n| key | type | meaning |\n|---|---|---|\n"
    required = schema.get("required", [])
    for key, each in schema["properties"].items():
        optional = "" if key in required else " (optional)"
        meaning = " ".join(each.get("description", "").split())
        yield f"| `{key}` | {_type(each)}{optional} | {meaning} |\n"


def _type(schema: Document) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return "any" if kind is None else str(kind)


if __name__ == "__main__":
    sys.stdout.write(markdown(make_app().openapi()))
