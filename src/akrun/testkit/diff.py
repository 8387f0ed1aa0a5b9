"""Diffs for people: two values written line by line, and the lines that tell them apart."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from akrun.testkit.compare import Wanted
from akrun.testkit.json_path import MISSING

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w.$*\[\]-]*")
CONTEXT: Final = 3
"""Lines around a difference."""


def written(value: Any) -> list[str]:
    """A value as lines: objects and lists indented as in YAML, texts in quotes, long ones line by line."""
    return list(_lines(value))


def diff(wanted: Any, got: Any) -> list[str]:
    """The lines of both values where they differ, `-` before what was wanted and `+` before what came."""
    left, right = written(wanted), written(got)
    shown = list(difflib.unified_diff(left, right, n=CONTEXT, lineterm=""))[3:]  # after the names of both
    return [_marked(line) for line in shown]


def _marked(line: str) -> str:
    if line.startswith("@@"):
        return "  …"
    return f"{line[0]} {line[1:]}"


def path_text(path: tuple[str | int, ...]) -> str:
    """A path as people write it: `requests[0].json.to`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.startswith("$"):
            text += f"{{{step}}}"
        else:
            text += ("." if text else "") + (step if _PLAIN_KEY.fullmatch(step) else json.dumps(step))
    return text


def inline(value: Any) -> str:
    """A value on one line."""
    if value is MISSING:
        return "nothing"
    if isinstance(value, Wanted):
        return value.name if value.argument is None else f"{value.name} {inline(value.argument)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=repr)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _entry(f"{_key(key)}:", each)
    elif isinstance(value, list | tuple) and value:
        for each in value:
            yield from _item(each)
    elif isinstance(value, str) and "\n" in value.strip("\n"):
        yield "|"
        yield from (f"  {line}" for line in value.split("\n"))
    else:
        yield inline(value)


def _entry(key: str, value: Any) -> Iterator[str]:
    if (isinstance(value, Mapping | list | tuple) and value) or _is_long(value):
        lines = list(_lines(value))
        if _is_long(value):
            yield f"{key} |"
            lines = [line[2:] for line in lines[1:]]
        else:
            yield key
        yield from (f"  {line}" for line in lines)
    else:
        yield f"{key} {inline(value)}"


def _item(value: Any) -> Iterator[str]:
    lines = list(_lines(value))
    yield f"- {lines[0]}"
    yield from (f"  {line}" for line in lines[1:])


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value.strip("\n")


def _key(key: Any) -> str:
    text = str(key)
    return text if _PLAIN_KEY.fullmatch(text) else json.dumps(text, ensure_ascii=False)
