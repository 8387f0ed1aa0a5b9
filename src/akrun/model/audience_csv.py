"""Audience rows from CSV (RFC 4180): a header of dotted names, then one profile to a row."""

import csv
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from akrun.model import codes
from akrun.model.audience_row import MAX_ROW_BYTES, AudienceRow, RowFault, RowReader, RowTrouble
from akrun.model.elements import BoolField, IntField
from akrun.model.located import hide
from aktmpl.errors import nearest
from aktmpl.source import Span

_Path = tuple[str, ...]

_NAME = re.compile(r"\w+(?:\.\w+)*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_BAD_BYTE = re.compile("[\udc80-\udcff]")


def read_csv(file: BinaryIO, reader: RowReader) -> Iterator[AudienceRow | RowFault]:
    """The rows of an open file; the separator is what the header uses: comma, semicolon or tab.

    A name without `profile.` or `subscription.` is the profile's. Cells are text; those of `int` and `bool`
    subscription fields are converted, and an empty cell is no value.
    """
    records = _Records(file)
    header = next(records, None)
    if header is None:
        hint = "the first line names the columns, such as id,subscription.phone"
        yield RowFault(codes.HEADER, "the file has no header", reader.name, 1, "", Span(0, 0), hint)
        return
    table = _Table(header, records, reader)
    if table.faults:
        yield from table.faults
        return
    for cells in records:
        yield from table.rows(cells)


class _Records:
    """The file's records, with the text and the first line of the one that was read last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._last_line = 0
        self._lines: list[str] = []
        self._first = file.readline(MAX_ROW_BYTES + 1)
        self.separator = _separator(_text(self._first))
        self._reader: Iterator[list[str]] | None = None
        self.error: str | None = None

    def __iter__(self) -> "_Records":
        return self

    @property
    def line(self) -> int:
        return self._last_line - max(len(self._lines), 1) + 1

    @property
    def text(self) -> str:
        return "".join(self._lines).rstrip("\r\n")

    def __next__(self) -> list[str]:
        """The cells of the next record that is not empty; none, with `error` set, for a broken one."""
        if self._reader is None:
            self._reader = csv.reader(self._feed(), delimiter=self.separator, strict=True)
        while True:
            self._lines.clear()
            self.error = None
            try:
                cells = next(self._reader)
            except csv.Error as error:
                self._reader = None
                self.error = str(error)
                return []
            if cells and any(cells):
                return cells

    def _feed(self) -> Iterator[str]:
        size = 0
        while data := self._first or self._file.readline(MAX_ROW_BYTES + 1):
            self._first = b""
            self._last_line += 1
            text = _text(data)
            size = len(data) if not self._lines else size + len(data)
            self._lines.append(text)
            if size > MAX_ROW_BYTES:
                self._skip_rest(data)
                raise csv.Error("too large")
            yield text

    def _skip_rest(self, data: bytes) -> None:
        while data and not data.endswith(b"\n"):
            data = self._file.readline(MAX_ROW_BYTES)


class _Table:
    """The columns of a file, and how a record becomes a row."""

    def __init__(self, header: list[str], records: _Records, reader: RowReader) -> None:
        self._records = records
        self._reader = reader
        self.faults: list[RowFault] = []
        self._secrets: list[int] = []
        self.paths = [self._path(name, index) for index, name in enumerate(header)]
        self._check_header()
        self._fields = [self._field(path) for path in self.paths]
        secret = {("subscription", *field.name.split(".")) for field in reader.form.fields if field.secret}
        self._secrets = [index for index, path in enumerate(self.paths) if path in secret]

    def rows(self, cells: list[str]) -> Iterator[AudienceRow | RowFault]:
        """The row of one record, or its faults."""
        text = self._records.text
        if (bad := _BAD_BYTE.search(text)) is not None:
            message = f"the byte 0x{ord(bad.group()) - 0xDC00:02X} is not UTF-8"
            yield self._fault(codes.ROW_ENCODING, message, bad.start(), bad.end(), "save the file as UTF-8")
        elif self._records.error is not None:
            yield self._broken(self._records.error)
        elif len(cells) != len(self.paths):
            yield self._wrong_count(len(cells))
        else:
            yield from self._row(cells)

    def _row(self, cells: list[str]) -> Iterator[AudienceRow | RowFault]:
        row: dict[str, Any] = {"profile": {}, "subscription": {}}
        troubles: list[RowTrouble] = []
        for path, field, cell in zip(self.paths, self._fields, cells, strict=True):
            if cell:
                value = _converted(cell, field)
                if value is None:
                    troubles.append(_not_converted(path, field))
                else:
                    _put(row, path, value)
        result = self._reader.row(self._records.line, row["profile"], row["subscription"])
        if isinstance(result, list):
            troubles.extend(result)
        elif not troubles:
            yield result
        for trouble in troubles:
            start, end = self._cell(trouble.at)
            yield self._fault(trouble.code, trouble.message, start, end, trouble.hint)

    def _cell(self, at: tuple[str | int, ...]) -> tuple[int, int]:
        column = next((index for index, path in enumerate(self.paths) if path == at[: len(path)]), 0)
        return _cells(self._records.text, self._records.separator)[column]

    def _path(self, name: str, index: int) -> _Path:
        name = name.strip()
        if not _NAME.fullmatch(name):
            message = f"`{name[:80]}` is no column name" if name else f"column {index + 1} has no name"
            self._header_fault(index, message, "letters, digits and _, with dots between segments")
            return ()
        path = tuple(name.split("."))
        return path if path[0] in ("profile", "subscription") and len(path) > 1 else ("profile", *path)

    def _check_header(self) -> None:
        seen: set[_Path] = set()
        known = {tuple(field.name.split(".")): field for field in self._reader.form.fields}
        for index, path in enumerate(self.paths):
            name = ".".join(path)
            if not path:
                continue
            if path in seen:
                self._header_fault(index, f"the column `{name}` stands here a second time")
            elif any(path[: len(other)] == other or other[: len(path)] == path for other in seen):
                self._header_fault(index, f"`{name}` and another column cannot both have values")
            elif path[0] == "subscription" and not any(path[1 : 1 + len(each)] == each for each in known):
                hint = nearest(".".join(path[1:]), [".".join(each) for each in known])
                self._header_fault(
                    index, f"the channel has no subscription field `{'.'.join(path[1:])}`", hint
                )
            seen.add(path)
        if ("profile", "id") not in seen and not self.faults:
            self._header_fault(0, "no column `id`", "each profile needs one: a column id or profile.id")

    def _header_fault(self, index: int, message: str, hint: str | None = None) -> None:
        places = _cells(self._records.text, self._records.separator)
        start, end = places[min(index, len(places) - 1)]
        self.faults.append(self._fault(codes.HEADER, message, start, end, hint))

    def _field(self, path: _Path) -> IntField | BoolField | None:
        if path[:1] == ("subscription",):
            for field in self._reader.form.fields:
                if field.name == ".".join(path[1:]) and isinstance(field, IntField | BoolField):
                    return field
        return None

    def _wrong_count(self, count: int) -> RowFault:
        places = _cells(self._records.text, self._records.separator)
        wanted = len(self.paths)
        message = f"the row has {count} cells, the header {wanted}"
        hint = "a cell with a separator in it stands in double quotes" if count > wanted else None
        start, end = places[wanted] if count > wanted else (places[-1][1], places[-1][1] + 1)
        return self._fault(codes.ROW_COLUMNS, message, start, end, hint)

    def _broken(self, error: str) -> RowFault:
        text = self._records.text
        if error == "too large" or "field larger" in error:
            message = f"the row is longer than {MAX_ROW_BYTES // 1024} KiB; is a double quote not closed?"
            return self._fault(codes.ROW_TOO_LARGE, message, 0, 1)
        quote = max(text.find('"'), 0)
        if "unexpected end" in error:
            return self._fault(codes.ROW_SYNTAX, "a double quote is not closed", quote, quote + 1)
        hint = 'a double quote inside a quoted cell is written ""'
        match = re.search(r'"[^"]*(?:""[^"]*)*"(?=[^"\r\n' + re.escape(self._records.separator) + "])", text)
        place = match.end() if match else quote
        return self._fault(codes.ROW_SYNTAX, "text after the closing quote of a cell", place, place + 1, hint)

    def _fault(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> RowFault:
        text = _BAD_BYTE.sub("\ufffd", self._records.text)
        places = _cells(text, self._records.separator)
        text = hide(text, [Span(*places[index]) for index in self._secrets if index < len(places)])
        return RowFault(code, message, self._reader.name, self._records.line, text, Span(start, end), hint)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _separator(header: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", header)
    counts = {each: unquoted.count(each) for each in ",;\t"}
    return max(counts, key=lambda each: counts[each])


def _cells(text: str, separator: str) -> list[tuple[int, int]]:
    """The place of each cell in a record's text, quotes included."""
    places: list[tuple[int, int]] = []
    start, at, quoted = 0, 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            places.append((start, at))
            start = at + 1
    places.append((start, len(text)))
    return places


def _converted(cell: str, field: IntField | BoolField | None) -> Any:
    if isinstance(field, IntField):
        return int(cell) if _INTEGER.fullmatch(cell.strip()) else None
    if isinstance(field, BoolField):
        return _BOOLS.get(cell.strip().lower())
    return cell


def _not_converted(path: _Path, field: IntField | BoolField | None) -> RowTrouble:
    expected = "a whole number" if isinstance(field, IntField) else "true or false"
    return RowTrouble(codes.SUBSCRIPTION_VALUE, f"`{'.'.join(path)}` must be {expected}", path)


def _put(row: dict[str, Any], path: _Path, value: Any) -> None:
    here = row
    for step in path[:-1]:
        here = here.setdefault(step, {})
    here[path[-1]] = value
