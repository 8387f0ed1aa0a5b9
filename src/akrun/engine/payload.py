"""What enters a pipeline later, as bytes that a backend can keep: template values, byte strings included."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from akrun.engine.secrets import Masker

_BYTES = "$bytes"
_OBJECT = "$object"
"""Marks an object that would look like one of our marks itself."""


def encode_payload(value: Any) -> bytes:
    """A template value as JSON in UTF-8; a byte string is `{"$bytes": "<base64>"}`.

    Raises:
        ValueError: a number that is not finite, or something that is no template value.
        RecursionError: it is nested too deep.
    """
    text = json.dumps(_marked(value, _refuse), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def encode_input(data: Mapping[str, Any], masker: Masker) -> bytes:
    """`$in` for a dead letter, in the same form, secrets masked.

    It is for people to look at: what is no template value becomes text.
    """
    masked = masker.value(dict(data))
    text = json.dumps(_marked(masked, repr), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def decode_payload(payload: bytes) -> Any:
    """The value that `encode_payload` was given; a tuple comes back as a list.

    Raises:
        ValueError: no such payload.
    """
    return _unmarked(json.loads(payload.decode("utf-8", "surrogatepass")))


def _marked(value: Any, other: Callable[[Any], Any]) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    if isinstance(value, dict):
        marked = {
            key if isinstance(key, str) else other(key): _marked(each, other) for key, each in value.items()
        }
        return {_OBJECT: marked} if _is_mark(value) else marked
    if isinstance(value, list | tuple):
        return [_marked(each, other) for each in value]
    return value if value is None or isinstance(value, str | int | float) else other(value)


def _refuse(value: Any) -> Any:
    raise ValueError(f"a value of type {type(value).__name__} cannot be kept")


def _unmarked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmarked(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _is_mark(value):
        if _BYTES in value:
            return base64.b64decode(value[_BYTES], validate=True)
        value = value[_OBJECT]
    return {key: _unmarked(each) for key, each in value.items()}


def _is_mark(value: dict[Any, Any]) -> bool:
    return len(value) == 1 and (_BYTES in value or _OBJECT in value)
