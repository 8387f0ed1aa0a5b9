"""What can be said of a call before there is data: the function exists and the arguments can suit."""

from collections.abc import Iterator, Mapping

from aktmpl.errors import Fault, TemplateError, type_name
from aktmpl.functions.function import Function, Parameter, conversion_hint, described, refusal_hint
from aktmpl.functions.registry import unknown_function
from aktmpl.functions.types import ANY, ValueType
from aktmpl.nodes import (
    Arithmetic,
    Call,
    Compare,
    Conditional,
    Expression,
    Interpolation,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    ObjectDisplay,
    Power,
    Test,
)
from aktmpl.source import Source

Functions = Mapping[str, Function]

_BOOL = ValueType(("bool",))
_NUMBER = ValueType(("int", "float"))


def check_call(node: Call, functions: Functions, source: Source) -> Iterator[TemplateError]:
    """Faults of one call, without those of the calls among its arguments.

    E205 for an unknown function, E206 for arguments that no parameter takes or parameters without an
    argument, E207 for an argument that has the wrong type whatever the data.
    """
    function = functions.get(node.name)
    if function is None:
        yield unknown_function(node.name, functions).at(source, node.name_span)
        return
    try:
        pairs = function.bind(node.arguments, dict(node.named))
    except Fault as fault:
        yield fault.at(source, node.name_span)
        return
    for parameter, argument in pairs:
        wrong = mismatch(function, parameter, argument, functions)
        if wrong is not None:
            yield wrong.at(source, argument.span)


def mismatch(
    function: Function, parameter: Parameter, argument: Expression, functions: Functions
) -> Fault | None:
    """The fault (E207) of an argument that cannot suit the parameter, if it surely cannot."""
    if isinstance(argument, Literal):
        if parameter.type.accepts(argument.value):
            return None
        given = described(argument.value)
        hint = refusal_hint(parameter.type, argument.value)
    else:
        kind = static_type(argument, functions)
        if parameter.type.meets(kind):
            return None
        given = f"of type {kind}"
        hint = conversion_hint(parameter.type, kind.names[0])
    return Fault("E207", f"`{function.name}`: `{parameter.name}` is {parameter.type}, not {given}", hint)


def static_type(node: Expression, functions: Functions) -> ValueType:
    """What an expression gives for any data, as far as its form says."""
    match node:
        case Literal(value=value):
            return ValueType((type_name(value),))
        case Interpolation():
            return ValueType(("string",))
        case ListDisplay():
            return ValueType(("list",))
        case ObjectDisplay():
            return ValueType(("object",))
        case Logic() | Not() | Compare() | Test():
            return _BOOL
        case Power() | Negative():
            return _NUMBER
        case Arithmetic(rest=rest):
            return ANY if all(operator == "+" for operator, _ in rest) else _NUMBER
        case Conditional(then=then, otherwise=otherwise):
            either = static_type(then, functions), static_type(otherwise, functions)
            return ANY if ANY in either else ValueType(either[0].names + either[1].names)
        case Call(name=name):
            function = functions.get(name)
            return ANY if function is None else ValueType(function.result.names)
        case _:
            return ANY
