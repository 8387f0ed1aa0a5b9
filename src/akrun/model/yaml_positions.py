"""YAML 1.2 read as JSON values with positions: a small composer over ruamel.yaml's events.

Only what has a JSON value is read: no tags but `!!str` and those that the caller names, keys are text, one
document to a file. Aliases are followed; what they expand to is bounded.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from akrun.model import codes, yaml_faults
from akrun.model.positions import MAX_DEPTH, BrokenTextError, Node, Reading, Trouble
from akrun.model.yaml_scanner import FlowTagScanner
from aktmpl.errors import nearest
from aktmpl.source import Span

_MAX_NODES = 100_000
_STR_TAG = "tag:yaml.org,2002:str"
_PROPERTIES = re.compile(r"(?:[&!][^\s\[\]{},]*[ \t\r\n]+)+")
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,9})?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def read_yaml(text: str, tags: Collection[str] = ()) -> Reading:
    """Read one YAML document as a JSON value.

    Keys that come twice and other faults that do not hinder reading are collected.

    Args:
        text: The document.
        tags: Tags that may stand before a value: `!tag value` is read as `{"!tag": value}`.

    Raises:
        BrokenTextError: The text is not YAML, or it is too deep or expands to too much.
    """
    try:
        return _Composer(text, tags).read()
    except ReaderError as error:
        place = int(error.position)
        raise BrokenTextError(yaml_faults.unprintable(text, place)) from error
    except MarkedYAMLError as error:
        raise BrokenTextError(yaml_faults.from_ruamel(text, error)) from error
    except YAMLError as error:  # pragma: no cover - every error known has a mark
        raise BrokenTextError(Trouble(codes.SYNTAX, "this is not YAML", Span(0, 0))) from error


class _Composer:
    def __init__(self, text: str, tags: Collection[str]) -> None:
        self.text = text
        self.tags = tags
        self.troubles: list[Trouble] = []
        self.anchors: dict[str, list[Event]] = {}
        self.nodes = 0

    def read(self) -> Reading:
        yaml = YAML(typ="safe", pure=True)
        yaml.Scanner = FlowTagScanner
        events = iter(yaml.parse(self.text))
        for event in events:
            if isinstance(event, DocumentStartEvent):
                break
            if isinstance(event, StreamEndEvent):
                self._stop(codes.EMPTY, "the file holds nothing but comments", Span(0, 0))
        value, root = self._value(next(events), events, 0)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                start = event.start_mark.index
                self._stop(codes.NOT_JSON, "a second document begins here", Span(start, start + 3),
                           "a file holds one document")  # fmt: skip
        return Reading(value, root, tuple(self.troubles))

    def _value(self, event: Event, events: Iterator[Event], depth: int) -> tuple[Any, Node]:
        self.nodes += 1
        span = self._span(event)
        if self.nodes > _MAX_NODES:
            self._stop(codes.TOO_LARGE, f"more than {_MAX_NODES} values, aliases counted", span)
        if isinstance(event, AliasEvent):
            return self._alias(event, span, depth)
        self._check_tag(event, span)
        if not isinstance(event, NodeEvent) or event.anchor is None:
            return self._content(event, events, span, depth)
        recorded: list[Event] = [event]
        self.anchors.pop(event.anchor, None)
        value, node = self._content(event, self._recorded(events, recorded), span, depth)
        self.anchors[event.anchor] = recorded
        return value, node

    @staticmethod
    def _recorded(events: Iterator[Event], into: list[Event]) -> Iterator[Event]:
        for event in events:
            into.append(event)
            yield event

    def _alias(self, event: AliasEvent, span: Span, depth: int) -> tuple[Any, Node]:
        recorded = self.anchors.get(event.anchor)
        if recorded is None:
            self._stop(codes.SYNTAX, f"no anchor `&{event.anchor}` stands before this alias", span)
        return self._content(recorded[0], iter(recorded[1:]), self._span(recorded[0]), depth)

    def _content(self, event: Any, events: Iterator[Event], span: Span, depth: int) -> tuple[Any, Node]:
        value, node = self._untagged(event, events, span, depth)
        if event.tag in self.tags:
            return {event.tag: value}, Node(span, {event.tag: node})
        return value, node

    def _untagged(self, event: Event, events: Iterator[Event], span: Span, depth: int) -> tuple[Any, Node]:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, span), Node(span)
        if depth == MAX_DEPTH:
            self._stop(codes.TOO_LARGE, f"nested deeper than {MAX_DEPTH} levels", _first(span))
        if isinstance(event, SequenceStartEvent):
            return self._list(events, span.start, depth + 1)
        return self._object(events, span.start, depth + 1)

    def _list(self, events: Iterator[Event], start: int, depth: int) -> tuple[list[Any], Node]:
        value: list[Any] = []
        parts: list[Node] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                return value, Node(Span(start, event.end_mark.index), parts)
            item, node = self._value(event, events, depth)
            value.append(item)
            parts.append(node)
        raise AssertionError("the parser ends what it starts")

    def _object(self, events: Iterator[Event], start: int, depth: int) -> tuple[dict[str, Any], Node]:
        value: dict[str, Any] = {}
        parts: dict[str, Node] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                return value, Node(Span(start, event.end_mark.index), parts)
            key, key_node = self._value(event, events, depth)
            item, node = self._value(next(events), events, depth)
            node.key = key_node.span
            if not isinstance(key, str):
                self._note(codes.NOT_JSON, "this key is no text", key_node.span, "put it in quotes")
                continue
            if key in parts:
                message = f"the key `{key[:80]}` stands here a second time"
                self._note(codes.DUPLICATE_KEY, message, key_node.span, "keep one of the two")
            value[key], parts[key] = item, node
        raise AssertionError("the parser ends what it starts")

    def _scalar(self, event: ScalarEvent, span: Span) -> Any:
        text = self._whole_characters(str(event.value), span)
        if event.style is not None or (event.tag is not None and event.tag not in self.tags):
            return text
        if _NULL.fullmatch(text):
            return None
        if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
            return text.lower() == "true"
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _NOT_FINITE.fullmatch(text):
            self._note(codes.NUMBER_RANGE, f"JSON has no `{text}`", span, "use a number, or null")
            return None
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                hint = "put it in quotes if it is a text"
                self._note(codes.NUMBER_RANGE, "the number is too large", span, hint)
            return number
        return text

    def _whole_characters(self, text: str, span: Span) -> str:
        if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
            return text
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\ufffd" in joined:
            self._note(codes.LONE_SURROGATE, "half a character: a surrogate without its other half", span,
                       "write the character itself")  # fmt: skip
        return joined

    def _check_tag(self, event: Any, span: Span) -> None:
        tag = event.tag
        if tag is not None and tag != _STR_TAG and tag not in self.tags:
            place = Span(event.start_mark.index, span.end)
            hint = nearest(tag, self.tags) or "write the value without it"
            self._note(codes.NOT_JSON, "a YAML tag", place, hint)

    def _span(self, event: Event) -> Span:
        """The value's own place, without the anchor and tag before it."""
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, AliasEvent):
            return Span(start, end)
        properties = _PROPERTIES.match(self.text, start, end)
        return Span(properties.end() if properties else start, end)

    def _note(self, code: str, message: str, span: Span, hint: str) -> None:
        self.troubles.append(Trouble(code, message, span, hint))

    def _stop(self, code: str, message: str, span: Span, hint: str | None = None) -> NoReturn:
        raise BrokenTextError(Trouble(code, message, span, hint))


def _first(span: Span) -> Span:
    return Span(span.start, min(span.start + 1, span.end))
