"""The layers that settings come from: a TOML file, and texts of the environment or the command line.

Each gives values by setting, and can show where it has them from.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.located import mask, read_text
from akrun.model.secret_refs import is_reference
from akrun.model.toml_places import Path as Keys
from akrun.model.toml_places import nearest_place, toml_places
from aktmpl.errors import nearest, shown
from aktmpl.source import Source, Span

CONNECTORS: Final = "connectors"

SECRETS: Final = ("nats_password", "report_database")
"""Settings whose texts no frame may show."""

_PASSWORD: Final = re.compile(r"://[^/@]*:[^/@]+@")
_USER_INFO: Final = re.compile(r"(?<=://)[^/\s,]*(?=@)")


class Layer(Protocol):
    """One source of settings.

    Attributes:
        name: what frames and reports call it.
        values: by setting.
        faults: of the source itself, such as settings that there are not.
    """

    name: str
    values: dict[str, Any]
    faults: list[Fault]

    def value_fault(self, path: Keys, hint: str, why: str | None = None) -> Fault:
        """The fault of a value that this layer gave: a setting's, or an element's of its list.

        Args:
            path: the setting, and the index of the element.
            hint: what is allowed.
            why: what is wrong, where it can be said.
        """
        ...


class TomlFile:
    """A TOML file; `connectors` is its table of them. See `Layer`.

    Raises:
        FileFaults: It cannot be read, or is no TOML.
    """

    def __init__(self, path: Path, known: Iterable[str]) -> None:
        self.name = str(path)
        source = Source(read_text(path), self.name)
        document = _parsed(source)
        names = list(known)
        self._places = toml_places(source.text)
        hidden = {CONNECTORS, *SECRETS, *(document.keys() - set(names))}
        users = [Span(*found.span()) for found in _USER_INFO.finditer(source.text)]
        self._source = mask(source, [*self._secret(source.text, hidden), *users])
        self.connectors: Any = document.pop(CONNECTORS, {})
        self.values = {name: value for name, value in document.items() if name in names}
        self.faults = [
            unknown_setting(name, [*names, CONNECTORS], self._source, self._span((name,)))
            for name in document
            if name not in names
        ]

    def value_fault(self, path: Keys, hint: str, why: str | None = None) -> Fault:
        """See `Layer`."""
        value: Any = self.values
        for step in path:
            value = value[step]
        return self.fault(codes.SETTING_VALUE, _told(f"`{_written(path)}`", value, why), path, hint)

    def fault(self, code: str, message: str, path: Keys, hint: str | None) -> Fault:
        """A fault at the key of `path`, or at the element that it names."""
        return Fault(code, message, hint, self._source, self._span(path))

    def passwords(self) -> list[str]:
        """The connectors whose URLs hold a password in the file itself."""
        return [name for name, url in self._urls() if not is_reference(url) and _PASSWORD.search(url)]

    def secret_files(self) -> list[str]:
        """The files that connectors' URLs are read from, as they are written."""
        return [url.removeprefix("file:") for _, url in self._urls() if url.startswith("file:")]

    def _urls(self) -> list[tuple[str, str]]:
        tables = self.connectors.items() if isinstance(self.connectors, dict) else ()
        urls = [(name, keys.get("url")) for name, keys in tables if isinstance(keys, dict)]
        return [(name, url) for name, url in urls if isinstance(url, str)]

    def _span(self, path: Keys) -> Span:
        place = nearest_place(self._places, path)
        return place.value if place.key is None else place.key

    def _secret(self, text: str, tables: set[str]) -> list[Span]:
        """Texts that no frame may show: those of connectors, and of settings that nobody knows."""
        spans = [place.value for path, place in self._places.items() if path[0] in tables]
        return [
            span
            for span in spans
            if text[span.start] in "\"'" and not text.startswith(("env:", "file:"), span.start + 1)
        ]


class Texts:
    """Settings as texts, by the names that their source has for them. See `Layer`.

    Args:
        name: `environment` or `command line`.
        given: name there → text.
        settings: name there → setting, of all that can be given.
    """

    def __init__(self, name: str, given: Mapping[str, str], settings: Mapping[str, str]) -> None:
        self.name = name
        self._texts = {
            settings[label]: (label, without_users(text))
            for label, text in given.items()
            if label in settings
        }
        self.values: dict[str, Any] = {
            settings[label]: text for label, text in given.items() if label in settings
        }
        self.faults = [
            unknown_setting(label, settings, Source(label, name), Span(0, len(label)))
            for label in given
            if label not in settings
        ]

    def value_fault(self, path: Keys, hint: str, why: str | None = None) -> Fault:
        """See `Layer`."""
        label, text = self._texts[str(path[0])]
        part, span = text, Span(0, len(text))
        if len(path) > 1:
            span = [each for each, _ in parts_of(text)][int(path[1])]
            part = text[span.start : span.end]
        start = len(label) + 1
        source = Source(f"{label}={text}", self.name)
        message = _told(_written((label, *path[1:])), part, why)
        return Fault(codes.SETTING_VALUE, message, hint, source, Span(start + span.start, start + span.end))


def without_users(text: str) -> str:
    """A text with user and password of the URLs in it starred out, as long as it was."""
    return _USER_INFO.sub(lambda found: "*" * len(found[0]), text)


def parts_of(text: str) -> list[tuple[Span, str]]:
    """The parts of a list that is written as a text, between its commas, without blanks around them."""
    found = re.finditer(r"[^\s,](?:[^,]*[^\s,])?", text)
    return [(Span(*each.span()), each[0]) for each in found]


def unknown_setting(name: str, known: Iterable[str], source: Source, span: Span) -> Fault:
    """The fault of a name that no setting has, with the nearest one."""
    names = list(known)
    hint = nearest(name.lower(), names) or "settings: " + ", ".join(names)
    return Fault(codes.SETTING_UNKNOWN, f"there is no setting `{name[:80]}`", hint, source, span)


def _told(name: str, value: Any, why: str | None) -> str:
    if why is None:
        return f"{name} is {shown(without_users(value) if isinstance(value, str) else value)}"
    return f"{name}: {why}"


def _written(path: Keys) -> str:
    name, *indexes = path
    return f"{name}{''.join(f'[{index}]' for index in indexes)}"


def _parsed(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        message, at, place = str(error).partition(" (at ")
        found = re.search(r"line (\d+), column (\d+)", place)
        lines = source.text.splitlines(keepends=True)
        offset = len(source.text) if at else 0
        if found:
            line, column = (int(each) - 1 for each in found.groups())
            offset = sum(map(len, lines[:line])) + column
        offset = min(offset, max(len(source.text) - 1, 0))
        fault = Fault(
            codes.SETTING_SYNTAX,
            f"this is no TOML: {message[:1].lower()}{message[1:]}",
            None,
            source,
            Span(offset, offset + 1),
        )
        raise FileFaults([fault]) from error
