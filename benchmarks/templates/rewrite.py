"""Templates of aktmpl in the syntax of others: references are replaced, and values put where they go.

Other languages have `in` for a word of their own: there the root is called `event`.
"""

import json
import re
from collections.abc import Callable
from typing import Any

_REFERENCE = re.compile(r"\$([a-z]+(?:\.[a-z]+)*)")
_EXPANSION = re.compile(r"\$\$([a-z.]+)\[([a-z]+)\]")


def pieces(text: str) -> list[tuple[str, str]]:
    """A text's parts: `("text", …)` or `("path", "profile.name")`."""
    found = []
    for position, part in enumerate(_REFERENCE.split(text)):
        if part:
            found.append(("path", path(part)) if position % 2 else ("text", part))
    return found


def path(reference: str) -> str:
    """A path with a root that any language can name."""
    return re.sub(r"^in\b", "event", reference.removeprefix("$#").removeprefix("$"))


def scope_of(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope with the names that `path` gives."""
    return {"event" if root == "in" else root: value for root, value in scope.items()}


def text(template: str, reference: Callable[[str], str], plain: Callable[[str], str] = str) -> str:
    """A text with each reference written by `reference`."""
    return "".join(plain(part) if kind == "text" else reference(part) for kind, part in pieces(template))


def joined(template: str, operator: str, quoted: Callable[[str], str] = json.dumps) -> str:
    """A text as an expression that joins literals and paths; a bare reference is a path."""
    if template.startswith("$#"):
        return path(template)
    parts = pieces(template)
    return operator.join(quoted(part) if kind == "text" else part for kind, part in parts) or '""'


def document(
    value: Any, leaf: Callable[[str], str], loop: Callable[[str, str], str], element: str = "item"
) -> str:
    """JSON with each template written by `leaf`, and each expansion's array by `loop(path, body)`."""
    if isinstance(value, dict):
        members = []
        for key, item in value.items():
            expansion = _EXPANSION.fullmatch(key)
            if expansion:
                body = {name: each.replace("[$]", f"${element}.") for name, each in item.items()}
                members.append(
                    f"{json.dumps(expansion[2])}: {loop(path(expansion[1]), document(body, leaf, loop))}"
                )
            else:
                members.append(f"{json.dumps(key)}: {document(item, leaf, loop)}")
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(document(item, leaf, loop) for item in value) + "]"
    if isinstance(value, str) and "$" in value:
        return leaf(value)
    return json.dumps(value, ensure_ascii=False)
