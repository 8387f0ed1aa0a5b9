"""A small part of JSONPath (RFC 9535): names, indexes and wildcards.

`$.items[0].id`, `$['a b'].c`, `$.items[-1]`, `$.items[*].id`, `$.*`. A path with a wildcard gives the list of
all that it leads to; one without gives the value, or nothing.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

_STEP: Final = re.compile(
    r"""\.(?P<name>[^\s.\[\]*'"]+)|\.(?P<star>\*)|\[(?P<index>-?\d{1,9})\]|\[(?P<every>\*)\]"""
    r"""|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
)


class _Missing:
    """What stands for nothing: there is no value."""

    def __repr__(self) -> str:
        return "(nothing)"


MISSING: Final = _Missing()
"""There is no value at this place."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path; a step is a name, an index, or None for all members."""

    steps: tuple[str | int | None, ...]

    @classmethod
    def parse(cls, text: str) -> "JsonPath":
        """Read a path; raises ValueError that says what is wrong."""
        if not text.startswith("$"):
            raise ValueError("a path begins with $")
        steps: list[str | int | None] = []
        at = 1
        while at < len(text):
            found = _STEP.match(text, at)
            if found is None:
                raise ValueError(f"`{text[at:][:40]}` is no step of a path: .name, ['name'], [0], [*] or .*")
            if found["index"] is not None:
                steps.append(int(found["index"]))
            elif found["star"] or found["every"]:
                steps.append(None)
            else:
                steps.append(found["name"] if found["name"] is not None else found["quoted"])
            at = found.end()
        return cls(tuple(steps))

    def find(self, value: Any) -> Any:
        """What it leads to in a JSON value: MISSING for nothing, a list for a path with a wildcard."""
        found = [value]
        for step in self.steps:
            found = [inner for each in found for inner in _members(each, step)]
        if None in self.steps:
            return found
        return found[0] if found else MISSING


def _members(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    inside = isinstance(value, list) and -len(value) <= step < len(value)
    return [value[step]] if inside else []
