"""The clock: a date that can be, a pace that is steady, and nothing recorded that is still to come."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from akrun.backend.embedded.connection import open_reader
from akrun.backend.errors import BackendError
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread

EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
DRIFT: Final = 0.05
"""Seconds that the clock may be off after the time of the measurement."""
AHEAD: Final = 5.0
"""Seconds that a recorded time may be ahead of the clock."""

_MEASURED: Final = 0.25
_CURE: Final = "set the clock, and let it be kept (chrony, systemd-timesyncd)"
_NEWEST: Final = """
SELECT max(time) FROM (
    SELECT max(created) AS time FROM launch UNION ALL
    SELECT max(time) FROM dead_letter
)
"""


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the clock that schedules, tokens and time-outs go by."""
    clock = scope.clock
    wall, steady = clock.now(), clock.monotonic()
    if EARLIEST <= wall < LATEST:
        yield ok("clock", f"{wall.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    else:
        yield fail("clock", f"it says {wall.astimezone(UTC):%Y-%m-%d}, which cannot be", _CURE)
    await asyncio.sleep(_MEASURED)
    off = (clock.now() - wall).total_seconds() - (clock.monotonic() - steady)
    if abs(off) > DRIFT:
        yield warn("clock", f"it went {off:+.2f} s in {_MEASURED:g} s: it is being set", _CURE)
    newest = await in_thread(_newest, scope.database)
    if newest is not None and newest > clock.now().timestamp() + AHEAD:
        moment = datetime.fromtimestamp(newest, UTC)
        message = f"the newest record is of {moment:%Y-%m-%d %H:%M:%S} UTC: the clock was set back"
        yield warn("clock", message, "what is due later than that waits until the clock is there again")


def _newest(path: Path) -> float | None:
    """The latest time in the database; None where it says nothing."""
    try:
        with closing(open_reader(path, busy_timeout=1.0)) as connection:
            found = connection.execute(_NEWEST).fetchone()[0]
    except (sqlite3.Error, BackendError):  # what is wrong with it another check says
        return None
    return None if found is None else float(found)
