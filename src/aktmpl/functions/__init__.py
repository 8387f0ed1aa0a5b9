"""The functions of the language: one registry, one module per family."""

from aktmpl.functions.derive import function
from aktmpl.functions.function import REQUIRED, ArgumentFault, Context, Example, Function, Parameter
from aktmpl.functions.registry import REGISTRY, Functions, builtin
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
