"""When a request is tried again, and how long to wait before."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED: frozenset[int | str] = frozenset({408, 425, 429, 500, 502, 503, 504, "connection", "breaker"})
"""Statuses and kinds of failure after which another attempt may succeed."""
SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that may be repeated without harm (RFC 9110 §9.2.2)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast a request is repeated.

    Attributes:
        max: attempts after the first.
        on: statuses and kinds of failure that are tried again.
        backoff: seconds that bound the first wait; the bound doubles with each further one.
        max_delay: most seconds of one wait, also when the server asks for more.
        deadline: seconds from the first attempt after which none begins.
    """

    max: int
    on: frozenset[int | str] = RETRIED
    backoff: float = 0.5
    max_delay: float = 60.0
    deadline: float = math.inf

    def delay(self, attempt: int, chance: float, asked: float | None) -> float:
        """Seconds to wait after attempt number `attempt` (from 1).

        Exponential with full jitter: `chance` in [0, 1) picks a moment below the bound; what the server
        asked for is waited at least.
        """
        bound = min(self.max_delay, self.backoff * 2.0 ** min(attempt - 1, 60))
        return min(self.max_delay, max(asked or 0.0, chance * bound))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds a `Retry-After` header asks for, in either of its forms (RFC 9110 §10.2.3), or None."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
