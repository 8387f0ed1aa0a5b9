"""What a person did who wrote something that is not JSON: the message and the cure for each slip."""

import re

from akrun.model import codes
from akrun.model.positions import BrokenTextError, Trouble
from aktmpl.source import Span

_WORD = re.compile(r"[^\W\d][\w$-]*")
_NUMBER_LIKE = re.compile(r"[+\-]?[\w.+\-]+")
_SINGLE_QUOTED = re.compile(r"'[^'\n]*'?")
_TYPOGRAPHIC = "\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"
_OTHER_LANGUAGES = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "None": "null", "NULL": "null",
    "Null": "null", "nil": "null", "undefined": "null",
}  # fmt: skip
_NO_NUMBERS = {"NaN", "nan", "Infinity", "inf"}


def no_value(text: str, at: int) -> BrokenTextError:
    """Where a value should start, none does."""
    first = text[at : at + 1]
    if not first:
        return _fault("the file ends where a value is expected", at, at)
    if (common := _common_slip(text, at, "text")) is not None:
        return common
    if first in ",}]":
        return _fault(f"a value is missing before `{first}`", at, at + 1)
    if first in "+-." or first.isdigit():
        return bad_number(text, at)
    word = _WORD.match(text, at)
    if word is None:
        return _fault(f"no value starts with `{first}`", at, at + 1)
    if word.group() in _NO_NUMBERS:
        return _fault(
            f"JSON has no `{word.group()}`", at, word.end(), "use a number, or null", codes.NUMBER_RANGE
        )
    right = _OTHER_LANGUAGES.get(word.group())
    hint = f"write {right}" if right else f'text stands in double quotes: "{word.group()[:40]}"'
    return _fault(f"`{word.group()[:40]}` is no JSON value", at, word.end(), hint)


def no_key(text: str, at: int, opened: int) -> BrokenTextError:
    """Where a key should start, none does."""
    first = text[at : at + 1]
    if not first:
        return _unclosed(text, opened)
    if (common := _common_slip(text, at, "keys")) is not None:
        return common
    if (word := _WORD.match(text, at)) is not None:
        return _fault("a key without quotes", at, word.end(), f'write "{word.group()[:40]}"')
    if first == ",":
        return _fault("one comma too many", at, at + 1, "remove it")
    return _fault(f"a key in double quotes is expected, not `{first}`", at, at + 1)


def no_colon(text: str, at: int, key: Span) -> BrokenTextError:
    """A key is not followed by a colon."""
    if text[at : at + 1] == "=":
        return _fault("`=` after a key", at, at + 1, "write `:`")
    if (common := _comment(text, at)) is not None:
        return common
    return _fault("a colon is missing after the key", key.end, key.end + 1)


def no_comma(text: str, before: int, at: int, opened: int) -> BrokenTextError:
    """An item is followed by neither a comma nor the end of its collection; `before` is the item's end."""
    found = text[at : at + 1]
    if not found:
        return _unclosed(text, opened)
    if (comment := _comment(text, at)) is not None:
        return comment
    if found in "]}":
        line = text.count("\n", 0, opened) + 1
        kind, closer = ("object", "}") if text[opened] == "{" else ("list", "]")
        return _fault(
            f"`{found}` where the {kind} of line {line} is still open",
            at,
            at + 1,
            f"close it with `{closer}`",
        )
    if found == ":":
        return _fault("a colon inside a list", at, at + 1, "keys stand in an object: { … }")
    if found == "=":
        return _fault("`=` is not JSON", at, at + 1)
    return _fault("a comma is missing here", before, before + 1)


def trailing_comma(comma: int, closer: str) -> BrokenTextError:
    """The last item of a collection is followed by a comma."""
    return _fault(f"a comma before the closing `{closer}`", comma, comma + 1, "remove the comma")


def after_the_end(text: str, at: int) -> BrokenTextError:
    """Something follows the document."""
    if (comment := _comment(text, at)) is not None:
        return comment
    found = text[at]
    if found in "}]":
        return _fault(f"a closing `{found}` too many", at, at + 1, "remove it")
    return _fault("the document has ended before this", at, at + 1, "a file holds one JSON value")


def bad_number(text: str, at: int) -> BrokenTextError:
    """Something that starts like a number and is none."""
    match = _NUMBER_LIKE.match(text, at)
    literal = match.group() if match else text[at]
    digits = literal.lstrip("+-")
    hint = None
    if literal.startswith("+"):
        hint = "leave out the `+`; if it is a phone number, put it in double quotes"
    elif digits[:1] == "0" and digits[1:2].isdigit():
        hint = "a number has no leading zero; if the zero matters, put it in double quotes"
    elif digits.startswith(".") or digits.endswith("."):
        hint = "a decimal point stands between digits"
    return _fault(f"`{literal[:40]}` is no number", at, at + len(literal), hint)


def bad_text(text: str, start: int, at: int) -> BrokenTextError:
    """A string, opened at `start`, meets the file's end or a control character at `at`."""
    if at >= len(text) or text[at] in "\r\n":
        return _fault(
            "the text has no closing quote on its line", start, at, "close it; a line break in a text is \\n"
        )
    name = "a tab" if text[at] == "\t" else f"the control character U+{ord(text[at]):04X}"
    escape = "\\t" if text[at] == "\t" else f"\\u{ord(text[at]):04x}"
    return _fault(f"{name} inside a text", at, at + 1, f"write {escape}")


def bad_escape(text: str, start: int, at: int) -> BrokenTextError:
    """A backslash that starts no escape of JSON."""
    letter = text[at + 1 : at + 2]
    if not letter or letter in "\r\n":
        return bad_text(text, start, min(at + 1, len(text)))
    if letter == "u":
        return _fault("\\u needs four hexadecimal digits", at, min(at + 6, len(text)))
    hint = (
        "in JSON the template's \\$ is written \\\\$"
        if letter == "$"
        else "a backslash itself is written \\\\"
    )
    return _fault(f"`\\{letter}` is no escape of JSON", at, at + 2, hint)


def _common_slip(text: str, at: int, what: str) -> BrokenTextError | None:
    if text[at] == "'":
        match = _SINGLE_QUOTED.match(text, at)
        end = match.end() if match else at + 1
        inner = text[at + 1 : end].rstrip("'")[:40]
        return _fault(f"{what} in single quotes", at, end, f'write "{inner}"')
    if text[at] in _TYPOGRAPHIC:
        return _fault(f"the typographic quote {text[at]}", at, at + 1, 'write the straight quote "')
    return _comment(text, at)


def _comment(text: str, at: int) -> BrokenTextError | None:
    if text[at : at + 1] == "#" or text[at : at + 2] in ("//", "/*"):
        end = text.find("\n", at)
        hint = "remove it, or write the file as YAML, where # starts a comment"
        return _fault("JSON has no comments", at, end if end >= 0 else len(text), hint)
    return None


def _unclosed(text: str, opened: int) -> BrokenTextError:
    kind, closer = ("object", "}") if text[opened] == "{" else ("list", "]")
    return _fault(f"this {kind} is never closed", opened, opened + 1, f"add the closing `{closer}`")


def _fault(
    message: str, start: int, end: int, hint: str | None = None, code: str = codes.SYNTAX
) -> BrokenTextError:
    return BrokenTextError(Trouble(code, message, Span(start, end), hint))
