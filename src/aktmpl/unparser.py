"""Nodes to text: a template that parses to the same nodes."""

import re

from aktmpl.errors import within_stack
from aktmpl.nodes import (
    Access,
    AnyNodes,
    Arithmetic,
    Array,
    Call,
    Compare,
    Condition,
    Conditional,
    Constant,
    Default,
    Document,
    Entry,
    Expansion,
    Expression,
    Index,
    Insert,
    Interpolation,
    Json,
    Key,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    Object,
    ObjectDisplay,
    Power,
    Reference,
    Segment,
    Template,
    Test,
    Text,
    Typed,
)
from aktmpl.values import text_form

# Levels of the precedence table, low to high; an operand of a lower level needs parentheses.
FILTER, CONDITIONAL, DEFAULT, OR, AND, NOT, COMPARISON, SUM, PRODUCT, POWER, UNARY, POSTFIX = range(12)

_BEFORE_DOLLAR = re.compile(r"(\\*)\$")
_WORD = re.compile(r"\w+\Z")


@within_stack
def unparse(nodes: AnyNodes) -> Json:
    """The source of a tree: a string for a template or query, a JSON value for a document.

    Parsing it gives equal nodes. References come out in the delimited form where they need it.
    """
    if isinstance(nodes, Template):
        return _template(nodes)
    if isinstance(nodes, Condition):
        return _expression(nodes.expression, FILTER)
    return _document(nodes)


def _document(node: Document) -> Json:
    match node:
        case Constant(value=value):
            return _escaped_json(value)
        case Template():
            return _template(node)
        case Array(items=items):
            return [_document(item) for item in items]
        case Object(entries=entries):
            return dict(map(_member, entries))


def _escaped_json(value: Json) -> Json:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_escaped_json(item) for item in value]
    if isinstance(value, dict):
        return {_text(key): _escaped_json(item) for key, item in value.items()}
    return value


def _member(node: Entry | Expansion) -> tuple[str, Json]:
    prefix = "$?" if node.optional else ""
    if isinstance(node, Entry):
        return prefix + _template(node.key), _document(node.value)
    pattern = [_document(item) for item in node.pattern]
    return f"{prefix}$${{{_expression(node.over, FILTER)}}}[{node.name}]", pattern


def _template(node: Template) -> str:
    texts = [_part(part) for part in node.parts]
    for position, text in enumerate(texts[:-1]):
        if isinstance(node.parts[position], Text):  # backslashes before the next part's dollar sign
            texts[position] = text + "\\" * (len(text) - len(text.rstrip("\\")))
    return "".join(texts)


def _part(node: Text | Insert | Typed) -> str:
    if isinstance(node, Text):
        return _text(node.value)
    sign = "$#" if isinstance(node, Typed) else "$"
    return f"{sign}{{{_expression(node.expression, FILTER)}}}"


def _text(value: str) -> str:
    """Text with its dollar signs escaped, and the backslashes before them doubled."""
    return _BEFORE_DOLLAR.sub(lambda match: match[1] * 2 + "\\$", value)


# ------------------------------------------------------------------------------------------ expressions


def _expression(node: Expression, least: int) -> str:
    """A node's text, in parentheses if it binds looser than `least`."""
    level, text = _form(node)
    return f"({text})" if level < least else text


