"""Values pinned in `$in`: by path, or all of it at once."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from akrun.errors import AkrunError
from akrun.exact_json import decode


@dataclass(frozen=True, slots=True)
class Pin:
    """A value at a path; without a path it is `$in` itself."""

    path: tuple[str, ...]
    value: Any


def parse_pin(text: str) -> Pin:
    """`PATH=TEXT`, `PATH:=JSON`, either with `@FILE` for what a file holds, or a file with `$in` as JSON.

    Raises:
        ValueError: It is none of these; says why.
    """
    path, equals, given = text.partition("=")
    if not equals:
        value = _json(_read(Path(text)), text)
        if not isinstance(value, dict):
            raise ValueError(f"{text} holds no object, which $in is")
        return Pin((), value)
    is_json = path.endswith(":")
    path = path.removesuffix(":").removeprefix("in.")
    steps = tuple(path.split("."))
    if not all(steps):
        raise ValueError(f"{path!r} is no path in $in, such as data.status or items.0.id")
    if given.startswith("@"):
        given = _read(Path(given[1:]))
    return Pin(steps, _json(given, f"the value of {path}") if is_json else given)


def pinned(data: Mapping[str, Any], pins: list[Pin]) -> dict[str, Any]:
    """A copy of `$in` with the pins in it, the later ones over the earlier.

    Raises:
        AkrunError: A path leads into something that is neither an object nor a list.
    """
    found: dict[str, Any] = copy.deepcopy(dict(data))
    for pin in pins:
        if pin.path:
            _set(found, pin)
        else:
            found = copy.deepcopy(pin.value)
    return found


def _set(data: dict[str, Any], pin: Pin) -> None:
    *steps, last = pin.path
    at: Any = data
    for step in steps:
        at = at.setdefault(step, {}) if isinstance(at, dict) else _list_of(at, step, pin)[int(step)]
    if isinstance(at, dict):
        at[last] = pin.value
    else:
        _list_of(at, last, pin)[int(last)] = pin.value


def _list_of(value: Any, step: str, pin: Pin) -> list[Any]:
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value
    path = ".".join(pin.path)
    if isinstance(value, list):
        raise AkrunError(f"--pin {path}: `{step}` is no place of a list of {len(value)} elements, from 0")
    raise AkrunError(f"--pin {path}: there is no object or list that `{step}` could be in")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8") from error
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error


def _json(text: str, name: str) -> Any:
    try:
        return decode(text.encode())
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{name} is no JSON: {error}") from error
