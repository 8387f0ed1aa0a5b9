"""The input of a dead letter: `$in` as JSON, with byte strings kept as what they are."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from akrun.engine.secrets import Masker

_BYTES = "$bytes"


def encode_input(data: Mapping[str, Any], masker: Masker) -> bytes:
    """`$in` as JSON in UTF-8, secrets masked; a byte string is `{"$bytes": "<base64>"}`."""
    text = json.dumps(masker.value(dict(data)), default=_encoded, ensure_ascii=False, allow_nan=True)
    return text.encode("utf-8", "surrogatepass")


def decode_input(text: bytes) -> Any:
    """The value that `encode_input` was given."""
    return json.loads(text.decode("utf-8", "surrogatepass"), object_hook=_decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    return repr(value)


def _decoded(value: dict[str, Any]) -> Any:
    if value.keys() == {_BYTES} and isinstance(value[_BYTES], str):
        return base64.b64decode(value[_BYTES])
    return value
