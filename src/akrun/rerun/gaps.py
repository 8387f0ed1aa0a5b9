"""What a stored value lost: secrets that were masked, texts that were cut, bytes that are no text."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from akrun.engine.secrets import MASK

_CUT: Final = re.compile(r"… \([\d,]+ characters\)")
_LEFT_OUT: Final = re.compile(r"<\d+ bytes>|… [\d,]+ more")


def gaps(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Places in a value as `akrun.engine.shown` shows it: the path, and `masked`, `cut` or `left out`."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            inner = f"{path}.{key}" if path else str(key)
            if key == "…":
                yield path, "left out"
            elif what := gap_in(str(key)):
                yield inner, what
            else:
                yield from gaps(each, inner)
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from gaps(each, f"{path}.{index}" if path else str(index))
    elif isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        if what := gap_in(text):
            yield path, what


def gap_in(text: str) -> str | None:
    """What a text lost: `masked`, `cut`, `left out`; None where it is whole."""
    if MASK in text:
        return "masked"
    if _CUT.search(text):
        return "cut"
    return "left out" if _LEFT_OUT.fullmatch(text) else None
