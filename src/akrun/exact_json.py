"""JSON in UTF-8 that keeps integers of any length, which orjson alone would refuse or round."""

import json
import re
from typing import Any

import orjson

_LONG_INTEGER = re.compile(rb"[0-9]{19}")


def encode(value: Any) -> bytes:
    """The JSON of a value; a NaN becomes null, keys of objects their text.

    Raises TypeError or ValueError for what JSON does not have, half characters in texts included.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def decode(data: bytes) -> Any:
    """The value of a JSON text; raises `orjson.JSONDecodeError`."""
    value = orjson.loads(data)
    return json.loads(data) if _LONG_INTEGER.search(data) else value


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON for people to read, of any value: long integers whole, what JSON does not have as its `repr`."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=repr)
    return text.encode("utf-8", "replace").decode()
