"""A mailing's constant roots at rest: kept without their secrets, and made whole again when they are used."""

from collections.abc import Iterator, Mapping
from typing import Any

from akrun.engine.compile import CompiledChannel, secret_fields
from akrun.engine.secrets import MASK
from akrun.errors import PipeFailure
from akrun.exact_json import decode, encode
from akrun.model import Channel
from akrun.model.fields import data_fields
from akrun.model.mailing import VALUE_OBJECTS


def about(channel: Channel) -> dict[str, Any]:
    """The value of the root `channel`."""
    return {"id": channel.id, "string_id": channel.string_id, "name": channel.name}


def without_secrets(channel: Channel, values: Mapping[str, Any]) -> bytes:
    """JSON of a mailing's values as they may lie on a disk: the channel's secret fields are masked."""
    copy = decode(encode(dict(values)))
    for parent, last in _secret_places(channel, copy):
        if parent.get(last) is not None:
            parent[last] = MASK
    return encode(copy)


def with_secrets(compiled: CompiledChannel, stored: bytes, values: Mapping[str, Any]) -> dict[str, Any]:
    """The constants that `without_secrets` stored, with the secrets among `values` in the masks' places.

    Raises:
        PipeFailure: A secret is not among the values, of kind `secret`; its text names the field.
    """
    constants: dict[str, Any] = decode(stored)
    for root, path in secret_fields(compiled.channel):
        given = _part(values.get(root), path)
        parent, last = _place(constants.get(root), path)
        if parent is None or parent.get(last) != MASK:
            continue
        if given is None:
            message = f"this process was not given the secret {root}.{path}"
            raise PipeFailure("secret", message, kind="secret")
        parent[last] = given
    return constants


def missing_secrets(channel: Channel, values: Mapping[str, Any]) -> list[str]:
    """The required secrets of a mailing's objects that are not among the values, by dotted path."""
    return [
        f"{root}.{field.name}"
        for root in VALUE_OBJECTS
        for field in data_fields(channel.fields.of(root))
        if field.secret and field.required and _part(values.get(root), field.name) is None
    ]


def _secret_places(channel: Channel, values: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for root, path in secret_fields(channel):
        parent, last = _place(values.get(root), path)
        if parent is not None:
            yield parent, last


def _place(value: Any, path: str) -> tuple[dict[str, Any] | None, str]:
    """The object that holds the last step of a dotted path, if there is one."""
    *steps, last = path.split(".")
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return (value if isinstance(value, dict) else None), last


def _part(value: Any, path: str) -> Any:
    parent, last = _place(value, path)
    return None if parent is None else parent.get(last)
