"""The JSON form of values."""

import json
import math
from typing import Any

import orjson

from aktmpl.errors import Fault, type_name
from aktmpl.limits import Limits
from aktmpl.values import SHORT, check_depth, check_number

_DEFAULTS = Limits()


def to_json(value: Any, limits: Limits = _DEFAULTS, *, nested: int = 0) -> bytes:
    """Compact JSON in UTF-8, keys in their order. A float keeps its point, so types survive.

    Args:
        value: A JSON value.
        limits: How deep a value may nest, and how long an integer may be.
        nested: How many levels more than that: those of a document, whose leaves are values themselves.

    Raises:
        Fault: E407 for what JSON cannot hold, E502 for values nested too deep, E505.
    """
    depth = limits.depth + nested
    try:
        text: bytes = orjson.dumps(value, None, STRICT_JSON)
    except (TypeError, RecursionError):  # orjson's error is a TypeError
        return _to_json_exactly(value, depth, limits)
    if value.__class__ is str:
        return text
    if text.count(b"[") + text.count(b"{") > depth:
        check_depth(value, depth)
    if text.find(b"null") >= 0:  # what it writes for a NaN as well
        check_content(value, limits)
    return text


def json_text(value: Any, limits: Limits = _DEFAULTS) -> str:
    """`to_json` as text, with a short way for the scalars that are most frequent."""
    kind = value.__class__
    if kind is int and -SHORT < value < SHORT:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    return to_json(value, limits).decode()


def exact_json(value: Any) -> bytes | None:
    """A value as JSON, if that tells it from all others; None for what JSON has no exact form of."""
    try:
        text: bytes = orjson.dumps(value, None, STRICT_JSON)
    except (TypeError, RecursionError):
        return None
    if text.find(b"null") >= 0:  # what it writes for a NaN as well
        try:
            check_content(value)
        except Fault:
            return None
    return text


STRICT_JSON = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
"""What the encoder must not convert by itself: dates and dataclasses are no JSON values."""


def _to_json_exactly(value: Any, depth: int, limits: Limits) -> bytes:
    """The slow way: integers beyond 64 bits, and an exact error for what cannot be written."""
    check_depth(value, depth)
    check_content(value, limits)
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Fault("E407", "half a surrogate pair cannot be written as UTF-8") from None
    except ValueError:
        raise Fault("E407", "the value cannot be written as JSON") from None


def check_content(value: Any, limits: Limits = _DEFAULTS) -> None:
    """Refuse what JSON has no form for (E407): NaN and infinities, bytes, foreign types, odd keys."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise Fault("E407", f"an object key of type {type_name(key)} cannot be written as JSON")
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise Fault("E407", f"{item!r} is no JSON number")
        elif isinstance(item, bytes):
            hint = "insert them as text with `$`, or encode them, for example with base64"
            raise Fault("E407", "bytes cannot be written as JSON", hint)
        elif isinstance(item, int):
            check_number(item, limits)
        elif item is not None and not isinstance(item, str):
            raise Fault("E407", f"a value of type {type_name(item)} cannot be written as JSON")
