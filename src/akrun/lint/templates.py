"""The templates in a compiled pipe, whatever its kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from akrun.pipes.spec import Parameter
from aktmpl import DocumentTemplate, Query, TextTemplate
from aktmpl.sql import Dialect, SqlTemplate

AnyTemplate: TypeAlias = TextTemplate | DocumentTemplate | Query


@dataclass(frozen=True, slots=True)
class Held:
    """A template in a pipe, and the parameter that it belongs to."""

    parameter: str
    template: AnyTemplate


def templates_of(compiled: Any) -> Iterator[Held]:
    """Every template of a compiled pipe, or of another dataclass that holds some, in its fields' order."""
    for each in fields(compiled):
        for template in _within(getattr(compiled, each.name)):
            yield Held(each.name, template)


def _within(part: Any) -> Iterator[AnyTemplate]:
    match part:
        case TextTemplate() | DocumentTemplate() | Query():
            yield part
        case Parameter(template=template):
            yield from _within(template)
        case SqlTemplate():
            yield from part.templates()
        case Mapping():
            for each in part.values():
                yield from _within(each)
        case ((Dialect(), _), *_):  # one statement, written for several dialects
            yield from _within(part[0][1])
        case tuple():
            for each in part:
                yield from _within(each)
        case _ if is_dataclass(part):
            for held in templates_of(part):
                yield held.template
