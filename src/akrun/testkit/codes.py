"""The registry of the codes of faults in test files; a number is never used for anything else again."""

from typing import Final

KEY_MISSING: Final = "C801"
KEY_UNKNOWN: Final = "C802"
WRONG_TYPE: Final = "C803"
WRONG_VALUE: Final = "C804"
CASE: Final = "C805"
MATCHER: Final = "C806"
REFERENCE: Final = "C807"

CODES: Final[dict[str, str]] = {
    KEY_MISSING: "A required key is missing in a test file.",
    KEY_UNKNOWN: "A key that means nothing at this place of a test file.",
    WRONG_TYPE: "A value of a test file has the wrong type.",
    WRONG_VALUE: "A value of a test file is none that is allowed here.",
    CASE: "A case enters nothing, enters two things at once, expects nothing, or has another one's name.",
    MATCHER: "A matcher or a JSON path that cannot be used.",
    REFERENCE: "A test file names a file, profile, pipe or operation that is not there.",
}
"""What each code means, in one sentence."""
