"""Audience rows from JSONL: `{"profile": {…}, "subscription": {…}}` or the profile's fields alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from akrun.model import codes
from akrun.model.audience_row import MAX_ROW_BYTES, AudienceRow, RowFault, RowReader
from akrun.model.explain import words_for
from akrun.model.json_positions import read_json
from akrun.model.located import hide
from akrun.model.positions import MAX_DEPTH, BrokenTextError, Node
from aktmpl.source import Span

_UNUSUAL = re.compile(r"\\u[dD][89a-fA-F]|[0-9]{300}|[eE][+]?[0-9]{3}")
"""Texts in which the fast parser may take what the strict one refuses."""


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


@dataclass(frozen=True, slots=True)
class _Misshapen:
    """A row that is no object of profile and subscription."""

    message: str
    at: tuple[str | int, ...] = ()
    on_key: bool = False


def read_jsonl(file: BinaryIO, reader: RowReader) -> Iterator[AudienceRow | RowFault]:
    """The rows of an open file; lines of nothing but white space are passed over."""
    number = 0
    while data := file.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(data) > MAX_ROW_BYTES:
            text = data[:200].decode("utf-8", "replace")
            message = f"the line is longer than {MAX_ROW_BYTES // 1024} KiB"
            yield RowFault(codes.ROW_TOO_LARGE, message, reader.name, number, text, Span(0, 1))
            _skip_line(file)
            continue
        try:
            text = data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield undecodable(data, error, reader.name, number)
            continue
        if not text.isspace() and text:
            yield from rows_of(text, reader, number)


def undecodable(
    data: bytes, error: UnicodeDecodeError, name: str, line: int, first_column: int = 1
) -> RowFault:
    """The fault of a row that is not UTF-8, at its first bad byte."""
    column = len(data[: error.start].decode("utf-8"))
    text = data.decode("utf-8", "replace").rstrip("\r\n")
    message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
    span, hint = Span(column, column + 1), "save the file as UTF-8"
    return RowFault(codes.ROW_ENCODING, message, name, line, text, span, hint, first_column)


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_ROW_BYTES)) and not rest.endswith(b"\n"):
        pass


def rows_of(text: str, reader: RowReader, line: int, column: int = 1) -> Iterator[AudienceRow | RowFault]:
    """The row of one JSON text, or its faults; `line` and `column` say where the text begins in the file."""
    try:
        value = _parse(text)
    except BrokenTextError as error:
        trouble = error.trouble
        place = text, trouble.span, trouble.hint, column
        yield RowFault(codes.ROW_SYNTAX, trouble.message, reader.name, line, *place)
        return
    split = _split(value)
    if isinstance(split, _Misshapen):
        span = _place(read_json(text).root, split.at, on_key=split.on_key)
        yield RowFault(codes.ROW_SHAPE, split.message, reader.name, line, text, span, None, column)
        return
    result = reader.row(line, *split)
    if isinstance(result, AudienceRow):
        yield result
        return
    root = read_json(text).root
    secrets = reader.form.secrets(split[1])
    text = hide(text, [_place(root, ("subscription", *path), whole=True) for path in secrets])
    for each in result:
        span = _place(root, each.at, on_key=each.on_key)
        yield RowFault(each.code, each.message, reader.name, line, text, span, each.hint, column)


def _parse(text: str) -> Any:
    """The line's value; by the fast parser where both agree, by the strict one to say what is wrong."""
    deep = text.count("[") + text.count("{") > MAX_DEPTH
    if not deep and not _UNUSUAL.search(text):
        try:
            return _DECODER.decode(text)
        except ValueError:
            pass
    reading = read_json(text)
    for trouble in reading.troubles:
        if trouble.code != codes.DUPLICATE_KEY:
            raise BrokenTextError(trouble)
    return reading.value


def _split(value: Any) -> "tuple[dict[str, Any], dict[str, Any]] | _Misshapen":
    """Profile and subscription of a row, or what is wrong with its shape."""
    if not isinstance(value, dict):
        return _Misshapen(f"a row must be an object, not {words_for(value)}")
    for key in ("profile", "subscription"):
        if key in value and not isinstance(value[key], dict | None):
            return _Misshapen(f"`{key}` must be an object, not {words_for(value[key])}", (key,))
    subscription = value.get("subscription") or {}
    if "profile" not in value:
        return {key: each for key, each in value.items() if key != "subscription"}, subscription
    for key in value:
        if key not in ("profile", "subscription"):
            message = f"`{key[:80]}` beside `profile` and `subscription`; put it into one of the two"
            return _Misshapen(message, (key,), on_key=True)
    return value["profile"] or {}, subscription


def _place(root: Node, at: tuple[str | int, ...], *, on_key: bool = False, whole: bool = False) -> Span:
    """Where a part of a row is written; the first character of what is long and not wanted whole."""
    steps = at[1:] if at[:1] == ("profile",) and root.part("profile") is None else at
    node = root
    for step in steps:
        part = node.part(step)
        if part is None:
            return Span(node.span.start, node.span.start + 1)
        node = part
    if on_key and node.key is not None:
        return node.key
    return node.span if whole or node.parts is None else Span(node.span.start, node.span.start + 1)
