"""What values mean: text form, equality, order, membership, arithmetic.

The interpreter and the compiled closures share these functions, so that they cannot disagree. They raise
`Fault`, an error without a place; nothing else. Those whose cost or result depends on the limits take them
as their last argument, which is the environment's; without it the default limits hold.
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from aktmpl.errors import Fault, cut, described, type_name
from aktmpl.limits import Limits

_DEFAULTS = Limits()
_NUMERIC = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_LONGEST_NUMBER = 400
"""A longer string of digits is an identifier, not a number."""

# -------------------------------------------------------------------------------------------- text form


def text_form(value: Any, limits: Limits = _DEFAULTS) -> str:
    """The text that `$path` inserts.

    A string as it is, null as nothing, `true` and `false`, an integer in decimal, a float as JavaScript
    prints it, a list or object as compact JSON, bytes as UTF-8.

    Raises:
        Fault: E406 for bytes that are not UTF-8 and for values outside the data model, E505, E502.
    """
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    kind = value.__class__
    if kind is int and -SHORT < value < SHORT:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    form = _TEXT_FORMS.get(kind)
    if form is not None:
        return form(value, limits)
    for kind, form in _TEXT_FORMS.items():
        if isinstance(value, kind):
            return form(value, limits)
    raise Fault("E406", f"a value of type {type_name(value)} has no text form")


def _int_text(value: int, limits: Limits) -> str:
    try:
        return int.__repr__(check_number(value, limits))
    except ValueError:  # the host has set a bound of its own, by `sys.set_int_max_str_digits`
        raise too_many_digits(limits) from None


def _float_text(value: float, _: Limits) -> str:
    """ECMAScript's Number::toString: shortest digits that round-trip, exponents from 1e21 and below 1e-6."""
    if not math.isfinite(value):
        raise Fault("E406", f"{value!r} is no JSON number and has no text form")
    if value == 0:
        return "0"
    text = float.__repr__(value)
    if "e" not in text:  # where Python writes no exponent, neither does JavaScript
        return text.removesuffix(".0")
    sign, digits, exponent = _decimal(value)
    point = len(digits) + exponent
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return sign + text


