"""Values for an object's fields: every fault at once, and defaults where nothing is given."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from akrun.model.channel import Channel
from akrun.model.elements import DataField, EntityField
from akrun.model.entities import Entity
from akrun.model.fields import Layout, data_fields
from akrun.model.secret_refs import SecretError, is_reference, resolve, typed
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

    def __init__(  # noqa: PLR0913 - options by name
        self,
        name: str,
        layout: Layout,
        channel: Channel | None = None,
        *,
        hidden: bool = False,
        partial: bool = False,
        owner: str = "channel",
    ) -> None:
        """Prepare the check of `layout`.

        Args:
            name: What paths begin with: `sender`, `subscription`, ….
            layout: The object's fields.
            channel: Where the entities of entity fields are described; without it they are not looked into.
            hidden: Whether all values are secret.
            partial: Whether values of required fields may be missing.
            owner: What messages call that which has the fields.
        """
        self.name = name
        self.fields = data_fields(layout)
        self._channel = channel
        self._hidden = hidden
        self._partial = partial
        self._owner = owner
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
                    _set(filled, path, field.filled(field.default))
                    faults.extend(self._unlike_entity(field, path, field.default))
                elif field.required and not self._partial:
                    faults.append(self._missing(field, path, "null" if depth == len(path) else None))
            elif field.required and value == "" and not self._partial:
                faults.append(self._missing(field, path, "empty"))
            else:
                faults.extend(self._broken(field, path, value))
                faults.extend(self._unlike_entity(field, path, value))
                _set(filled, path, field.filled(value))
        return filled, tuple(faults)

    def resolved(
        self, values: Mapping[str, Any], folder: Callable[[tuple[str, ...]], Path]
    ) -> tuple[dict[str, Any], tuple[ValueFault, ...]]:
        """The values with secrets in place of `env:` and `file:` references, and references to nothing.

        Args:
            values: As for `fill`.
            folder: From where a relative path is seen that stands at a field's path.
        """
        replaced = _copy(values)
        faults: list[ValueFault] = []
        for field, path in zip(self.fields, self._paths, strict=True):
            reference = part(values, path) if field.secret else None
            if not is_reference(reference):
                continue
            try:
                _set(replaced, path, typed(field, resolve(reference, folder(path))))
            except SecretError as error:
                name = self._dotted(path)
                faults.append(ValueFault(name, "reference", f"`{name}`: {error}", MASK, path))
        return replaced, tuple(faults)

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
        secret = field.secret or self._hidden
        for violation in field.check(value):
            at = (*path, *violation.at)
            seen = MASK if secret else shown(part(value, violation.at))
            tail = "" if violation.rule in _ABOUT_SHAPE else f": {seen}"
            detail = "" if secret else violation.detail
            yield ValueFault(
                f"{self.name}.{field.name}",
                violation.rule,
                f"`{self._dotted(path if violation.on_key else at)}` {violation.message}{detail}{tail}",
                seen,
                at,
                None if secret else violation.hint,
                violation.on_key,
            )

    def _unlike_entity(self, field: DataField, path: tuple[str, ...], value: Any) -> Iterator[ValueFault]:
        if not isinstance(field, EntityField) or self._channel is None or not isinstance(value, dict):
            return
        entity = self._channel.entity(field.entity)
        if entity is None:
            return
        hidden = field.secret or self._hidden
        for fault in entity_faults(entity, self._dotted(path), value, self._channel, hidden=hidden):
            yield replace(fault, at=(*path, *fault.at))

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
                message = f"the {self._owner} has no field `{name[:120]}`"
                yield ValueFault(name, "unknown", message, MASK, path, hint, on_key=True)
            elif path not in self._paths and isinstance(value, dict):
                yield from self._unknown(value, path)


def entity_faults(
    entity: Entity, name: str, value: Mapping[str, Any], channel: Channel, *, hidden: bool = False
) -> Iterator[ValueFault]:
    """What of an object is not as the entity says; of the entity's fields only the primary is required.

    Args:
        entity: The entity.
        name: What paths begin with.
        value: The object.
        channel: The entity's channel.
        hidden: Whether all values are secret.
    """
    form = Form(name, entity.fields, channel, hidden=hidden, partial=True, owner="entity")
    yield from form.fill(value)[1]
    primary = tuple(entity.primary.split("."))
    found, depth = _find(value, primary)
    if depth < len(primary) or found is None:
        path = ".".join((name, *primary))
        message = f"the entity's primary field `{path}` is missing"
        yield ValueFault(path, "required", message, "null", primary)


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


def part(value: Any, at: tuple[str | int, ...]) -> Any:
    """What keys and indexes lead to in a value; None where they lead nowhere."""
    for step in at:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
