"""The OpenAPI document: what FastAPI knows, and the errors that every route can end in."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from akrun.server.api.auth import SCHEME
from akrun.server.api.problems import MEDIA_TYPE, ProblemDocument

_DESCRIPTION: Final = """\
Made for programs that send messages and for those that watch over them. Bodies are JSON in UTF-8, audiences
JSON lines. Every answer has an `X-Request-Id`. Every error is a problem (RFC 9457) with a `code` for
programs, `detail` and `hint` for people, and, where the fault lies in what was sent, `faults` with line,
column and frame. Lists come in parts: `next` of one is `after` of the following.
"""

_TAGS: Final = {
    "channels": "What is served, and what messages need.",
    "messages": "Single messages, and what became of any message.",
    "mailings": "Mailings and their life.",
    "entities": "Objects at a channel's service.",
    "dead letters": "What failed for good.",
    "reports": "What became of everything.",
    "status": "The process itself.",
}

_PROBLEMS: Final = {
    "400": "The request broke off, or is none.",
    "401": "There is no token, or it is wrong.",
    "403": "The token's scope is too small.",
    "404": "There is no such thing.",
    "408": "The body did not come in time.",
    "409": "It cannot be done in the present state.",
    "413": "The body is too large.",
    "415": "The body is of another media type.",
    "422": "What was sent is wrong; `faults` says where.",
    "500": "The server has a fault.",
    "503": "The server is busy, being shut down, or its database fails; send it again.",
}
_SCHEMAS: Final = "#/components/schemas/"
_DONE: Final = "What it came to."
_ALWAYS: Final = ("500", "503")
_WITH_TOKEN: Final = ("401", "403")
_WITH_BODY: Final = ("400", "408", "413", "415", "422")
_CHANGING: Final = ("409",)
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def complete(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What gives an application's OpenAPI document; it is made once."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(_document(app))
        return made

    return document


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        servers=[{"url": "http://127.0.0.1:8090"}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    )
    components = document["components"]
    schemas = components["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas[ProblemDocument.__name__] = problem
    components["responses"] = {_name(code): _problem(text) for code, text in _PROBLEMS.items()}
    for path, operation in operations(document):
        _complete(path, operation, schemas)
    names = {name: _short(name) for name in schemas}
    components["schemas"] = {names[name]: schemas[name] for name in sorted(schemas, key=_short)}
    for name, schema in components["schemas"].items():
        schema["title"] = name
    _rename(document, {f"{_SCHEMAS}{old}": f"{_SCHEMAS}{new}" for old, new in names.items()})
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation of an OpenAPI document with its path."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, methods[method]


def _complete(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    body = operation.get("requestBody")
    if body is not None:
        for content in body["content"].values():
            schema = content["schema"]
            schemas.update(schema.pop("$defs", {}))
            if (title := schema.get("title")) is not None:
                schemas[title] = schema
                content["schema"] = {"$ref": f"{_SCHEMAS}{title}"}
    codes = [*_ALWAYS]
    if "security" in operation:
        codes += _WITH_TOKEN
    if body is not None:
        codes += _WITH_BODY
    elif operation.get("parameters"):
        codes.append("422")
    if "{" in path or path == "/api/mailings":
        codes.append("404")
    if operation.get("security", [{}])[0].get(SCHEME) not in (None, ["read"]):
        codes += _CHANGING
    for code in codes:
        responses.setdefault(code, {"$ref": f"#/components/responses/{_name(code)}"})
    for code, response in responses.items():
        if int(code) >= 400 and "$ref" not in response:
            response["content"] = _problem("")["content"]
    for response in responses.values():
        if response.get("description") == "Successful Response":
            response["description"] = _DONE
    operation["responses"] = dict(sorted(responses.items()))


def _problem(description: str) -> dict[str, Any]:
    headers = {"X-Request-Id": {"description": "As `request_id`.", "schema": {"type": "string"}}}
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}{ProblemDocument.__name__}"}}}
    return {"description": description, "headers": headers, "content": content}


def _name(code: str) -> str:
    return f"Problem{code}"


def _short(name: str) -> str:
    """What a schema is called: `MailingPage` for a page of `MailingDocument`s, which is called `Mailing`."""
    return re.sub(r"^Page_(\w+)_$", r"\1Page", name).replace("Document", "")


def _rename(value: Any, names: dict[str, str]) -> None:
    """Let references point to other names."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            value["$ref"] = names.get(value["$ref"], value["$ref"])
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _rename(each, names)
