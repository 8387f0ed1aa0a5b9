"""Regular expressions of fields: RE2, so that no pattern and no value can take more than linear time."""

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches `pattern`."""
    return _compiled(pattern).fullmatch(text) is not None


def fault(pattern: str) -> str | None:
    """Why `pattern` is no RE2 expression; None when it is one."""
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "invalid"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)
