"""The limit: what a person would write for one template, checking nothing.

The functions are made from the templates, but hold what one would type: an f-string over subscripts, a dict
literal that orjson writes, a lambda. For values that are no strings the f-string calls a function for each.
"""

import re
from collections.abc import Callable
from typing import Any

import orjson

from benchmarks.templates import rewrite
from benchmarks.templates.work import MIXED, Work


def function_of(work: Work) -> Callable[[], Any]:
    """The work as a call without arguments."""
    names = {"dumps": orjson.dumps, "text_of": text_of}
    function = eval(f"lambda s: {source_of(work)}", names)
    scope = rewrite.scope_of(work.scope)
    return lambda: function(scope)


def text_of(value: Any) -> str:
    """A value as a message shows it."""
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is float:
        return repr(value).removesuffix(".0")
    return str(value)


def source_of(work: Work) -> str:
    """The function's body."""
    if work.kind == "text":
        return _f_string(work.template, convert=work.scope is MIXED)
    if work.kind == "value":
        return subscripts(rewrite.path(work.template))
    if work.kind == "condition":
        return re.sub(r"\b(event|profile)(\.\w+)+", lambda path: subscripts(path[0]), PYTHON_CONDITION)
    return (
        f"dumps({rewrite.document(work.template, leaf_source, _comprehension)})".replace(": null", ": None")
        .replace(": false", ": False")
        .replace(": true", ": True")
    )


PYTHON_CONDITION = "event.status == 'success' and (event.data.code < 200 or profile.segment == 'loyal')"


def subscripts(path: str) -> str:
    """The path as Python; `s` is the scope."""
    root, *keys = path.split(".")
    return (root if root == "item" else f"s[{root!r}]") + "".join(f"[{key!r}]" for key in keys)


def _f_string(template: str, *, convert: bool = False) -> str:
    wrap = "{{text_of({})}}" if convert else "{{{}}}"
    return 'f"' + rewrite.text(template, lambda path: wrap.format(subscripts(path))) + '"'


def leaf_source(template: str) -> str:
    """A string of a document as Python."""
    if template.startswith("$#"):
        return subscripts(rewrite.path(template))
    parts = rewrite.pieces(template)
    return subscripts(parts[0][1]) if len(parts) == 1 else _f_string(template)


def _comprehension(path: str, body: str) -> str:
    return f"[{body} for item in {subscripts(path)}]"
