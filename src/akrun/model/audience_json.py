"""Audience rows from JSON: an array of objects, cut into its elements without reading all of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from akrun.model import codes
from akrun.model.audience_jsonl import rows_of, undecodable
from akrun.model.audience_row import MAX_ROW_BYTES, AudienceRow, RowFault, RowReader
from aktmpl.source import Span

_CHUNK: Final = 64 * 1024
_SPACE: Final = b" \t\n\r"
_BLANK: Final = re.compile(rb"[ \t\n\r]+")
_MARKS: Final = re.compile(rb'["{}\[\],]')
_STRING_END: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_HALF_STRING: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


def read_json_array(file: BinaryIO, reader: RowReader) -> Iterator[AudienceRow | RowFault]:
    """The rows of an open file: an array whose elements are what the lines of JSONL are.

    An element that is broken in itself is a fault, and reading goes on behind it; where the array itself
    is broken, reading ends with its fault.
    """
    scanner = _Scanner(file)
    try:
        for element in scanner.elements():
            yield from _rows(element, reader)
    except _BrokenArrayError as broken:
        yield broken.fault(reader.name)


@dataclass(frozen=True, slots=True)
class _Element:
    """One element as it is written, and where it begins; cut short when it is too large."""

    text: bytes
    line: int
    column: int
    whole: bool = True


class _BrokenArrayError(Exception):
    """Reading cannot go on."""

    def __init__(
        self, code: str, message: str, at: "tuple[int, int, bytes]", hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at
        self.hint = hint

    def fault(self, name: str) -> RowFault:
        line, column, around = self.at
        text = around.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
        return RowFault(self.code, self.message, name, line, text, Span(0, 1), self.hint, column)


def _rows(element: _Element, reader: RowReader) -> Iterator[AudienceRow | RowFault]:
    if not element.whole:
        message = f"the row is longer than {MAX_ROW_BYTES // 1024} KiB"
        text = element.text[:200].decode("utf-8", "replace").partition("\n")[0]
        yield RowFault(
            codes.ROW_TOO_LARGE, message, reader.name, element.line, text, Span(0, 1), column=element.column
        )
        return
    try:
        text = element.text.decode("utf-8")
    except UnicodeDecodeError as error:
        yield undecodable(element.text, error, reader.name, element.line, element.column)
        return
    yield from rows_of(text, reader, element.line, element.column)


class _Scanner:
    """Cuts an array at its commas, in a buffer that holds no more than one element and a chunk."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._column = 1

    def elements(self) -> Iterator[_Element]:
        if self._peek() != b"[":
            message = "the file is no JSON array" if self._peek() else "the file is empty"
            self._stop(codes.ROW_SHAPE, message, "an array of objects; a .jsonl file has one to a line")
        self._skip(1)
        if self._peek() != b"]":
            while True:
                yield self._element()
                mark = self._peek()
                if mark == b"]":
                    break
                if mark != b",":
                    message = "a comma or `]` is missing" if mark else "the array is never closed"
                    self._stop(codes.ROW_SYNTAX, message)
                self._skip(1)
                following = self._peek()
                if following in (b"]", b",", b""):
                    message = "a comma too much" if following else "the array is never closed"
                    self._stop(codes.ROW_SYNTAX, message)
        self._skip(1)
        if self._peek():
            self._stop(codes.ROW_SYNTAX, "text after the end of the array")

    def _element(self) -> _Element:
        """The value at hand, up to the comma or bracket that ends it."""
        line, column = self._line, self._column
        end, depth, quoted = 0, 0, False
        while True:
            match = _MARKS.search(self._buffer, self._at + end)
            if match is None:
                end = len(self._buffer) - self._at
                if not self._more():
                    return self._taken(end, line, column)
                continue
            end = match.start() - self._at
            mark = match.group()
            if depth == 0 and mark in b",]}":
                return self._taken(end, line, column)
            if mark == b'"':
                end, quoted = self._string(end)
            else:
                depth += (mark in b"{[") - (mark in b"}]")
                end += 1
            if end > MAX_ROW_BYTES:
                return self._too_large(end, depth, line, column, quoted=quoted)

    def _string(self, start: int) -> tuple[int, bool]:
        """The offset behind the string that begins at `start`; or as far as was read, and that it goes on."""
        end = start + 1
        while True:
            match = _STRING_END.match(self._buffer, self._at + end)
            if match is not None:
                return match.end() - self._at, False
            half = _HALF_STRING.match(self._buffer, self._at + end)
            end = end if half is None else half.end() - self._at
            if end > MAX_ROW_BYTES or not self._more():
                return end, True

    def _taken(self, end: int, line: int, column: int) -> _Element:
        text = self._buffer[self._at : self._at + end].rstrip(_SPACE)
        self._skip(end)
        return _Element(text, line, column)

    def _too_large(self, end: int, depth: int, line: int, column: int, *, quoted: bool) -> _Element:
        """The begin of an element that is not kept; the rest of it is passed over."""
        start = self._buffer[self._at : self._at + 200]
        self._skip(end)
        if quoted:
            self._skip_string()
        while depth > 0 or self._peek() not in (b",", b"]", b""):
            match = _MARKS.search(self._buffer, self._at)
            if match is None:
                self._skip(len(self._buffer) - self._at)
                if not self._more():
                    break
                continue
            self._skip(match.end() - self._at)
            depth += (match.group() in b"{[") - (match.group() in b"}]")
            if match.group() == b'"':
                self._skip_string()
        return _Element(start, line, column, whole=False)

    def _skip_string(self) -> None:
        """Pass over the rest of a string, however long it is."""
        while True:
            half = _HALF_STRING.match(self._buffer, self._at)
            self._skip(0 if half is None else half.end() - self._at)
            if self._buffer.startswith(b'"', self._at):
                self._skip(1)
                return
            if not self._more():
                return

    # ----------------------------------------------------------------------------------------- buffer

    def _peek(self) -> bytes:
        """The next character that is no white space, which then is at hand; empty at the end."""
        while True:
            blank = _BLANK.match(self._buffer, self._at)
            if blank is not None:
                self._skip(blank.end() - self._at)
            found = self._buffer[self._at : self._at + 1]
            if found or not self._more():
                return found

    def _skip(self, count: int) -> None:
        """Pass over so many bytes of the buffer, and know line and column behind them."""
        passed = self._buffer[self._at : self._at + count]
        self._at += count
        lines = passed.count(b"\n")
        if lines:
            self._line += lines
            self._column = 1
            passed = passed[passed.rindex(b"\n") + 1 :]
        self._column += sum(byte & 0xC0 != 0x80 for byte in passed) if not passed.isascii() else len(passed)

    def _more(self) -> bool:
        """Read on; what was passed over is forgotten."""
        data = self._file.read(_CHUNK)
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return bool(data)

    def _stop(self, code: str, message: str, hint: str | None = None) -> NoReturn:
        around = self._buffer[self._at : self._at + 200] or b" "
        raise _BrokenArrayError(code, message, (self._line, self._column, around), hint)
