"""What a function of the language is: its parameters, its description, and how it is called.

Whatever calls a function (interpreter, closure or host) calls the `Function`, so that arguments are
checked, results bounded and failures turned into `Fault` in one place.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aktmpl.errors import Fault, nearest, of_type, shown, type_name
from aktmpl.functions.types import ANY, ValueType
from aktmpl.limits import Limits

if TYPE_CHECKING:
    from datetime import datetime

    from aktmpl.nodes import Call, Expression

T = TypeVar("T")

LAZY: Final = frozenset({"default", "coalesce"})
"""Functions that are forms of `??`: an argument is evaluated only when those before it have no value."""


class _Required:
    """The class of `REQUIRED`, which stays what it is when it is copied or pickled."""

    def __reduce__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()
"""The `default` of a parameter that has none."""

_VALUES = frozenset({type(None), bool, int, float, str, bytes, list, dict})
_BITS_PER_DIGIT = 3.33
_SHOWN = 80


def utc_now() -> "datetime":
    """The time of the system's clock."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only templates with dates need it

    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """What a function may ask of the environment: it gets it by a keyword-only parameter of this type.

    Attributes:
        limits: Bounds of what it makes.
        clock: Gives the time now, with a zone.
        entropy: Gives so many random bytes.
    """

    limits: Limits = field(default_factory=Limits)
    clock: "Callable[[], datetime]" = utc_now
    entropy: Callable[[int], bytes] = os.urandom


