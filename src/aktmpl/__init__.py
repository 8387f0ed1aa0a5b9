"""A template language for messages: text, JSON documents and conditions over JSON data.

    >>> import aktmpl
    >>> aktmpl.compile_text("Hello ${profile.name ?? 'friend'}").render({"profile": {}})
    'Hello friend'
    >>> aktmpl.compile_query("'$in.status' = 'success'").evaluate({"in": {"status": "success"}})
    True

The functions here use one shared `Environment` with the roots of a channel's pipelines. What the package
exports is imported when it is first asked for.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aktmpl.errors import within_stack

if TYPE_CHECKING:
    from aktmpl.environment import CHANNEL_ROOTS, Environment
    from aktmpl.errors import (
        CheckFault,
        EvaluationError,
        LimitError,
        MissingError,
        SyntaxFault,
        TemplateError,
    )
    from aktmpl.findings import Finding
    from aktmpl.functions.derive import function
    from aktmpl.functions.function import Context, Example, Function
    from aktmpl.interpreter import interpret
    from aktmpl.limits import Limits
    from aktmpl.references import PathRead
    from aktmpl.schema import Schema
    from aktmpl.source import Origin, Source, Span
    from aktmpl.templates import DocumentTemplate, Query, Scope, TextTemplate
    from aktmpl.unparser import unparse

_MODULES = {
    "environment": ("CHANNEL_ROOTS", "Environment"),
    "errors": (
        "CheckFault", "EvaluationError", "LimitError", "MissingError", "SyntaxFault", "TemplateError",
    ),
    "findings": ("Finding",),
    "functions.derive": ("function",),
    "functions.function": ("Context", "Example", "Function"),
    "interpreter": ("interpret",),
    "limits": ("Limits",),
    "references": ("PathRead",),
    "schema": ("Schema",),
    "source": ("Origin", "Source", "Span"),
    "templates": ("DocumentTemplate", "Query", "Scope", "TextTemplate"),
    "unparser": ("unparse",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"aktmpl.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@cache
def _environment() -> "Environment":
    from aktmpl.environment import Environment  # noqa: PLC0415 - as all that is exported

    return Environment()


@within_stack
def compile_text(text: str) -> "TextTemplate":
    """Compile a text template; see `Environment.compile_text`."""
    return _environment().compile_text(text)


@within_stack
def compile_document(value: Any) -> "DocumentTemplate":
    """Compile a JSON value with templates in it; see `Environment.compile_document`."""
    return _environment().compile_document(value)


@within_stack
def compile_query(text: str) -> "Query":
    """Compile a condition; see `Environment.compile_query`."""
    return _environment().compile_query(text)


__all__ = [
    "CHANNEL_ROOTS",
    "CheckFault",
    "Context",
    "DocumentTemplate",
    "Environment",
    "EvaluationError",
    "Example",
    "Finding",
    "Function",
    "LimitError",
    "Limits",
    "MissingError",
    "Origin",
    "PathRead",
    "Query",
    "Schema",
    "Scope",
    "Source",
    "Span",
    "SyntaxFault",
    "TemplateError",
    "TextTemplate",
    "compile_document",
    "compile_query",
    "compile_text",
    "function",
    "interpret",
    "unparse",
]
