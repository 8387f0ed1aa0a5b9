"""What a page shows compared with what is printed now, without what differs from run to run."""

import re
from typing import Final

_VARYING: Final = (
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?", "<time>"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", "<time>"),
    (r"\b\d\d-\d\d \d\d:\d\d:\d\d\b", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
    (r"(?<![\w.])\d+(?:\.\d+)? ?(?:ms|µs|s|seconds?)\b", "<duration>"),
    (r'(?<="elapsed": )\d+(?:\.\d+)?', "<duration>"),
    (r"\b\d+/s, ETA \d+:\d\d(?::\d\d)?", "<rate>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{16,}\b", "<hex>"),
    (r"127\.0\.0\.1:[1-6]\d{4}\b", "<address>"),
    (r"[─━═]+", "─"),
    (r"(?<=\S)[ \t]{2,}", " "),
    (r"^ +(?=\S.*[┏┳┓]|[┡╇┩])", ""),
    (r"[ \t]+$", ""),
    (r"^(.+: )[\d,]+/[\d,]+ done .*\n(?=\1[\d,]+/[\d,]+ done )", ""),  # progress, on a slow machine
)
"""What differs each time, and widths, which follow from it."""
_ENDED: Final = re.compile(r"^\S*bash: line \d+: +\d+ (?:Terminated|Killed|Interrupt).*\n?", re.MULTILINE)
ANYTHING: Final = "…"
"""Alone on a line it stands for any lines; within one for any text."""


def steady(text: str) -> str:
    """The text without what differs from run to run."""
    text = _ENDED.sub("", text)
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.strip("\n")


def agrees(shown: str, printed: str) -> bool:
    """Whether the page's text is what is printed, as far as that is the same each time."""
    pattern = ""
    for line in steady(shown).split("\n"):
        if line.strip() == ANYTHING:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split(ANYTHING)) + "\n"
    return re.fullmatch(pattern, steady(printed) + "\n") is not None
