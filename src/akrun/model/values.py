"""Values for an object's fields: every fault at once, and defaults where nothing is given."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from akrun.model.channel import Channel
from akrun.model.elements import DataField, EntityField
from akrun.model.fields import Layout, data_fields
from aktmpl.errors import nearest, shown

MASK = "***"
"""What is shown in place of a secret value."""


_ABOUT_SHAPE = ("type", "unknown", "required", "source")
"""Rules whose message says all without the value."""


@dataclass(frozen=True, slots=True)
class ValueFault:
    """A value that breaks a rule of its field.

    Attributes:
        path: As templates write it: `sender.port`.
        rule: The rule's name: `required`, `unknown`, `type`, `min`, `pattern`, ….
        message: What is wrong, with path and value; a secret value is masked.
        value: The value as it may be shown.
        at: Keys and indexes from the object to the wrong part.
        hint: How to mend it.
        on_key: Whether the key at `at` is wrong rather than its value.
    """

    path: str
    rule: str
    message: str
    value: str
    at: tuple[str | int, ...]
    hint: str | None = None
    on_key: bool = False


class Form:
    """The fields of one object, ready to check any number of values for it."""

    def __init__(self, name: str, layout: Layout, channel: Channel | None = None) -> None:
        """Prepare the check of `layout`.

        Args:
            name: What paths begin with: `sender`, `subscription`, ….
            layout: The object's fields.
            channel: Where the entities of entity fields are described; without it they are not looked into.
        """
        self.name = name
        self.fields = data_fields(layout)
        self._channel = channel
        self._paths = [tuple(field.name.split(".")) for field in self.fields]

    def fill(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[ValueFault, ...]]:
        """The values with defaults filled in, and every fault of them.

        Args:
            values: The object, nested as the fields' dotted names say. It is not changed.
        """
        filled = _copy(values)
        faults = list(self._unknown(values, ()))
        for field, path in zip(self.fields, self._paths, strict=True):
            value, depth = _find(values, path)
            if depth < len(path) and not (value is None or isinstance(value, dict)):
                faults.append(self._no_object(path[:depth]))
            elif depth < len(path) or value is None:
                if field.default is not None:
                    _set(filled, path, field.default)
                elif field.required:
                    faults.append(self._missing(field, path, "null" if depth == len(path) else None))
            elif field.required and value == "":
                faults.append(self._missing(field, path, "empty"))
            else:
                faults.extend(self._broken(field, path, value))
                faults.extend(self._unlike_entity(field, path, value))
        return filled, tuple(faults)

    def secrets(self, values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        """The paths of secret fields that have a value."""
        for field, path in zip(self.fields, self._paths, strict=True):
            if field.secret and _find(values, path)[1] == len(path):
                yield path

    def missing(self, values: Mapping[str, Any]) -> str | None:
        """The first required field that has neither a value (an empty text is none) nor a default."""
        for field, path in zip(self.fields, self._paths, strict=True):
            value, depth = _find(values, path)
            absent = depth < len(path) or value is None or value == ""
            if field.required and field.default is None and absent:
                return f"{self.name}.{field.name}"
        return None

    def _broken(self, field: DataField, path: tuple[str, ...], value: Any) -> Iterator[ValueFault]:
        for violation in field.check(value):
            at = (*path, *violation.at)
            part = MASK if field.secret else shown(_part(value, violation.at))
            tail = "" if violation.rule in _ABOUT_SHAPE else f": {part}"
            yield ValueFault(
                f"{self.name}.{field.name}",
                violation.rule,
                f"`{self._dotted(path if violation.on_key else at)}` {violation.message}{tail}",
                part,
                at,
                None if field.secret else violation.hint,
                violation.on_key,
            )

    def _unlike_entity(self, field: DataField, path: tuple[str, ...], value: Any) -> Iterator[ValueFault]:
        """What of an entity field's value is not as the entity says; of its fields only one is required."""
        if not isinstance(field, EntityField) or self._channel is None or not isinstance(value, dict):
            return
        entity = self._channel.entity(field.entity)
        if entity is None:
            return
        inner = Form(self._dotted(path), entity.fields)
        for fault in inner.fill(value)[1]:
            if fault.rule != "required":
                yield replace(fault, at=(*path, *fault.at))
        primary = tuple(entity.primary.split("."))
        found, depth = _find(value, primary)
        if depth < len(primary) or found is None:
            name = self._dotted((*path, *primary))
            message = f"the entity's primary field `{name}` is missing"
            yield ValueFault(name, "required", message, "null", (*path, *primary))

    def _missing(self, field: DataField, path: tuple[str, ...], but: str | None) -> ValueFault:
        name = self._dotted(path)
        message = f"`{name}` is {but} but required" if but else f"the required `{name}` is missing"
        hint = field.help or (f"it is the field “{field.label}”" if field.label else None)
        return ValueFault(name, "required", message, "null", path, hint)

    def _no_object(self, path: tuple[str, ...]) -> ValueFault:
        name = self._dotted(path)
        return ValueFault(name, "type", f"`{name}` must be an object", MASK, path)

    def _dotted(self, path: Iterable[str | int]) -> str:
        return ".".join(map(str, (self.name, *path)))

    def _unknown(self, values: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[ValueFault]:
        depth = len(above)
        known = dict.fromkeys(path[: depth + 1] for path in self._paths if path[:depth] == above)
        for key, value in values.items():
            path = (*above, key)
            if path not in known:
                names = [each[-1] for each in known]
                hint = nearest(key, names) or ("fields here: " + ", ".join(names) if names else None)
                name = self._dotted(path)
                message = f"the channel has no field `{name[:120]}`"
                yield ValueFault(name, "unknown", message, MASK, path, hint, on_key=True)
            elif path not in self._paths and isinstance(value, dict):
                yield from self._unknown(value, path)


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in values.items()}


def _find(values: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Any, int]:
    """The innermost value on the path, and how many of its steps are there."""
    here: Any = values
    for depth, step in enumerate(path):
        if not isinstance(here, dict) or step not in here:
            return here, depth
        here = here[step]
    return here, len(path)


def _set(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    here = values
    for step in path[:-1]:
        inner = here.get(step)
        if inner is None:
            inner = here[step] = {}
        here = inner
    here[path[-1]] = value


def _part(value: Any, at: tuple[str | int, ...]) -> Any:
    for step in at:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
