"""The errors of the template language.

    TemplateError
    ├── SyntaxFault      E1xx  the text is not a template
    ├── CheckFault       E2xx  the template cannot be right for any data
    ├── MissingError     E3xx  the data lacks something the template reads
    ├── EvaluationError  E4xx  values of the wrong type, wrong arguments
    └── LimitError       E5xx  a limit of the environment is exceeded

All carry the place in the template, whether they rise when it is compiled or when it is rendered.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar

from aktmpl.codes import CODES
from aktmpl.source import Source, Span, frame, locate

_SHOWN = 80
"""An offending value is shown with at most this many characters."""


class TemplateError(Exception):
    """A fault in a template or in the data it was given.

    Attributes:
        code: Such as `E301`; see `aktmpl.codes.CODES`.
        message: What is wrong, without the place.
        hint: How to mend it, if that is known.
        source: The text the span refers to.
        span: The place.
        faults: Every fault found in the same pass, in the order of the text; the first is this one.
    """

    hundred: ClassVar[str] = ""

    def __init__(self, code: str, message: str, source: Source, span: Span, hint: str | None = None) -> None:
        assert code in CODES, code
        assert code.startswith(self.hundred), code
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.source = source
        self.span = span
        self.faults: tuple[TemplateError, ...] = (self,)

    def __str__(self) -> str:
        name, line, column = locate(self.source, self.span)
        return f"{name}:{line}:{column}: {self.code} {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message, self.source, self.span, self.hint)

    def frame(self) -> str:
        """The place with its source line, a caret run, and the hint."""
        return frame(self.source, self.span, f"{self.code} {self.message}", self.hint)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: code, message, hint, name, line, column, start, end, pointer."""
        name, line, column = locate(self.source, self.span)
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "name": name,
            "line": line,
            "column": column,
            "start": self.span.start,
            "end": self.span.end,
            "pointer": self.source.pointer,
        }


class SyntaxFault(TemplateError):
    """E1xx: the text is not a template."""

    hundred = "E1"


class CheckFault(TemplateError):
    """E2xx: the template cannot be right for any data."""

    hundred = "E2"


class MissingError(TemplateError):
    """E3xx: the data lacks something the template reads."""

    hundred = "E3"


class EvaluationError(TemplateError):
    """E4xx: values of the wrong type, wrong arguments."""

    hundred = "E4"


class LimitError(TemplateError):
    """E5xx: a limit of the environment is exceeded."""

    hundred = "E5"


_BY_HUNDRED: dict[str, type[TemplateError]] = {
    kind.hundred: kind for kind in (SyntaxFault, CheckFault, MissingError, EvaluationError, LimitError)
}


class Fault(Exception):
    """What value operations raise: a code and a message, which the interpreter gives a place."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def at(self, source: Source, span: Span) -> TemplateError:
        """The same fault with its place."""
        return error(self.code, self.message, source, span, self.hint)


def error(code: str, message: str, source: Source, span: Span, hint: str | None = None) -> TemplateError:
    """A `TemplateError` of the class that belongs to `code`."""
    return _BY_HUNDRED[code[:2]](code, message, source, span, hint)


def together(faults: Iterable[TemplateError]) -> TemplateError:
    """One error to raise for all of `faults`: the first, which then knows the others."""
    found = tuple(faults)
    first = found[0]
    first.faults = found
    return first


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the known name most like `name`, or nothing when none is near."""
    matches = get_close_matches(name, [str(each) for each in known], n=1, cutoff=0.6)
    return f"did you mean `{matches[0]}`?" if matches else None


def shown(value: object) -> str:
    """An offending scalar as an error may show it: cut, and never the inside of a collection."""
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
        return f"'{text}'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) < 10**_SHOWN:
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return f"a value of type {type_name(value)}"


_TYPE_NAMES = {
    type(None): "null", bool: "bool", int: "int", float: "float",
    str: "string", bytes: "bytes", list: "list", dict: "object",
}  # fmt: skip


def type_name(value: object) -> str:
    """The language's name of a value's type, as errors and `type_of` give it."""
    return _TYPE_NAMES.get(type(value)) or next(
        (name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), type(value).__name__
    )
