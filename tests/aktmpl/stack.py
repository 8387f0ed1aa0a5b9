"""Runs a function where the stack has little room left, as in a host whose own calls nest deep."""

import sys
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def deep_down(left: int, run: Callable[[], R]) -> R:
    """What `run` gives where `left` more calls fit on the stack."""
    return _down(sys.getrecursionlimit() - _depth() - left - 3, run)


def _down(levels: int, run: Callable[[], R]) -> R:
    return run() if levels <= 0 else _down(levels - 1, run)


def _depth() -> int:
    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        depth += 1
        frame = frame.f_back
    return depth
