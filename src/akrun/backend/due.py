"""Due times as the engines store them: whole microseconds, which come through JSON as they are."""

import math
from typing import Final

from akrun.backend.errors import RecordError

MICROSECONDS: Final = 1_000_000
"""In a second."""

_LATEST: Final = 9e12
"""Seconds; in microseconds just below the largest 64-bit integer, which has 19 digits."""


def microseconds(when: float) -> int:
    """Seconds since the epoch as they are stored.

    Raises:
        RecordError: it is no time.
    """
    if not (math.isfinite(when) and abs(when) < _LATEST):
        raise RecordError(f"{when!r} is no time at which a job can be due")
    return round(when * MICROSECONDS)
