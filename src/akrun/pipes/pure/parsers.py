"""Strict parsers of bodies: JSON by RFC 8259, XML without DTD, urlencoded forms; each within bounds.

All raise PipeFailure of kind `data`: code `parse` with the place, or `too_deep`.
"""

import json
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from xml.parsers import expat

import orjson
import xmltodict

from akrun.errors import PipeFailure
from akrun.pipes.convert import data_failure

MAX_BODY = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_FIELDS = 10_000

_BOM = b"\xef\xbb\xbf"
_LONG_INTEGER = re.compile(rb"[0-9]{19}")


def parse_json(body: bytes) -> Any:
    """The JSON value; a byte order mark is skipped, of duplicate keys the last wins, integers are exact."""
    text = body.removeprefix(_BOM)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        if "depth" in exc.msg:
            raise _too_deep("JSON") from exc
        raise _parse(f"JSON: {_reason(text, exc)}") from exc
    # No value nests deeper than it has brackets, and counting those is far cheaper than walking the value.
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    # orjson reads integers beyond 64 bits as floats, which would change the last digits of an id. It has
    # accepted the text, so the standard parser only reads it again, with integers of any length.
    return json.loads(text) if _LONG_INTEGER.search(text) else value


def parse_xml(body: bytes) -> Any:
    """The document by xmltodict's mapping: `@attr`, `#text`, repeated elements as a list, all values text."""
    try:
        return xmltodict.parse(body, expat=_BoundedExpat)
    except expat.ExpatError as exc:
        place = f"at line {exc.lineno} column {exc.offset + 1}"
        raise _parse(f"XML: {expat.ErrorString(exc.code)} {place}") from exc
    except (ValueError, LookupError) as exc:  # Python's own, about the declared encoding
        raise _parse("XML: unknown encoding, or one that is not supported, at line 1 column 1") from exc


def parse_form(body: bytes) -> dict[str, Any]:
    """The fields of an urlencoded form in UTF-8; a repeated field becomes a list."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError as exc:
        raise _parse(f"FORM: not UTF-8 at byte {exc.start + 1}") from exc
    except ValueError as exc:
        raise _parse(f"FORM: more than {MAX_FIELDS} fields") from exc
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields


def _reason(text: bytes, error: orjson.JSONDecodeError) -> str:
    """What is wrong with a text, and where; of a byte that is not UTF-8 orjson does not know the place."""
    try:
        text.decode()
    except UnicodeDecodeError as undecoded:
        before = text[: undecoded.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return f"the byte 0x{text[undecoded.start]:02X} is not UTF-8 at line {line} column {column}"
    return f"{error.msg} at line {error.lineno} column {error.colno}"


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep("JSON")


class _BoundedExpat:
    """What xmltodict takes for the expat module: parsers that refuse DTDs and deep nesting."""

    ExpatError = expat.ExpatError

    _parser: expat.XMLParserType

    def __init__(self, parser: expat.XMLParserType) -> None:
        object.__setattr__(self, "_parser", parser)

    @staticmethod
    def ParserCreate(encoding: str | None, separator: str | None) -> "_BoundedExpat":  # noqa: N802 - expat's name
        """A parser that has the bounds built in; its other handlers are xmltodict's."""
        parser = expat.ParserCreate(encoding, separator)

        def refuse(*_: object) -> NoReturn:
            place = f"at line {parser.CurrentLineNumber} column {parser.CurrentColumnNumber + 1}"
            raise _parse(f"XML: a document type declaration is not accepted {place}")

        parser.StartDoctypeDeclHandler = refuse
        return _BoundedExpat(parser)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "StartElementHandler":
            value = self._counting(value)
        setattr(self._parser, name, value)

    def Parse(self, data: bytes, final: bool) -> int:  # noqa: N802, FBT001 - expat's signature
        """Parse all of the body."""
        parsed: int = self._parser.Parse(data, final)
        return parsed

    @staticmethod
    def _counting(handler: Any) -> Any:
        path: list[Any] = handler.__self__.path

        def start(name: str, attributes: list[str]) -> None:
            if len(path) >= MAX_DEPTH:
                raise _too_deep("XML")
            handler(name, attributes)

        return start


def _parse(message: str) -> PipeFailure:
    return data_failure("parse", message)


def _too_deep(kind: str) -> PipeFailure:
    return data_failure("too_deep", f"{kind}: nested more than {MAX_DEPTH} deep")
