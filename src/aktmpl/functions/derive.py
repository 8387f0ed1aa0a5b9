"""The decorator that makes a function of the language of a Python function.

>>> @function(category="text", since="1.0", examples=[Example("'a' | shout", "A!")])
... def shout(text: str, mark: str = "!") -> str:
...     '''The text in capitals, with a mark after it.'''
...     return text.upper() + mark
>>> print(shout.signature)
shout(text: string, mark: string = '!') -> string
>>> shout("a")
'A!'
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from aktmpl.functions.function import REQUIRED, Context, Example, Function, Parameter
from aktmpl.functions.types import value_type


def function(
    *,
    category: str,
    since: str,
    examples: Iterable[Example] = (),
    pure: bool = True,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Function]:
    """Make a function of the language of a Python function.

    Name, parameters, types, defaults and documentation come from its signature and docstring: the first
    line of the docstring is `doc`, the rest is `details`. A keyword-only parameter is given by name
    only; one of type `Context` is not a parameter of the language, it receives the environment's
    context. The function gets values of the language and must not change them.

    Args:
        category: The family it is listed under.
        since: The version that brought it.
        examples: Expressions with their results.
        pure: It gives the same for the same arguments for ever. Calls of a pure function with known
            arguments are evaluated once, when a template is compiled or specialised.
        name: What templates call it, if not the Python function's name (without underscores at its end).

    Raises:
        TypeError: The signature has what templates cannot use.
    """

    def made(call: Callable[..., Any]) -> Function:
        found = derived(call, pure=pure, name=name)
        return replace(found, category=category, since=since, examples=tuple(examples))

    return made


def family(category: str, since: str = "0.1") -> "Callable[..., Callable[[Callable[..., Any]], Function]]":
    """The decorator of the language's own functions of one category: `@decorator(*examples, pure=True)`."""

    def decorator(*examples: Example, pure: bool = True) -> Callable[[Callable[..., Any]], Function]:
        return function(category=category, since=since, examples=examples, pure=pure)

    return decorator


def derived(call: Callable[..., Any], *, pure: bool, name: str | None = None) -> Function:
    """The function that a Python function's signature and docstring describe."""
    name = name if name is not None else str(getattr(call, "__name__", "")).rstrip("_")
    if not name.isidentifier():
        raise TypeError(f"{call!r} has no name that templates can use")
    if inspect.iscoroutinefunction(call):
        raise TypeError(f"`{name}` is a coroutine function: templates are rendered without waiting")
    signature = inspect.signature(call, eval_str=True)
    context = [each.name for each in signature.parameters.values() if each.annotation is Context]
    parameters = tuple(
        _parameter(name, each) for each in signature.parameters.values() if each.name not in context
    )
    doc, _, details = (inspect.getdoc(call) or "").partition("\n")
    return Function(
        name=name,
        parameters=parameters,
        result=value_type(signature.return_annotation),
        doc=doc,
        category="host",
        pure=pure,
        since="",
        examples=(),
        call=call,
        details=details.strip(),
        context_parameter=context[0] if context else None,
    )


def _parameter(function_name: str, given: inspect.Parameter) -> Parameter:
    if given.kind is inspect.Parameter.VAR_KEYWORD:
        raise TypeError(f"`{function_name}`: templates cannot use `**{given.name}`")
    try:
        kind = value_type(given.annotation)
    except TypeError as error:
        raise TypeError(f"`{function_name}`, parameter `{given.name}`: {error}") from None
    default = REQUIRED if given.default is inspect.Parameter.empty else given.default
    if default is not REQUIRED and not kind.accepts(default):
        raise TypeError(f"`{function_name}`: the default of `{given.name}` is not {kind}")
    return Parameter(
        given.name,
        kind,
        default,
        variadic=given.kind is inspect.Parameter.VAR_POSITIONAL,
        named_only=given.kind is inspect.Parameter.KEYWORD_ONLY,
    )
