"""What operators do to types: which operands cannot be right, and which answers are known beforehand.

Each rule holds for every pair of values of the operands' types; where nothing holds for all, the answer
is simply a bool, a number, and so on. A rule gives None when no pair of values is allowed at all.
"""

from itertools import product
from typing import Any

from aktmpl import values
from aktmpl.errors import Fault
from aktmpl.schema import BOOL, FLOAT, INT, NEVER, NULL, NUMBER, STRING, Type, kind, one_of

_NUMBERS = frozenset({"int", "float"})
_TEXTLIKE = frozenset({"string", "int", "float", "bool"})
_TRUE, _FALSE = one_of([True]), one_of([False])


def equality(left: Type, right: Type, *, negated: bool = False) -> Type:
    """`left = right`, or `left != right` when negated."""
    known = _known_equality(left, right)
    return BOOL if known is None else _answer(known is not negated)


def _known_equality(left: Type, right: Type) -> bool | None:
    if not left.kinds or not right.kinds:
        return None
    if left.values is not None and right.values is not None:
        answers = {values.equal(a, b) for a, b in product(left.values, right.values)}
        return answers.pop() if len(answers) == 1 else None
    if left.kinds == right.kinds == NULL.kinds:
        return True
    return None if _may_be_equal(left, right) else False


def _may_be_equal(left: Type, right: Type) -> bool:
    if left.values is None and right.values is not None:
        left, right = right, left
    if left.values is not None:
        return any(_may_equal_value(right.kinds, value) for value in left.values)
    return any(_kinds_meet(a, b) for a, b in product(left.kinds, right.kinds))


def _kinds_meet(a: str, b: str) -> bool:
    return a == b or {a, b} == _NUMBERS or ("string" in (a, b) and {a, b} <= _TEXTLIKE)


def _may_equal_value(kinds: frozenset[str], value: Any) -> bool:
    """Whether some value of these kinds equals `value`."""
    if value is None:
        return "null" in kinds
    if isinstance(value, str):
        numeric = values.number_of(value) is not None and bool(kinds & _NUMBERS)
        return "string" in kinds or numeric or (value in ("true", "false") and "bool" in kinds)
    if "string" in kinds:
        return True
    return "bool" in kinds if isinstance(value, bool) else bool(kinds & _NUMBERS)


def ordering(operator: str, left: Type, right: Type) -> Type | None:
    """`left < right` and its kin."""
    pairs = list(product(left.kinds, right.kinds))
    if pairs and not any(_have_order(*pair) for pair in pairs):
        return None
    if left.values is None or right.values is None:
        return BOOL
    try:
        answers = {values.compare(operator, a, b) for a, b in product(left.values, right.values)}
    except Fault:
        return BOOL
    return _answer(answers.pop()) if len(answers) == 1 else BOOL


def _have_order(a: str, b: str) -> bool:
    ordered = _NUMBERS | {"string"}
    return a in ordered and b in ordered


def containment(left: Type, right: Type) -> Type | None:
    """`left contains right`."""
    if left.kinds and not left.kinds & {"list", "string", "object"}:
        return None
    textual = not left.kinds or "list" in left.kinds or bool(right.kinds & _TEXTLIKE)
    if right.kinds and not textual:
        return None
    if left.kinds == {"list"} and left.element.kinds and _known_equality(left.element, right) is False:
        return _FALSE
    return BOOL


def matching(left: Type, right: Type) -> Type | None:
    """`left ~= right`."""
    if (left.kinds and not left.kinds & _TEXTLIKE) or (right.kinds and "string" not in right.kinds):
        return None
    return BOOL


def arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """`left + right` and its kin."""
    if not left.kinds or not right.kinds:
        return NUMBER if operator != "+" else NUMBER | STRING
    result = NEVER
    if operator == "+" and "string" in left.kinds & right.kinds:
        result = STRING
    a, b = left.kinds & _NUMBERS, right.kinds & _NUMBERS
    if a and b:
        result |= _number(operator, a | b)
    return result if result.kinds else None


def _number(operator: str, kinds: frozenset[str]) -> Type:
    if kinds == {"int"}:
        return NUMBER if operator in "/^" else INT
    return FLOAT if kinds == {"float"} and operator != "^" else NUMBER


def negation(operand: Type) -> Type | None:
    """`-operand`."""
    if not operand.kinds:
        return NUMBER
    kinds = operand.kinds & _NUMBERS
    return kind(*kinds) if kinds else None


def inverse(operand: Type) -> Type:
    """`not operand`."""
    return BOOL if operand.values is None else one_of([not value for value in operand.values])


def junction(operator: str, operands: list[Type]) -> Type:
    """A run of `and` or of `or`."""
    decisive, other = (_FALSE, _TRUE) if operator == "and" else (_TRUE, _FALSE)
    if any(operand.values == decisive.values for operand in operands):
        return decisive
    return other if all(operand.values == other.values for operand in operands) else BOOL


def emptiness(operand: Type) -> bool | None:
    """`operand is empty`, if it is known."""
    if operand.values is not None:
        answers = {values.is_empty(value) for value in operand.values}
        return answers.pop() if len(answers) == 1 else None
    if operand.kinds == NULL.kinds:
        return True
    may_be = operand.kinds & {"null", "string", "bytes", "list", "object"}
    return None if may_be or not operand.kinds else False


def nullness(operand: Type) -> bool | None:
    """`operand is null`, if it is known."""
    if not operand.kinds or (operand.kinds != NULL.kinds and "null" in operand.kinds):
        return None
    return "null" in operand.kinds


def _answer(answer: bool) -> Type:  # noqa: FBT001 - the one thing it is about
    return _TRUE if answer else _FALSE
