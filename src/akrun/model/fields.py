"""Layouts of fields: rows of one to four columns, and the rules between fields."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from akrun.model import codes
from akrun.model.base import Finding, Model
from akrun.model.elements import (
    BoolField,
    ColorField,
    DataField,
    Divider,
    EntityField,
    EnumField,
    FileField,
    Header,
    HtmlField,
    IntField,
    JsonField,
    Message,
    StringField,
    TextField,
)

OBJECTS: Final = ("template", "resource", "campaign", "sender", "subscription", "account")
"""The objects that have fields, as templates name them."""
SHOWN_ONLY: Final = ("message", "header", "divider")
"""Types of elements that store nothing."""

_NAME = re.compile(r"\w+(?:\.\w+)*")

Element = Annotated[
    IntField | StringField | BoolField | JsonField | TextField | HtmlField | FileField | EnumField
    | ColorField | EntityField | Message | Header | Divider,
    Field(discriminator="type"),
]  # fmt: skip
"""Anything that can stand in a layout."""


def _with_brackets(row: Any) -> Any:
    return (row,) if isinstance(row, dict | Model) else row


Row = Annotated[
    tuple[Element, ...],
    Field(min_length=1, max_length=4),
    BeforeValidator(_with_brackets, json_schema_input_type=Element | tuple[Element, ...]),
]
"""One to four elements side by side; a single one may stand without brackets."""

Layout = tuple[Row, ...]
"""The rows of one object's form, from top to bottom."""


class Fields(Model):
    """The fields of a channel, by the object that they belong to."""

    template: Layout = ()
    """What a message consists of."""
    resource: Layout = ()
    """How a user customises the channel: a key of their own, an icon."""
    campaign: Layout = ()
    """Settings of a mailing."""
    sender: Layout = ()
    """Hidden from users: the service's address and keys."""
    subscription: Layout = ()
    """What ties a resource to a profile, such as a phone number or a chat id."""
    account: Layout = ()
    """Settings per account."""

    def of(self, name: str) -> Layout:
        """The layout of one of `OBJECTS`."""
        layout: Layout = getattr(self, name)
        return layout

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterator[Finding]:
        """See `Model.rules`."""
        for name in OBJECTS:
            for finding in layout_rules(raw.get(name)):
                yield Finding(
                    finding.code, finding.message, (name, *finding.at), finding.hint, finding.on_key
                )


def data_fields(layout: Layout) -> tuple[DataField, ...]:
    """The fields of a layout that store a value, in reading order."""
    return tuple(element for row in layout for element in row if isinstance(element, DataField))


def raw_elements(layout: Any) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any], Sequence[Any]]]:
    """Path, element and row of every object in a layout as it is written, whatever else is in it."""
    for row_number, row in enumerate(layout if isinstance(layout, list | tuple) else ()):
        if isinstance(row, dict):
            yield (row_number,), row, [row]
        elif isinstance(row, list | tuple):
            for column, element in enumerate(row):
                if isinstance(element, dict):
                    yield (row_number, column), element, row


def raw_data_fields(layout: Any) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any]]]:
    """Path and element of every data field in a layout as it is written."""
    for at, element, _ in raw_elements(layout):
        if element.get("type") not in SHOWN_ONLY:
            yield at, element


def layout_rules(layout: Any) -> Iterator[Finding]:
    """Broken rules between the fields of a layout as it is written."""
    names: set[str] = set()
    for at, element, row in raw_elements(layout):
        if element.get("type") == "entity" and len(row) > 1:
            yield Finding(
                codes.LAYOUT, "an entity field takes a whole row", at, "move it to a row of its own"
            )
        name = element.get("name")
        if element.get("type") in SHOWN_ONLY or not isinstance(name, str):
            continue
        place: tuple[str | int, ...] = (*at, "name")
        if not _NAME.fullmatch(name):
            hint = "letters, digits and _, with dots between segments"
            yield Finding(codes.FIELD_NAME, f"`{name[:80]}` is no field name", place, hint)
        elif name in names:
            yield Finding(codes.FIELD_NAME, f"the field `{name}` stands here a second time", place)
        elif (other := _inside(name, names)) is not None:
            message = f"`{name}` and `{other}` cannot both be fields: one would lie inside the other"
            yield Finding(codes.FIELD_NAME, message, place)
        names.add(name)


def _inside(name: str, names: Iterable[str]) -> str | None:
    return next(
        (other for other in names if other.startswith(name + ".") or name.startswith(other + ".")), None
    )
