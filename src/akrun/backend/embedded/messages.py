"""What the rows of `message` and `tally` hold, for all who change them."""

import sqlite3
from collections.abc import Mapping

from akrun.backend.records import MessageState

PENDING, IN_PROGRESS, DONE, FAILED, SKIPPED, UNCERTAIN = range(6)
"""`message.state` and `job.state`; statements and the partial indexes name the first three by number."""

STATES = (
    MessageState.PENDING,
    MessageState.IN_PROGRESS,
    MessageState.DONE,
    MessageState.FAILED,
    MessageState.SKIPPED,
    MessageState.UNCERTAIN,
)

CODES = {state: code for code, state in enumerate(STATES)}


def adjust_tally(connection: sqlite3.Connection, launch: int, changes: Mapping[int, int]) -> None:
    """Add to a launch's counts by state code; to be called in the transaction that changes the messages."""
    connection.execute(
        "UPDATE tally SET pending = pending + ?, in_progress = in_progress + ?, done = done + ?,"
        " failed = failed + ?, skipped = skipped + ?, uncertain = uncertain + ? WHERE launch = ?",
        (*(changes.get(code, 0) for code in range(len(STATES))), launch),
    )