_DEFAULT_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        name: What a template calls it.
        type: The values it takes.
        default: What it is without an argument, or `REQUIRED`.
        variadic: It takes any number of positional arguments.
        named_only: It is given by name and never by position.
    """

    name: str
    type: ValueType = ANY
    default: Any = REQUIRED
    variadic: bool = False
    named_only: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED and not self.variadic

    def __str__(self) -> str:
        stars = "*" if self.variadic else ""
        default = "" if self.default is REQUIRED else f" = {written(self.default)}"
        return f"{stars}{self.name}: {self.type}{default}"


@dataclass(frozen=True, slots=True)
class Example:
    """An expression with what it gives; it is shown in the reference and run as a test.

    Attributes:
        expression: As it stands between braces.
        result: Its value, unless `error` is given.
        scope: The data it reads.
        error: The code of the error it ends in.
    """

    expression: str
    result: Any = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


class ArgumentFault(Fault):
    """A fault (E410) of one argument, which the interpreter then points at."""

    def __init__(self, parameter: str, message: str, hint: str | None = None, code: str = "E410") -> None:
        super().__init__(code, message, hint)
        self.parameter = parameter


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the language.

    Calling it checks the arguments, then runs `call`. Whatever goes wrong is a `Fault`.

    Attributes:
        name: What templates call it.
        parameters: In order; those that are given by name only come last.
        result: The type of what it gives.
        doc: One line that says what it gives.
        details: The rest of what there is to know, or nothing.
        category: The family it belongs to.
        pure: It gives the same for the same arguments for ever, so a call may be evaluated ahead.
        since: The version that brought it.
        examples: What it does, run as tests.
        call: The Python function.
        context: What `call` gets when it asks for a `Context`.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueType
    doc: str
    category: str
    pure: bool
    since: str
    examples: tuple[Example, ...]
    call: Callable[..., Any] = field(repr=False)
    details: str = field(default="", repr=False)
    context: Context = field(default=_DEFAULT_CONTEXT, repr=False)
    context_parameter: str | None = field(default=None, repr=False)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """By its name, where a module has it under that of the Python function it was made of."""
        from pkgutil import resolve_name  # noqa: PLC0415 - few hosts pickle

        name = ":".join(getattr(self.call, each, "") for each in ("__module__", "__qualname__"))
        with suppress(ImportError, AttributeError, ValueError):
            if resolve_name(name) is self:
                return resolve_name, (name,)
        return super().__reduce_ex__(protocol)

    @classmethod
    def of(cls, given: "Function | Callable[..., Any]") -> "Function":
        """The function, or one made of a plain Python function, which nobody has said to be pure."""
        from aktmpl.functions.derive import derived  # noqa: PLC0415 - it builds on this module

        return given if isinstance(given, Function) else derived(given, pure=False)

    @property
    def lazy(self) -> bool:
        """Whether it is a form of `??`."""
        return self.name in LAZY

    @property
    def signature(self) -> str:
        """Such as `truncate(text: string, size: int, ending: string = '…') -> string`."""
        named_only = next((each for each in self.parameters if each.named_only), None)
        variadic = any(each.variadic for each in self.parameters)
        pieces: list[str] = []
        for parameter in self.parameters:
            if parameter is named_only and not variadic:
                pieces.append("*")
            pieces.append(str(parameter))
        return f"{self.name}({', '.join(pieces)}) -> {self.result}"

    def argument(self, call: "Call", name: str) -> "Expression | None":
        """The argument that a call gives for the parameter of that name."""
        pairs = self.bind(call.arguments, dict(call.named))
        return next((each for parameter, each in pairs if parameter.name == name), None)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((each for each in self.parameters if each.name == name), None)

    def bound(self, context: Context) -> "Function":
        """The same function with another context."""
        return self if context == self.context else replace(self, context=context)

    # ------------------------------------------------------------------------------------------- calls

    @cached_property
    def _positional(self) -> tuple[Parameter, ...]:
        return tuple(each for each in self.parameters if not (each.named_only or each.variadic))

    @cached_property
    def _variadic(self) -> Parameter | None:
        return next((each for each in self.parameters if each.variadic), None)

    def _slots(self, count: int) -> Iterator[Parameter]:
        """The parameters of so many positional arguments, as far as there are any."""
        if self._variadic is None or count <= len(self._positional):
            return iter(self._positional[:count])
        return chain(self._positional, repeat(self._variadic, count - len(self._positional)))

    def bind(self, arguments: Sequence[T], named: Mapping[str, T]) -> list[tuple[Parameter, T]]:
        """Which parameter each argument is for, in the order of the parameters.

        Args:
            arguments: The positional ones, of any kind: values, or nodes of a call.
            named: The others.

        Raises:
            Fault: E206 for too many, unknown, repeated or missing arguments.
        """
        slots = list(self._slots(len(arguments)))
        if len(slots) < len(arguments):
            most = f"{len(slots)} argument{'' if len(slots) == 1 else 's'}"
            message = f"`{self.name}` takes at most {most} by position, not {len(arguments)}"
            raise Fault("E206", message, f"it is {self.signature}")
        pairs = list(zip(slots, arguments, strict=True))
        taken = {slot.name for slot, _ in pairs}
        for name, argument in named.items():
            parameter = self.parameter(name)
            if parameter is None or parameter.variadic:
                known = [each.name for each in self.parameters if not each.variadic]
                hint = nearest(name, known) or f"it is {self.signature}"
                raise Fault("E206", f"`{self.name}` has no parameter `{name}`", hint)
            if name in taken:
                raise Fault("E206", f"the argument `{name}` of `{self.name}` is given twice")
            pairs.append((parameter, argument))
            taken.add(name)
        for parameter in self.parameters:
            if parameter.required and parameter.name not in taken:
                hint = f"it is {self.signature}"
                raise Fault("E206", f"`{self.name}` lacks the argument `{parameter.name}`", hint)
        order = {each.name: position for position, each in enumerate(self.parameters)}
        return sorted(pairs, key=lambda pair: order[pair[0].name])

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function gives for these arguments.

        Raises:
            Fault: E206 when they do not fit the parameters, E410 when a value does not suit, E5xx when
                the result would exceed a limit, and whatever else the function says is wrong. No other
                exception comes out, whatever `call` raises.
        """
        return self.site(len(arguments), tuple(named))(*arguments, *named.values())

    def site(self, count: int, names: tuple[str, ...] = ()) -> Callable[..., Any]:
        """The function for one place it is called from, where the form of the call is known.

        Args:
            count: How many arguments are given by position.
            names: The names of the others.

        Returns:
            A callable that takes the values of all by position and does what calling the function does.

        Raises:
            Fault: E206 when the arguments do not fit the parameters.
        """
        bound = self.bind(range(count), {name: count + place for place, name in enumerate(names)})
        slots = [parameter for parameter, _ in sorted(bound, key=lambda pair: pair[1])]
        checks = [(parameter, parameter.type.classes) for parameter in slots]
        context = {} if self.context_parameter is None else {self.context_parameter: self.context}

        def run(*values: Any) -> Any:
            for (parameter, classes), value in zip(checks, values, strict=True):
                if (
                    classes is not None
                    and value.__class__ not in classes
                    and not parameter.type.accepts(value)
                ):
                    raise self.refused(parameter, value)
            if not names:
                return self._run(values, context)
            return self._run(values[:count], {**dict(zip(names, values[count:], strict=True)), **context})

        run.__name__ = run.__qualname__ = self.name
        return run

    def _run(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The result for arguments that suit; whatever goes wrong is a fault."""
        try:
            result = self.call(*arguments, **named)
        except ArgumentFault as fault:
            message = f"`{self.name}`: `{fault.parameter}` {fault.message}"
            raise ArgumentFault(fault.parameter, message, fault.hint, fault.code) from None
        except Fault:
            raise
        except Exception as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
            raise Fault("E410", f"`{self.name}` failed: {text}") from error
        return self.bounded(result)

    def refused(self, parameter: Parameter, argument: Any) -> ArgumentFault:
        """The fault of an argument whose type is not the parameter's."""
        message = f"`{self.name}`: `{parameter.name}` is {parameter.type}, not {described(argument)}"
        return ArgumentFault(parameter.name, message, refusal_hint(parameter.type, argument))

    def bounded(self, result: Any) -> Any:
        """The result, which must be a value of the language within the limits."""
        limits = self.context.limits
        kind = result.__class__
        if kind is str or kind is bytes:
            if len(result) > limits.string:
                raise too_long(limits)
        elif kind is int:
            if result.bit_length() > limits.digits * _BITS_PER_DIGIT:
                raise Fault("E505", f"an integer of more than {limits.digits:,} digits")
        elif kind is float:
            if not math.isfinite(result):
                raise Fault("E409", f"`{self.name}` gives a number out of range")
        elif kind not in _VALUES:
            raise Fault(
                "E410", f"`{self.name}` gave a value of type {kind.__name__}, which is no value of templates"
            )
        return result


def too_long(limits: Limits) -> Fault:
    """The fault of a string that would exceed its limit."""
    return Fault("E506", f"a string of more than {limits.string:,} characters")


def described(value: object) -> str:
    """A value in an error's words: its type, and a short scalar itself."""
    if value is None:
        return "null"
    if isinstance(value, str | bool | int | float):
        return f"the {type_name(value)} {shown(value)}"
    return of_type(type_name(value))


def refusal_hint(wanted: ValueType, value: Any) -> str | None:
    """What might have been meant by a value of the wrong type, or by none of the choices."""
    if wanted.choices and isinstance(value, str):
        return nearest(value, wanted.choices)
    return conversion_hint(wanted, type_name(value))


def conversion_hint(wanted: ValueType, given: str) -> str | None:
    """How to make what was given into what is wanted, where the language has a way."""
    if "string" in wanted.names and not wanted.choices and given in ("int", "float", "bool"):
        return "for its text write it in quotes: `'$path'`"
    if given == "string" and "float" in wanted.names:
        return "convert it: `… | float`"
    if given in ("string", "float") and "int" in wanted.names:
        return "convert it: `… | int`"
    if given == "string" and wanted.names in (("list",), ("object",)):
        return "if it is JSON, read it: `… | parse_json`"
    return None


def written(value: Any) -> str:
    """A default as a template would write it."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
