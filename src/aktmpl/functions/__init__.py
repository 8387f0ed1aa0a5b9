"""The functions of the language: one registry, one module per family."""

from aktmpl.functions.registry import (
    REGISTRY,
    REQUIRED,
    ArgumentFault,
    Context,
    Example,
    Function,
    Functions,
    Parameter,
    builtin,
    function,
)
from aktmpl.functions.types import ANY, ValueType

__all__ = [
    "ANY",
    "REGISTRY",
    "REQUIRED",
    "ArgumentFault",
    "Context",
    "Example",
    "Function",
    "Functions",
    "Parameter",
    "ValueType",
    "builtin",
    "function",
]