def _form(node: Expression) -> tuple[int, str]:
    """A node's level and text."""
    match node:
        case Literal(value=value):
            return _literal(value)
        case Interpolation(parts=parts):
            return POSTFIX, f"'{''.join(map(_string_part, parts))}'"
        case ListDisplay(items=items):
            return POSTFIX, f"[{', '.join(_expression(item, FILTER) for item in items)}]"
        case ObjectDisplay(entries=entries):
            pairs = [f"{_expression(key, POSTFIX)}: {_expression(value, FILTER)}" for key, value in entries]
            return POSTFIX, f"{{{', '.join(pairs)}}}"
        case Reference(root=root, segments=segments):
            sign = "$" if _KEYWORD.match(root) else ""
            return POSTFIX, sign + root + _segments(segments)
        case Access(target=target, segments=segments):
            return POSTFIX, _expression(target, POSTFIX) + _segments(segments)
        case Call():
            return _call(node)
        case Negative(operand=operand):
            return UNARY, f"-{_expression(operand, UNARY)}"
        case Not(operand=operand):
            return NOT, f"not {_expression(operand, NOT)}"
        case Logic(operator=operator, operands=operands):
            level = OR if operator == "or" else AND
            return level, f" {operator} ".join(_expression(operand, level + 1) for operand in operands)
        case Compare(operator=operator, left=left, right=right):
            return COMPARISON, f"{_expression(left, SUM)} {operator} {_expression(right, SUM)}"
        case Test(test=test, negated=negated, operand=operand):
            return COMPARISON, f"{_expression(operand, SUM)} is {'not ' if negated else ''}{test}"
        case Arithmetic(first=first, rest=rest):
            level = SUM if rest[0][0] in "+-" else PRODUCT
            tail = "".join(f" {operator} {_expression(operand, level + 1)}" for operator, operand in rest)
            return level, _expression(first, level + 1) + tail
        case Power(base=base, exponent=exponent):
            return POWER, f"{_expression(base, UNARY)} ^ {_expression(exponent, POWER)}"
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            branches = f"{_expression(then, FILTER)} : {_expression(otherwise, CONDITIONAL)}"
            return CONDITIONAL, f"{_expression(condition, DEFAULT)} ? {branches}"
        case Default(operands=operands):
            return DEFAULT, " ?? ".join(_expression(operand, OR) for operand in operands)


def _literal(value: Json) -> tuple[int, str]:
    if isinstance(value, str):
        return POSTFIX, f"'{_string(value)}'"
    if value is None or isinstance(value, bool):
        return POSTFIX, {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return UNARY, repr(value)
    if isinstance(value, list):
        return POSTFIX, f"[{', '.join(_literal(item)[1] for item in value)}]"
    if isinstance(value, dict):
        pairs = [f"'{_string(key)}': {_literal(item)[1]}" for key, item in value.items()]
        return POSTFIX, f"{{{', '.join(pairs)}}}"
    return POSTFIX, f"'{_string(text_form(value))}'"


def _string(value: str) -> str:
    return value.translate(_STRING_ESCAPES)


def _string_part(node: Text | Insert) -> str:
    if isinstance(node, Text):
        return _string(node.value)
    return "$" + _expression(node.expression, POSTFIX).lstrip("$")


def _segments(segments: tuple[Segment, ...]) -> str:
    return "".join(map(_segment, segments))


def _segment(node: Segment) -> str:
    if isinstance(node, Key):
        name = node.name if _WORD.match(node.name) else f"'{_string(node.name)}'"
        return f"{'?' if node.optional else ''}.{name}"
    if isinstance(node, Index):
        return f"{'?' if node.optional else ''}.%{node.index}"
    return f"[{_expression(node.expression, FILTER)}]"


def _call(node: Call) -> tuple[int, str]:
    arguments = [_argument(argument) for argument in node.arguments[1 if node.piped else 0 :]]
    arguments += [f"{name}={_expression(value, FILTER)}" for name, value in node.named]
    if not node.piped:
        return POSTFIX, f"{node.name}({', '.join(arguments)})"
    call = f"{node.name}({', '.join(arguments)})" if arguments else node.name
    return FILTER, f"{_expression(node.arguments[0], FILTER)} | {call}"


def _argument(node: Expression) -> str:
    """An argument; `name = value` would name it, so such a comparison stands in parentheses."""
    text = _expression(node, FILTER)
    return f"({text})" if _NAMED.match(text) else text


_KEYWORD = re.compile(r"(?:true|false|null|not)\Z", re.IGNORECASE)
_NAMED = re.compile(r"\w+ = ")
_STRING_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "$": "\\$", "\n": "\\n", "\t": "\\t"})
