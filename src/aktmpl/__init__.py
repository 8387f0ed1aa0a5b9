"""A template language for messages: text, JSON documents and conditions over JSON data.

    >>> import aktmpl
    >>> aktmpl.compile_text("Hello ${profile.name ?? 'friend'}").render({"profile": {}})
    'Hello friend'
    >>> aktmpl.compile_query("'$in.status' = 'success'").evaluate({"in": {"status": "success"}})
    True

The functions here use one shared `Environment` with the roots of a channel's pipelines.
"""

from typing import Any

from aktmpl.environment import CHANNEL_ROOTS, DocumentTemplate, Environment, Query, Scope, TextTemplate
from aktmpl.errors import (
    CheckFault,
    EvaluationError,
    LimitError,
    MissingError,
    SyntaxFault,
    TemplateError,
)
from aktmpl.findings import Finding
from aktmpl.functions.registry import Context, Example, Function, function
from aktmpl.interpret import interpret
from aktmpl.limits import Limits
from aktmpl.references import PathRead
from aktmpl.schema import Schema
from aktmpl.source import Origin, Source, Span
from aktmpl.unparse import unparse

_default = Environment()


def compile_text(text: str) -> TextTemplate:
    """Compile a text template; see `Environment.compile_text`."""
    return _default.compile_text(text)


def compile_document(value: Any) -> DocumentTemplate:
    """Compile a JSON value with templates in it; see `Environment.compile_document`."""
    return _default.compile_document(value)


def compile_query(text: str) -> Query:
    """Compile a condition; see `Environment.compile_query`."""
    return _default.compile_query(text)


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
