"""The limits within which templates are compiled and rendered; each breach is an E5xx error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a template may cost.

    Attributes:
        template: Longest template, in characters of a text or of a document's JSON.
        depth: Deepest nesting of expressions, of documents and of values written as JSON.
        segments: Longest path.
        output: Longest result, in characters of text or bytes of JSON.
        string: Longest string that one operation may make, in characters.
        digits: Longest integer, in decimal digits.
    """

    template: int = 256 * 1024
    depth: int = 64
    segments: int = 32
    output: int = 16 * 1024 * 1024
    string: int = 1024 * 1024
    digits: int = 4_000
