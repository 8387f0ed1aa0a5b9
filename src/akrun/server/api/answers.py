"""Answers of the API as JSON: integers of any length survive, and texts that are no Unicode do no harm."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from akrun.exact_json import encode

T = TypeVar("T")

MEDIA_TYPE = "application/json"


class Document(BaseModel):
    """What all answers have in common: their fields' docstrings are their descriptions."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Page(Document, Generic[T]):
    """A part of a list, and where the next part begins."""

    items: list[T]
    """In order."""
    next: str | None
    """What `after` has to be for the next part; null when this is the last."""


def encoded(value: Any) -> bytes:
    """A JSON value in UTF-8; half characters in texts become escapes."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def answer(document: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of the API."""
    return Response(encoded(document.model_dump(by_alias=True)), status, headers, MEDIA_TYPE)


def moment(seconds: float) -> str:
    """A time as the API writes it: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
