"""The limits within which templates are compiled and rendered; each breach is an E5xx error."""

import sys
from dataclasses import dataclass, fields
from typing import Final

MOST_SEGMENTS: Final = 1_000
"""No environment allows longer paths: the parser's work grows with their square."""

MOST_DIGITS: Final = 4_300
"""No environment allows longer integers: Python prints none."""

_RANGES: Final = {"depth": (1, 100), "segments": (1, MOST_SEGMENTS), "digits": (20, MOST_DIGITS)}
"""What Python's own stack and integers bear, and what 64-bit integers need, whatever a host would like."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a template may cost.

    Attributes:
        template: Longest template, in characters of a text or of all strings of a document.
        depth: Deepest nesting of expressions, of documents and of values written as text or JSON; at most
            100.
        segments: Longest path; at most 1,000.
        output: Longest result, in characters of text or bytes of JSON.
        steps: Most nodes that the expansions of one rendering go through: each element counts as many as
            the pattern has.
        string: Longest string that one operation may make, in characters.
        digits: Longest integer, in decimal digits; from 20 to 4,300, the most that Python itself prints.

    Raises:
        ValueError: For a limit that is not positive, or outside what is said here.
    """

    template: int = 256 * 1024
    depth: int = 64
    segments: int = 32
    output: int = 16 * 1024 * 1024
    steps: int = 1_000_000
    string: int = 1024 * 1024
    digits: int = 4_000

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            least, most = _RANGES.get(each.name, (1, sys.maxsize))
            if not least <= value <= most:
                raise ValueError(f"the limit `{each.name}` is from {least:,} to {most:,}, not {value:,}")
