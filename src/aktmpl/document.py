"""JSON with templates in it, to nodes: string leaves and keys are templates, some keys are expansions."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from aktmpl.errors import Fault, TemplateError, error, shown, type_name
from aktmpl.limits import Limits
from aktmpl.nodes import Array, Constant, Document, Entry, Expansion, Object, Template, Typed
from aktmpl.parse import parse_expansion, parse_text
from aktmpl.source import Origin, Source, Span
from aktmpl.specialize import constant_items, constant_members
from aktmpl.values import check_number

Locate: TypeAlias = Callable[[str, bool], Origin | None]
"""Pointer of a string leaf, or (True) of the member whose key is meant, to where it stands in a file."""

_NOWHERE = Span(0, 0)
_MOST_FAULTS = 100
"""A document that is wrong all over is not worth more messages than this."""


def parse_document(
    value: Any, name: str, limits: Limits, locate: Locate | None = None
) -> tuple[Document, list[TemplateError]]:
    """Parse every string of a JSON value.

    Args:
        value: The JSON value.
        name: What frames call the document.
        limits: Bounds.
        locate: Finds the file's place of a leaf or key, if the value was read from one.

    Returns:
        The nodes and all faults found; with faults the nodes are incomplete.
    """
    reader = _Reader(name, limits, locate)
    nodes = reader.document(value, "", 1)
    return nodes, reader.faults


class _Reader:
    def __init__(self, name: str, limits: Limits, locate: Locate | None) -> None:
        self.name = name
        self.limits = limits
        self.locate = locate
        self.faults: list[TemplateError] = []
        self.expansions = 0
        self.size = 0

    def source(self, text: str, pointer: str, *, key: bool = False) -> Source:
        origin = self.locate(pointer, key) if self.locate else None
        return Source(text, self.name, (origin and origin.pointer) or pointer, origin)

    def fault(self, code: str, message: str, pointer: str) -> Constant:
        """Note a fault of a whole value, and stand in for the value."""
        self.faults.append(error(code, message, self.source("", pointer), _NOWHERE))
        return Constant(_NOWHERE, None)

    def exhausted(self, amount: int, pointer: str) -> bool:
        """Count what is read; whether it is too much already, or enough is wrong with it."""
        if self.size <= self.limits.template:
            self.size += amount
            if self.size > self.limits.template:
                self.fault("E501", f"a document of more than {self.limits.template:,} characters", pointer)
        return self.size > self.limits.template or len(self.faults) >= _MOST_FAULTS

    def document(self, value: Any, pointer: str, depth: int) -> Document:
        if self.exhausted(len(value) + 1 if isinstance(value, str) else 1, pointer):
            return Constant(_NOWHERE, None)
        if isinstance(value, str):
            return self.leaf(value, pointer)
        if isinstance(value, list | dict) and depth > self.limits.depth:
            return self.fault("E502", f"a document nested more than {self.limits.depth} deep", pointer)
        if isinstance(value, list):
            items: list[Document] = []
            for n, item in enumerate(value):
                if self.exhausted(0, pointer):
                    break
                items.append(self.document(item, f"{pointer}/{n}", depth + 1))
            return constant_items(Array(_NOWHERE, tuple(items)))
        if isinstance(value, dict):
            return constant_members(self.object(value, pointer, depth))
        if value is not None and not isinstance(value, bool | int | float):
            message = f"a value of type {type_name(value)} cannot stand in a document template"
            return self.fault("E108", message, pointer)
        if isinstance(value, float) and not math.isfinite(value):
            return self.fault("E108", f"{value!r} is no JSON number", pointer)
        if isinstance(value, int) and value.bit_length() > 64:
            try:
                check_number(value, self.limits)
            except Fault as fault:
                return self.fault(fault.code, str(fault), pointer)
        return Constant(_NOWHERE, value)

    def leaf(self, text: str, pointer: str) -> Document:
        template = self.text(self.source(text, pointer))
        return template if template.constant is None else Constant(template.span, template.constant)

    def text(self, source: Source) -> Template:
        return parse_text(source, self.limits, in_expansion=self.expansions > 0, faults=self.faults)

    def object(self, value: dict[Any, Any], pointer: str, depth: int) -> Object:
        entries: list[Entry | Expansion] = []
        names: set[str] = set()
        for key, item in value.items():
            if not isinstance(key, str):
                message = f"an object key of type {type_name(key)} cannot stand in a document template"
                self.fault("E108", message, pointer)
                continue
            if self.exhausted(len(key), pointer):
                break
            place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            source = self.source(key, place, key=True)
            entry = self.entry(key, item, source, place, depth)
            if entry is None:
                continue
            entries.append(entry)
            name = entry.name if isinstance(entry, Expansion) else entry.key.constant
            if name is not None and name in names:
                message = f"two keys of the object are {shown(name)}"
                self.faults.append(error("E208", message, source, Span(0, len(key))))
            elif name is not None:
                names.add(name)
        return Object(_NOWHERE, tuple(entries))

    def entry(
        self, key: str, item: Any, source: Source, pointer: str, depth: int
    ) -> Entry | Expansion | None:
        optional = key.startswith("$?")
        start = 2 if optional else 0
        if key.startswith("$$", start) and (
            key[start + 2 : start + 3].isalpha() or key[start + 2 : start + 3] == "{"
        ):
            return self.expansion(key, item, source, pointer, depth)
        name = self.key(source, start)
        value = self.document(item, pointer, depth + 1)
        return Entry(source_span(source), name, value, optional) if name else None

    def key(self, source: Source, start: int) -> Template | None:
        faults = len(self.faults)
        template = self.text(source) if not start else self.key_after(source, start)
        if len(self.faults) > faults:
            return None
        if template.parts and isinstance(template.parts[0], Typed):
            hint = "remove the `#`"
            span = template.parts[0].span
            self.faults.append(error("E209", "a key is always text", template.source, span, hint))
            return None
        return template

    def key_after(self, source: Source, start: int) -> Template:
        """The key behind `$?`, with spans that count from the key's own beginning."""
        offsets = source.origin.offsets[start:] if source.origin else range(start, len(source.text) + 1)
        whole = source.origin.source if source.origin else source
        inner = Source(source.text[start:], source.name, source.pointer, Origin(whole, offsets))
        return self.text(inner)

    def expansion(self, key: str, item: Any, source: Source, pointer: str, depth: int) -> Expansion | None:
        optional = key.startswith("$?")
        parsed = None
        try:
            parsed = parse_expansion(source, self.limits, 2 if optional else 0)
        except TemplateError as fault:
            self.faults.extend(fault.faults)
        self.expansions += 1
        pattern = item if isinstance(item, list) else [item]
        step = [f"{pointer}/{n}" for n in range(len(pattern))] if isinstance(item, list) else [pointer]
        items = [self.document(each, place, depth + 2) for each, place in zip(pattern, step, strict=True)]
        self.expansions -= 1
        if parsed is None:
            return None
        over, name = parsed
        return Expansion(source_span(source), over, name, tuple(items), source, optional)


def source_span(source: Source) -> Span:
    """All of a text."""
    return Span(0, len(source.text))
