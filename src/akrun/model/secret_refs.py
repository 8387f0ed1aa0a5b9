"""Secrets by reference: `env:NAME` is an environment variable, `file:PATH` the text of a file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeGuard

import orjson

from akrun.model.elements import BoolField, DataField, EntityField, FileField, IntField, JsonField

MAX_BYTES: Final = 1024 * 1024
"""A larger file is no secret."""

_PARSED = (IntField, BoolField, JsonField, FileField, EntityField)


class SecretError(Exception):
    """A reference leads to nothing; its text says why and shows no secret."""


def is_reference(value: Any) -> TypeGuard[str]:
    """Whether a value is written as a reference."""
    return isinstance(value, str) and value.startswith(("env:", "file:"))


def resolve(reference: str, base: Path, environ: Mapping[str, str] | None = None) -> str:
    """The secret that a reference stands for.

    Args:
        reference: `env:NAME` or `file:PATH`.
        base: The folder from which a relative path is seen.
        environ: The environment; that of the process when None.

    Returns:
        The variable's value, or the file's text without one line end at its end.

    Raises:
        SecretError: There is no such variable or file, it is empty, or the file is no UTF-8 text.
    """
    kind, _, name = reference.partition(":")
    if kind == "file":
        text = _read(base / name, name)
    elif name not in (environ := os.environ if environ is None else environ):
        raise SecretError(f"the environment variable `{name[:80]}` is not set")
    else:
        text = environ[name]
    if not text:
        what = "file" if kind == "file" else "environment variable"
        raise SecretError(f"the {what} `{name[:80]}` is empty")
    return text


def typed(field: DataField, text: str) -> Any:
    """A secret as its field's type needs it: texts stay, others are read as JSON (what is none stays too)."""
    if not isinstance(field, _PARSED):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _read(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SecretError(f"the file `{name[:80]}` cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SecretError(f"`{name[:80]!r}` is no path") from error
    if len(data) > MAX_BYTES:
        raise SecretError(f"the file `{name[:80]}` is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # not chained: the error would show what the file holds
        raise SecretError(f"the file `{name[:80]}` is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")
