"""What the rows of `message` and `tally` hold, for all who change them."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from akrun.backend.records import MessageState

PENDING, IN_PROGRESS, DONE, FAILED, SKIPPED = range(5)
"""`message.state`; statements and the partial indexes name the first two by number."""

STATES = (
    MessageState.PENDING,
    MessageState.IN_PROGRESS,
    MessageState.DONE,
    MessageState.FAILED,
    MessageState.SKIPPED,
)

CODES = {state: code for code, state in enumerate(STATES)}


def adjust_tally(connection: sqlite3.Connection, launch: int, changes: Mapping[int, int]) -> None:
    """Add to a launch's counts by state code; to be called in the transaction that changes the messages."""
    connection.execute(
        "UPDATE tally SET pending = pending + ?, in_progress = in_progress + ?, done = done + ?,"
        " failed = failed + ?, skipped = skipped + ? WHERE launch = ?",
        (*(changes.get(code, 0) for code in range(len(STATES))), launch),
    )


def spent_error(attempts: int) -> dict[str, Any]:
    """The `$error` of a message or job that had all its attempts."""
    return {
        "code": None,
        "message": f"given up: {attempts} attempts began and none came to an end",
        "pipe": None,
        "kind": "max_attempts",
        "status": None,
        "retryable": False,
    }
