"""Audience rows from a database: each row of a query is one profile, its columns named as those of CSV."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from akrun.model import codes
from akrun.model.audience_jsonl import rows_of
from akrun.model.audience_row import AudienceRow, RowFault, RowReader
from akrun.model.channel import Channel
from akrun.model.elements import BoolField
from aktmpl.errors import Fault as ValueFault
from aktmpl.json_form import to_json
from aktmpl.source import Span
from aktmpl.values import text_form

_NAME = re.compile(r"\w+(?:\.\w+)*")
_Path = tuple[str, ...]


def read_rows(
    rows: Iterator[Mapping[str, Any]], name: str, channel: Channel
) -> Iterator[AudienceRow | RowFault]:
    """The audience of a query.

    A column `subscription.phone` is the subscription's `phone`; `profile.name` and plain `name` are the
    profile's. Null is no value. A `bool` field takes 0 and 1, as databases without a type for it give them.

    Args:
        rows: the query's rows, column → template value.
        name: what frames call the query; they show a row as JSON, and its number as its line.
        channel: whose subscription fields the rows carry.
    """
    reader = RowReader(name, channel)
    bools = {
        ("subscription", *each.name.split(".")) for each in reader.form.fields if isinstance(each, BoolField)
    }
    paths: dict[str, _Path] | None = None
    for number, row in enumerate(rows, 1):
        if paths is None:
            paths = {column: _path(column) for column in row}
            faults = list(_header_faults(paths, reader))
            if faults:
                yield from faults
                return
        try:
            text = to_json(_nested(row, paths, bools)).decode()
        except ValueFault as fault:
            yield RowFault(
                codes.ROW_ENCODING, fault.message, name, number, ", ".join(row), Span(0, 1), fault.hint
            )
        else:
            yield from rows_of(text, reader, number)


def _nested(row: Mapping[str, Any], paths: Mapping[str, _Path], bools: set[_Path]) -> dict[str, Any]:
    """The row as a line of JSONL would have it; raises the language's fault for bytes that are no text."""
    nested: dict[str, Any] = {"profile": {}, "subscription": {}}
    for column, value in row.items():
        if value is None:
            continue
        *steps, last = path = paths[column]
        here = nested
        for step in steps:
            here = here.setdefault(step, {})
        if tuple(path) in bools and value in (0, 1):
            here[last] = bool(value)
        else:
            here[last] = text_form(value) if isinstance(value, bytes) else value
    return nested


def _path(column: str) -> _Path:
    path = tuple(column.split("."))
    return path if path[0] in ("profile", "subscription") and len(path) > 1 else ("profile", *path)


def _header_faults(paths: Mapping[str, _Path], reader: RowReader) -> Iterator[RowFault]:
    header = ", ".join(paths)
    seen: dict[_Path, str] = {}
    for column, path in paths.items():
        if not _NAME.fullmatch(column):
            message = f"`{column[:80]}` is no column name"
            yield _header_fault(message, column, header, reader, 'name it: SELECT … AS "subscription.phone"')
        elif any(path[: len(other)] == other or other[: len(path)] == path for other in seen):
            yield _header_fault(
                f"`{column}` and another column cannot both have values", column, header, reader
            )
        seen[path] = column
    if ("profile", "id") not in seen:
        hint = "each profile needs one: SELECT … AS id"
        yield _header_fault("the query has no column `id`", "", header, reader, hint)


def _header_fault(
    message: str, column: str, header: str, reader: RowReader, hint: str | None = None
) -> RowFault:
    start = max(header.find(column), 0)
    span = Span(start, start + max(len(column), 1))
    return RowFault(codes.HEADER, message, reader.name, 1, header, span, hint)