def _decimal(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits without trailing zeros, and the power of ten they are multiplied by."""
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(stripped)
    return "-" if value < 0 else "", stripped, power


def _bytes_text(value: bytes, _: Limits) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = "encode them, for example with base64"
        raise Fault("E406", f"bytes that are not UTF-8 (at byte {error.start})", hint) from None


def _json_text(value: Any, limits: Limits) -> str:
    from aktmpl.json_form import to_json  # noqa: PLC0415 - its encoder is not light, and most texts do without

    return to_json(value, limits).decode("utf-8")


_TEXT_FORMS: dict[type, Callable[[Any, Limits], str]] = {
    str: lambda value, _: str.__str__(value),
    type(None): lambda *_: "",
    bool: lambda value, _: "true" if value else "false",
    int: _int_text,
    float: _float_text,
    bytes: _bytes_text,
    list: _json_text,
    dict: _json_text,
}


def check_depth(value: Any, limit: int = _DEFAULTS.depth) -> None:
    """Refuse values nested deeper than `limit` (E502), without recursion; cycles are refused too."""
    level = [value]
    depth = 0
    while level:
        inner = {  # each one once, for a cycle may meet itself twice on every level
            id(child): child
            for item in level
            if isinstance(item, list | dict)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, list | dict)
        }
        level = list(inner.values())
        depth += 1
        if level and depth >= limit:
            raise Fault("E502", f"a value nested more than {limit} deep")


# ---------------------------------------------------------------------------------- equality and order


def number_of(text: str) -> int | float | None:
    """The number that a string is, or None. Digits, sign, fraction, exponent; no blanks, no `+`."""
    if len(text) > _LONGEST_NUMBER or not _NUMERIC.match(text):
        return None
    try:
        return int(text)
    except ValueError:
        return float(text)


def equal(left: Any, right: Any, limits: Limits = _DEFAULTS) -> bool:
    """`left = right`, made for data that arrives as text.

    Values of one type compare by value, lists and objects deeply; int and float as numbers; a number and
    a string as numbers if the string is one; a bool and the strings `true` and `false` as bools.
    """
    a, b = left.__class__, right.__class__
    if a is b:
        return left == right if a not in _COLLECTIONS else _equal_deeply(left, right, limits.depth)
    if a is str:
        return _equal_to_text(right, left)
    if b is str:
        return _equal_to_text(left, right)
    if a in _NUMBERS and b in _NUMBERS:
        return bool(left == right)
    return False


_NUMBERS = (int, float)
_COLLECTIONS = (list, dict)


def _equal_to_text(value: Any, text: str) -> bool:
    if value.__class__ is bool:
        return text == ("true" if value else "false")
    if value.__class__ in _NUMBERS:
        return number_of(text) == value
    return False


def _equal_deeply(left: Any, right: Any, depth: int) -> bool:
    """Pair by pair without recursion; `depth` levels at most."""
    pairs = [(left, right, depth)]
    while pairs:
        left, right, depth = pairs.pop()
        if left.__class__ is not right.__class__ or left.__class__ not in _COLLECTIONS:
            if not equal(left, right):
                return False
            continue
        if depth == 0:
            raise Fault("E502", "values nested too deep to be compared")
        if len(left) != len(right):
            return False
        if left.__class__ is list:
            pairs.extend((a, b, depth - 1) for a, b in zip(left, right, strict=True))
        elif left.keys() != right.keys():  # type: ignore[union-attr]  # both are objects: they are not lists
            return False
        else:
            pairs.extend((left[key], right[key], depth - 1) for key in left)
    return True


def compare(operator: str, left: Any, right: Any) -> bool:
    """`left < right` and its kin; raises E401 for values that have no order."""
    a, b = left.__class__, right.__class__
    if a is str and b in _NUMBERS:
        left = number_of(left)
    elif b is str and a in _NUMBERS:
        right = number_of(right)
    elif not ((a is str and b is str) or (a in _NUMBERS and b in _NUMBERS)):
        hint = "for what may be null write `(x ?? 0)`" if left is None or right is None else None
        raise Fault("E401", f"{described(left)} and {described(right)} have no order", hint)
    if left is None or right is None:
        return False
    return _ORDER[operator](left, right)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def contains(left: Any, right: Any, limits: Limits = _DEFAULTS) -> bool:
    """`left contains right`: an element of a list, a substring of a string, a key of an object."""
    if left.__class__ is list:
        return any(equal(item, right, limits) for item in left)
    if left.__class__ is str or left.__class__ is dict:
        return _scalar_text(right, "contains", limits) in left
    raise Fault("E403", f"{described(left)} contains nothing: a list, a string or an object can")


def matches(left: Any, pattern: Any, limits: Limits = _DEFAULTS) -> bool:
    """`left ~= pattern`: whether RE2 finds the pattern anywhere in the text."""
    text = _scalar_text(left, "~=", limits)
    if pattern.__class__ is not str:
        raise Fault("E403", f"a pattern is a string, not {described(pattern)}")
    try:
        return regex(pattern).search(text) is not None
    except UnicodeEncodeError:
        raise Fault("E406", "half a surrogate pair is no text") from None


@lru_cache(maxsize=512)
def regex(pattern: str) -> Any:
    """The compiled RE2 pattern; raises E204."""
    import re2  # noqa: PLC0415 - most templates have no pattern, and the library is not light

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as fault:
        detail = fault.args[0].decode() if isinstance(fault.args[0], bytes) else str(fault.args[0])
        hint = "RE2 has no look-around and no back-references"
        raise Fault("E204", f"the pattern is not valid: {cut(detail)}", hint) from None


def _scalar_text(value: Any, operator: str, limits: Limits) -> str:
    if value.__class__ is str:
        return value
    if value.__class__ in (int, float, bool):
        return text_form(value, limits)
    raise Fault("E403", f"`{operator}` takes text, not {described(value)}")


def is_empty(value: Any) -> bool:
    """`value is empty`: null, an empty string, list, object, or no bytes."""
    return value is None or (value.__class__ in (str, list, dict, bytes) and len(value) == 0)


def require_bool(value: Any) -> bool:
    """The value, which must be a bool; raises E402."""
    if value is True or value is False:
        return value
    hint = "compare it: `= true`, `is not null`, `is not empty`"
    raise Fault("E402", f"a condition is a bool, not {described(value)}", hint)


# ------------------------------------------------------------------------------------------- arithmetic


def add(left: Any, right: Any, limits: Limits = _DEFAULTS) -> Any:
    """`left + right`: two numbers, or two strings joined."""
    if left.__class__ is str and right.__class__ is str:
        if len(left) + len(right) > limits.string:
            raise Fault("E506", f"a string of more than {limits.string:,} characters")
        return left + right
    return arithmetic("+", left, right, limits)


def arithmetic(operator: str, left: Any, right: Any, limits: Limits = _DEFAULTS) -> Any:
    """`left operator right` for two numbers; raises E403, E408, E409, E505."""
    if left.__class__ not in _NUMBERS or right.__class__ not in _NUMBERS:
        hint = None
        if str in (left.__class__, right.__class__):
            hint = "`int(x)` and `float(x)` make a number of text"
            hint = "to join them as text write `'$a$b'`" if operator == "+" else hint
        raise Fault("E403", f"`{operator}` takes numbers, not {described(left)} and {described(right)}", hint)
    try:
        # The operands too, for they may come from the data: dividing huge integers takes minutes.
        operands = check_number(left, limits), check_number(right, limits)
        if operator == "^":
            return check_number(_power(*operands, limits), limits)
        return check_number(_ARITHMETIC[operator](*operands), limits)
    except ZeroDivisionError:
        raise Fault("E408", "division by zero") from None
    except OverflowError:
        raise Fault("E409", "a number out of range") from None


def _divide(left: Any, right: Any) -> Any:
    """An integer when two integers divide evenly, else a float."""
    if left.__class__ is int and right.__class__ is int and left % right == 0:
        return left // right
    return left / right


def _power(base: Any, exponent: Any, limits: Limits) -> Any:
    if base.__class__ is int and exponent.__class__ is int and exponent >= 0:
        if (abs(base).bit_length() - 1) * exponent > limits.digits * _BITS_PER_DIGIT:
            raise too_many_digits(limits)
        return base**exponent
    if base < 0 and exponent.__class__ is float and not exponent.is_integer():
        raise Fault("E409", "a fractional power of a negative number is no number")
    return base**exponent


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": lambda a, b: a % b,
}

_BITS_PER_DIGIT = math.log2(10)
SHORT = 10**18
"""No limit forbids integers below."""


def check_number(value: Any, limits: Limits = _DEFAULTS) -> Any:
    """The number, which must be finite (E409) and not too long (E505)."""
    if value.__class__ is float:
        if not math.isfinite(value):
            raise Fault("E409", "a number out of range")
    elif not -SHORT < value < SHORT and abs(value) >= _first_too_long(limits.digits):
        raise too_many_digits(limits)
    return value


@lru_cache(maxsize=8)
def _first_too_long(digits: int) -> int:
    power: int = 10**digits
    return power


def too_many_digits(limits: Limits) -> Fault:
    """The fault of an integer that is too long."""
    return Fault("E505", f"an integer of more than {limits.digits:,} digits")


def negate(value: Any) -> Any:
    """`-value`."""
    if value.__class__ not in _NUMBERS:
        raise Fault("E403", f"`-` takes a number, not {described(value)}")
    return -value
