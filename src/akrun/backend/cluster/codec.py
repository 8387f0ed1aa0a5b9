"""Records as bytes: one line of JSON, then the byte strings that it speaks of, as they are."""

from typing import Any

import orjson

from akrun.backend.errors import RecordError
from akrun.exact_json import decode, encode


def pack(head: Any, *blobs: bytes | None) -> bytes:
    """A record of a JSON value and byte strings.

    Raises:
        RecordError: the value cannot be written as JSON, or has text that is not Unicode.
    """
    lengths = [None if blob is None else len(blob) for blob in blobs]
    return b"\n".join((to_json([head, lengths]), b"".join(blob for blob in blobs if blob)))


def unpack(body: bytes) -> tuple[Any, list[bytes | None]]:
    """What `pack` was given: the value and the byte strings."""
    line, _, rest = body.partition(b"\n")
    head, lengths = decode(line)
    blobs: list[bytes | None] = []
    start = 0
    for length in lengths:
        if length is None:
            blobs.append(None)
        else:
            blobs.append(rest[start : start + length])
            start += length
    return head, blobs


def to_json(value: Any) -> bytes:
    """A JSON value as bytes, without line breaks.

    Raises:
        RecordError: it is no JSON value, or has text that is not Unicode.
    """
    try:
        return encode(value)
    except (TypeError, ValueError, orjson.JSONEncodeError) as error:
        raise RecordError(f"not a JSON value: {error}") from error
