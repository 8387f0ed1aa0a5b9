"""What people write who know another language, and how this one says it."""

import re
from typing import Final

OPERATOR_RUN: Final = re.compile(r"[=<>!~&|*:+/-]{1,4}|\+\+|//")
"""Characters that operators are made of, in a row."""

_OPERATORS = {
    "&": "write `&&` or `and`",
    "===": "write `=`",
    "!==": "write `!=`",
    "=~": "write `~=`",
    "!~": "write `!~=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    ":=": "write `=`: nothing is assigned here",
    "**": "write `^` for a power",
    "//": "write `floor(a / b)`",
    "++": "write `+`",
    "|||": "write `||` or `or`",
    "&&&": "write `&&` or `and`",
}
_WORDS = {
    "like": "write `~=` to search for a pattern, `contains` for a part",
    "matches": "write `~=`",
    "in": "write it the other way round: `list contains value`",
    "equals": "write `=`",
    "eq": "write `=`",
    "ne": "write `!=`",
    "gt": "write `>`",
    "ge": "write `>=`",
    "lt": "write `<`",
    "le": "write `<=`",
    "mod": "write `%`",
    "xor": "write `a != b`",
    "between": "write `a >= 1 and a <= 5`",
    "not": "write `not (a contains b)`, with `not` before the whole comparison",
    "if": "write `condition ? value : other value`",
    "then": "write `condition ? value : other value`",
    "else": "write `condition ? value : other value`",
    "none": "write `null`",
    "nil": "write `null`",
    "undefined": "write `null`, or test with `is defined`",
    "#": "`$#` stands before a path or a brace: `$#in.x`, `$#{in.x}`",
    "`": "write `'` or `\"` around a string",
}


def cure_of_operator(operator: str) -> str | None:
    """How an operator of another language is written here."""
    return _OPERATORS.get(operator)


def cure_of_word(word: str) -> str | None:
    """The same for a word or another character."""
    return _WORDS.get(word.lower())
