"""Who may read a file."""

import stat
from pathlib import Path

PRIVATE = 0o077
"""The permissions that are nobody's but the owner's."""


def mode_of(path: Path) -> int | None:
    """A file's permission bits; None where it cannot be looked at."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def readable_by_others(path: Path) -> bool:
    """Whether the group or everybody may read it."""
    mode = mode_of(path)
    return mode is not None and bool(mode & 0o044)
