"""Pydantic's validation errors as faults of a file: the place in the text, and plain words."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from akrun.errors import Fault
from akrun.model import codes
from akrun.model.base import RULE, UNKNOWN_KEY
from akrun.model.events import PATTERNS
from akrun.model.located import LocatedDocument
from akrun.model.positions import to_pointer
from aktmpl.errors import nearest, shown

_Path = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
}
_LIMITS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "finite_number": "must be a finite number",
}
_CODES = {
    "C2": (codes.KEY_MISSING, codes.KEY_UNKNOWN, codes.WRONG_TYPE, codes.WRONG_VALUE),
    "C3": (
        codes.MAILING_KEY_MISSING,
        codes.MAILING_KEY_UNKNOWN,
        codes.MAILING_WRONG_TYPE,
        codes.MAILING_WRONG_VALUE,
    ),
    "C7": (
        codes.REQUEST_KEY_MISSING,
        codes.REQUEST_KEY_UNKNOWN,
        codes.REQUEST_WRONG_TYPE,
        codes.REQUEST_WRONG_VALUE,
    ),
}


def faults_of(error: ValidationError, document: LocatedDocument, family: str = "C2") -> tuple[Fault, ...]:
    """One fault for each error of a model that was validated from `document.value`.

    Args:
        error: What the model raised.
        document: Where its value came from.
        family: First two characters of the codes for missing, unknown and wrong keys: `C2`, `C3` or `C7`.
    """
    found = (_fault(each, document, family) for each in error.errors(include_url=False))
    return tuple(dict.fromkeys(found))


def words_for(value: Any) -> str:
    """What kind of JSON value this is, in the words of a person."""
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds: tuple[tuple[type, str], ...] = (
        (str, "text"), (int, "a whole number"), (float, "a number with a fraction"), (dict, "an object"),
        (list, "a list"), (tuple, "a list"),
    )  # fmt: skip
    return next((words for kind, words in kinds if isinstance(value, kind)), "null")


def choice(value: Any, known: Sequence[str]) -> tuple[str, str | None]:
    """Message and hint for a value that is none of `known`."""
    return f"{shown(value)} is not one of {', '.join(known)}", nearest(str(value), known)


def resolve(value: Any, loc: Sequence[str | int]) -> tuple[_Path, bool]:
    """The path in `value` that a pydantic location means, and whether its last step is really there.

    Pydantic's locations also name the branch of a union (a field's type), and a row that is written without
    its brackets has no index of its own; both are steps that the value does not have.
    """
    path: list[str | int] = []
    for number, step in enumerate(loc):
        last = number == len(loc) - 1
        is_branch = isinstance(value, dict) and value.get("type") == step and not (last and step in value)
        if is_branch:
            continue
        if _has(value, step):
            value = value[step]
            path.append(step)
        elif last and isinstance(step, str):
            return (*path, step), False
    return tuple(path), True


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _fault(error: ErrorDetails, document: LocatedDocument, family: str) -> Fault:
    path, found = resolve(document.value, error["loc"])
    if error["type"] == "union_tag_invalid":
        path = (*path, "type")
    code, message, hint, on_key = _explain(error, path, family)
    pointer = to_pointer(path)
    inside = found and not on_key
    span = document.first_line(pointer) if inside else document.span(pointer, key=on_key)
    return Fault(code, message, hint, document.source, span)


def _explain(error: ErrorDetails, path: _Path, family: str) -> tuple[str, str, str | None, bool]:
    """Code, message, hint, and whether the key is at fault."""
    missing, unknown, wrong_type, wrong_value = _CODES[family]
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    name = _name(path)
    if kind == RULE:
        return context["code"], context["message"], context["hint"], context["on_key"]
    if kind == UNKNOWN_KEY:
        known = [str(each) for each in context["known"]]
        return unknown, f"unknown key {name}", nearest(str(path[-1]), known) or _list_of(known), True
    if kind == "missing":
        return missing, f"the key {name} is missing", None, False
    if kind == "union_tag_not_found":
        return missing, "the key `type` is missing", None, False
    if kind in _EXPECTED:
        return (
            wrong_type,
            f"{name} must be {_EXPECTED[kind]}, not {words_for(value)}",
            _unquote(kind, value),
            False,
        )
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        known = _choices(context)
        tag = value.get("type") if kind == "union_tag_invalid" and isinstance(value, dict) else value
        message, hint = choice(tag, known)
        return wrong_value, f"{name}: {message}", hint, False
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return wrong_value, f"{name} must not be empty", None, False
    if kind in _LIMITS:
        bounds = {key: f"{bound:g}" if isinstance(bound, float) else bound for key, bound in context.items()}
        return wrong_value, f"{name} {_LIMITS[kind].format(**bounds)}", None, False
    if kind == "string_pattern_mismatch" and (words := PATTERNS.get(context["pattern"])):
        return wrong_value, f"{name} must be {words}, not {shown(value)}", None, False
    return wrong_value, f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}", None, False


def _name(path: _Path) -> str:
    """What a message calls the part: its key, with the index for an item of a list."""
    if not path:
        return "the document"
    if isinstance(path[-1], int):
        keys = [each for each in path if isinstance(each, str)]
        return f"item {path[-1] + 1} of `{keys[-1]}`" if keys else f"item {path[-1] + 1}"
    return f"`{path[-1][:80]}`"


def _list_of(known: list[str]) -> str:
    return "known here: " + ", ".join(known)


def _choices(context: dict[str, Any]) -> list[str]:
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    return [each.strip("' ") for each in listed.replace(" or ", ", ").split(",") if each.strip()]


def _unquote(kind: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return f'write "{value}"' if kind == "string_type" and type(value) in (int, float) else None
    if kind.startswith(("int", "float")) and value.lstrip("-").isdigit():
        return f"write {value[:40]} without quotes"
    if kind.startswith("bool") and value in ("true", "false"):
        return f"write {value} without quotes"
    return None
