"""Processes by their ids."""

import os
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether there is a process of that id."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # there is one, of another user
        return True
    return True


def pid_in(file: Path) -> int | None:
    """The process id that a file holds; None if there is none."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
