"""The errors of the template language.

    TemplateError
    ├── SyntaxFault      E1xx  the text is not a template
    ├── CheckFault       E2xx  the template cannot be right for any data
    ├── MissingError     E3xx  the data lacks something the template reads
    ├── EvaluationError  E4xx  values of the wrong type, wrong arguments
    └── LimitError       E5xx  a limit of the environment is exceeded

All carry the place in the template, whether they rise when it is compiled or when it is rendered.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import islice
from typing import Any, ClassVar, ParamSpec, TypeVar

from aktmpl.codes import CODES
from aktmpl.source import Source, Span, frame, locate, printable

P = ParamSpec("P")
R = TypeVar("R")

_MOST_NAMES = 200
"""Names that a hint is looked for among: comparing takes time, and a huge object has no near name."""

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
        arguments = (self.code, self.message, self.source, self.span, self.hint)
        return type(self), arguments, {"faults": self.faults}

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


def within_stack(function: Callable[P, R]) -> Callable[P, R]:
    """What a host calls; should the host's own stack leave too little room for it, the error is E508."""

    @wraps(function)
    def run(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return function(*arguments, **named)
        except RecursionError:
            message = "the host program's calls nest too deep to work on a template inside them"
            hint = "call it from a shallower place, or in a thread of its own"
            raise LimitError("E508", message, Source(""), Span(0, 0), hint) from None

    return run


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the known name most like `name`, or nothing when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only errors need it

    names = [str(each) for each in islice(known, _MOST_NAMES)]
    same = [each for each in names if each.casefold() == name.casefold()]
    matches = same or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{cut(matches[0])}`?" if matches else None


def cut(text: str) -> str:
    """At most 80 characters of a text, on one line: what cannot be printed appears as its escape."""
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return text if text.isprintable() else printable(text)


def shown(value: object) -> str:
    """An offending scalar as an error may show it: cut, and never the inside of a collection."""
    if isinstance(value, str):
        return f"'{cut(value)}'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) < 10**_SHOWN:
            return str(value)
        return f"an integer of about {round(value.bit_length() * 0.30103):,} digits"
    if isinstance(value, float):
        return repr(value)
    return f"a value of type {type_name(value)}"


def described(value: object) -> str:
    """A value in an error's words: a collection's type, or a scalar itself, cut."""
    name = type_name(value)
    if value is None:
        return name
    if isinstance(value, bool | int | float | str):
        text = shown(value)
        return text if text.startswith("an ") else f"the {name} {text}"
    return of_type(name)


def of_type(name: str) -> str:
    """A value of a type in an error's words: `a list`, or `a value of type Order` if it is the host's."""
    if name not in _TYPE_NAMES.values():
        return f"a value of type {name}"
    return ARTICLES.get(name, f"a {name}")


ARTICLES = {"null": "null", "bytes": "bytes", "int": "an int", "object": "an object"}
"""The names of types before which there is no `a`."""

_TYPE_NAMES = {
    type(None): "null", bool: "bool", int: "int", float: "float",
    str: "string", bytes: "bytes", list: "list", dict: "object",
}  # fmt: skip


def type_name(value: object) -> str:
    """The language's name of a value's type, as errors and `type_of` give it."""
    return _TYPE_NAMES.get(type(value)) or next(
        (name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), type(value).__name__
    )
