"""Templates that cannot fail, whatever the data is, as long as it fits the schema."""

from aktmpl.infer_paths import Absence, step
from aktmpl.nodes import (
    AnyNodes,
    Array,
    Compare,
    Computed,
    Condition,
    Constant,
    Document,
    Entry,
    Expression,
    Insert,
    Interpolation,
    Literal,
    Logic,
    Not,
    Object,
    Reference,
    Template,
    Test,
    Text,
    Typed,
)
from aktmpl.schema import Schema

_WRITABLE = frozenset({"null", "bool", "int", "string"})
"""Kinds whose values have a text form and a JSON form, however large they are."""


def cannot_fail(nodes: AnyNodes, schema: Schema) -> bool:
    """Whether rendering surely succeeds, but for limits; False where that takes more than a look."""
    match nodes:
        case Constant():
            return True
        case Template(parts=parts):
            return all(_part(part, schema) for part in parts)
        case Condition(expression=expression):
            return _condition(expression, schema)
        case Array(items=items):
            return all(cannot_fail(item, schema) for item in items)
        case Object(entries=entries):
            return all(isinstance(entry, Entry) and _entry(entry, schema) for entry in entries)


def _entry(entry: Entry, schema: Schema) -> bool:
    value: Document = entry.value
    return entry.key.constant is not None and cannot_fail(value, schema)


def _part(part: Text | Insert | Typed, schema: Schema) -> bool:
    return isinstance(part, Text) or _scalar(part.expression, schema)


def _scalar(node: Expression, schema: Schema) -> bool:
    """Whether an expression surely gives a scalar that can be written."""
    match node:
        case Literal(value=value):
            return not isinstance(value, float | bytes | list | dict)
        case Interpolation(parts=parts):
            return all(_part(part, schema) for part in parts)
        case Reference():
            return _leads_somewhere(node, schema)
        case _:
            return False


def _leads_somewhere(node: Reference, schema: Schema) -> bool:
    known = schema.scope.fields.get(node.root)
    if known is None or known.optional or not node.segments:
        return False
    here = known.type
    for segment in node.segments:
        if isinstance(segment, Computed):
            return False
        reached = step(here, segment)
        if reached.absence is not Absence.NEVER:
            return False
        here = reached.type
    return bool(here.kinds) and here.kinds <= _WRITABLE


def _condition(node: Expression, schema: Schema) -> bool:
    match node:
        case Literal(value=value):
            return isinstance(value, bool)
        case Test(operand=Reference(segments=segments)):
            return not any(isinstance(each, Computed) for each in segments)
        case Compare(operator="=" | "!=", left=left, right=right):
            return _scalar(left, schema) and _scalar(right, schema)
        case Not(operand=operand):
            return _condition(operand, schema)
        case Logic(operands=operands):
            return all(_condition(operand, schema) for operand in operands)
        case _:
            return False
