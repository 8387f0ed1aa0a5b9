"""The registry of error codes: each number has one meaning for ever and is never reused."""

from types import MappingProxyType
from typing import Final

CODES: Final = MappingProxyType(
    {
        # E1xx: the text is not a template
        "E101": "unexpected character or token",
        "E102": "unfinished reference or expression: a closing brace, bracket or parenthesis is missing",
        "E103": "unterminated string literal",
        "E104": "`$#` combined with other text",
        "E105": "`$$` outside an object key, or an expansion key that is not of the form `$$path[name]`",
        "E106": "half a surrogate pair, which is no character",
        "E107": "comparison operators in a row",
        "E108": "not a JSON value: a document template holds something else",
        "E109": "SQL that is not one whole statement",
        # E2xx: the template cannot be right for any data
        "E201": "unknown root",
        "E202": "unknown field",
        "E203": "`item` or `index` outside an expansion",
        "E204": "invalid regular expression",
        "E205": "unknown function",
        "E206": "wrong arguments of a function",
        "E207": "a definite type error",
        "E208": "two keys of an object are the same",
        "E209": "`$#` in an object key: a key is always text",
        "E210": "a reference in SQL that cannot be a parameter",
        # E3xx: the data lacks something the template reads
        "E301": "missing field",
        "E302": "index outside the list",
        "E303": "a segment on a value that has none",
        "E304": "missing root",
        # E4xx: values of the wrong type
        "E401": "values that cannot be ordered",
        "E402": "a condition that is not a bool",
        "E403": "an operand of the wrong type",
        "E404": "an expansion over a value that is no list",
        "E405": "two keys rendered to the same name",
        "E406": "a value that cannot be inserted as text",
        "E407": "a value that cannot be written as JSON",
        "E408": "division by zero",
        "E409": "a number out of range",
        "E410": "wrong argument of a function",
        "E411": "a library that a function needs is not installed",
        # E5xx: limits
        "E501": "template too large",
        "E502": "nesting too deep",
        "E503": "path too long",
        "E504": "output too large",
        "E505": "a number with too many digits",
        "E506": "string made by one operation too large",
        "E507": "expansions that go on too long",
        "E508": "too little of the host program's stack left",
    }
)
"""What each code means, in one line. The class of an error follows from the code's hundred."""

WARNINGS: Final = MappingProxyType(
    {
        "W201": "a condition whose answer is always the same",
        "W202": "a field that may be missing, read without a default",
        "W203": "a list or an object inserted as text",
        "W204": "an expansion whose pattern never reads the element",
        "W205": "a default or a test for what is never there",
    }
)
"""What each warning of the checks against a schema means; a warning never stops a template."""
