"""Entities: objects at the external service that a channel creates or loads before a mailing starts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field, StrictFloat, StrictStr

from akrun.model import codes
from akrun.model.base import Finding, Model
from akrun.model.events import Identifier
from akrun.model.fields import Layout, layout_rules, raw_data_fields
from akrun.model.pipelines import Pipeline, pipeline_rules
from aktmpl.errors import nearest

OPERATIONS: Final = ("create", "delete", "list", "get", "update")
"""What can be done with entities."""


class Operation(Model):
    """One synchronous operation on an entity."""

    input: Layout = ()
    """What the caller gives, read as `$in.<field>`."""
    pipeline: Pipeline = Field(min_length=1)
    """What is done; ends in a result or an error."""
    deadline: StrictFloat = Field(default=30.0, gt=0)
    """Seconds that the caller waits."""

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterator[Finding]:
        """See `Model.rules`."""
        for finding in layout_rules(raw.get("input")):
            yield Finding(finding.code, finding.message, ("input", *finding.at), finding.hint, finding.on_key)
        yield from pipeline_rules(raw.get("pipeline"), ("pipeline",))


class Operations(Model):
    """The operations that an entity has."""

    create: Operation | None = None
    """Makes one at the service."""
    delete: Operation | None = None
    """Removes one."""
    list: Operation | None = None
    """Loads all, or those that the input asks for."""
    get: Operation | None = None
    """Loads one."""
    update: Operation | None = None
    """Changes one."""

    def of(self, name: str) -> Operation | None:
        """One of `OPERATIONS`, when the entity has it."""
        operation: Operation | None = getattr(self, name)
        return operation


class Entity(Model):
    """A kind of external object."""

    name: StrictStr = Field(min_length=1)
    """Shown to people."""
    shortname: Identifier
    """Unique in the channel; what entity fields name."""
    description: StrictStr | None = None
    """Shown to people."""
    fields: Layout = Field(min_length=1)
    """The structure of one such object."""
    primary: StrictStr
    """The field that tells one from another."""
    preview: StrictStr
    """The field that people choose by."""
    operations: Operations = Operations()
    """What can be done."""

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterator[Finding]:
        """See `Model.rules`."""
        for finding in layout_rules(raw.get("fields")):
            yield Finding(
                finding.code, finding.message, ("fields", *finding.at), finding.hint, finding.on_key
            )
        names = [str(element.get("name")) for _, element in raw_data_fields(raw.get("fields"))]
        for key in ("primary", "preview"):
            named = raw.get(key)
            if isinstance(named, str) and named not in names:
                hint = nearest(named, names) or ("fields here: " + ", ".join(names) if names else None)
                yield Finding(codes.ENTITY, f"`{key}` names no field of the entity", (key,), hint)
