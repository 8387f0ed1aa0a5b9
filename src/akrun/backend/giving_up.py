"""What becomes of a message or job that had all its attempts."""

from collections.abc import Sequence

from akrun.backend.records import DeadLetter, JournalEntry, MessageState, Outcome


def given_up(  # noqa: PLR0913, PLR0917 - what is known of it
    name: str,
    message_id: str | None,
    pipeline: str,
    attempts: int,
    entries: Sequence[JournalEntry],
    now: float,
) -> tuple[Outcome, DeadLetter]:
    """Its outcome and its dead letter, whose input is its own event's last checkpoint, if there is one."""
    error = {
        "code": None,
        "message": f"given up: {attempts} attempts began and none came to an end",
        "pipe": None,
        "kind": "max_attempts",
        "status": None,
        "retryable": False,
    }
    resent = sum(entry.resent for entry in entries)
    checkpoint = next((entry.checkpoint for entry in entries if entry.event == name), None) or b""
    letter = DeadLetter(message_id, pipeline, None, checkpoint, error, attempts, now)
    return Outcome(MessageState.FAILED, None, error, now, resent), letter
