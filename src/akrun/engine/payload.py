"""Template values as bytes that a backend can keep: byte strings included, secrets left out.

A byte string is `{"$bytes": "<base64>"}`. A text with a secret in it is `{"$sealed": ["text", …]}` with the
secret's name in the secret's place, from which it is made whole by a process that has the secret. Objects
that look like one of these marks themselves are wrapped.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from akrun.engine.secrets import MASK, Mark, Masker, SealError

_BYTES: Final = "$bytes"
_OBJECT: Final = "$object"
_PAIRS: Final = "$pairs"
"""Marks an object with a secret in one of its keys."""
_SEALED: Final = "$sealed"
_MARKS: Final = frozenset({_BYTES, _OBJECT, _PAIRS, _SEALED})

_NO_SECRETS: Final = Masker()


def encode_payload(value: Any, masker: Masker = _NO_SECRETS) -> bytes:
    """A template value as JSON in UTF-8, without the secrets that the masker knows.

    Raises:
        ValueError: a number that is not finite, or something that is no template value.
        RecursionError: it is nested too deep.
    """
    text = json.dumps(
        _Writer(masker, _refuse).marked(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode("utf-8", "surrogatepass")


def encode_leniently(value: Any, masker: Masker) -> bytes:
    """The same of what may be no template value: such a part becomes text."""
    text = json.dumps(_Writer(masker, repr).marked(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def decode_payload(payload: bytes, masker: Masker = _NO_SECRETS) -> Any:
    """The value that was encoded, with the secrets as the masker knows them; a tuple comes back as a list.

    Raises:
        SealError: a secret in it is not known, or was not kept.
        ValueError: no such payload.
    """
    return _Reader(masker.opened).unmarked(json.loads(payload.decode("utf-8", "surrogatepass")))


def show_payload(payload: bytes) -> Any:
    """The value that was encoded, as people may see it: `***` for secrets; raises ValueError likewise."""
    return _Reader(_shown).unmarked(json.loads(payload.decode("utf-8", "surrogatepass")))


class _Writer:
    def __init__(self, masker: Masker, other: Callable[[Any], Any]) -> None:
        self._masker = masker
        self._other = other

    def marked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._sealed("text", value) or value
        if isinstance(value, bytes):
            sealed = self._masker and self._sealed("bytes", value.decode("utf-8", "surrogateescape"))
            return sealed or {_BYTES: base64.b64encode(value).decode("ascii")}
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.marked(each) for each in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            pieces = self._masker.sealed(str(value)) if self._masker else []
            whole = len(pieces) == 3 and pieces[0] == pieces[2] == ""
            return {_SEALED: ["number", *map(_piece, pieces)]} if whole else value
        return value if value is None or isinstance(value, bool) else self._other(value)

    def _object(self, value: dict[Any, Any]) -> dict[str, Any]:
        names = [key if isinstance(key, str) else self._other(key) for key in value]
        sealed = [self._sealed("text", name) for name in names]
        values = [self.marked(each) for each in value.values()]
        if any(sealed):
            keys = [mark or name for mark, name in zip(sealed, names, strict=True)]
            return {_PAIRS: [list(pair) for pair in zip(keys, values, strict=True)]}
        marked = dict(zip(names, values, strict=True))
        return {_OBJECT: marked} if _is_mark(value) else marked

    def _sealed(self, kind: str, text: str) -> dict[str, Any] | None:
        pieces = self._masker.sealed(text) if self._masker else []
        return {_SEALED: [kind, *map(_piece, pieces)]} if len(pieces) > 1 else None


class _Reader:
    def __init__(self, opened: Callable[[list[str | Mark]], str]) -> None:
        self._opened = opened

    def unmarked(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.unmarked(each) for each in value]
        if not isinstance(value, dict):
            return value
        if _is_mark(value):
            ((mark, inside),) = value.items()
            if mark == _BYTES:
                return base64.b64decode(inside, validate=True)
            if mark == _PAIRS:
                return {self.unmarked(key): self.unmarked(each) for key, each in inside}
            if mark == _SEALED:
                return self._unsealed(*inside)
            value = inside
        return {key: self.unmarked(each) for key, each in value.items()}

    def _unsealed(self, kind: str, *pieces: Any) -> Any:
        text = self._opened([each if isinstance(each, str) else Mark(*each) for each in pieces])
        if kind == "bytes":
            return text.encode("utf-8", "surrogateescape")
        return text if kind == "text" or text == MASK else json.loads(text)


def _piece(piece: str | Mark) -> Any:
    return piece if isinstance(piece, str) else [piece.name, piece.form]


def _shown(pieces: list[str | Mark]) -> str:
    return "".join(piece if isinstance(piece, str) else MASK for piece in pieces)


def _refuse(value: Any) -> Any:
    raise ValueError(f"a value of type {type(value).__name__} cannot be kept")


def _is_mark(value: Mapping[Any, Any]) -> bool:
    return len(value) == 1 and not _MARKS.isdisjoint(value)


__all__ = ["SealError", "decode_payload", "encode_leniently", "encode_payload", "show_payload"]
