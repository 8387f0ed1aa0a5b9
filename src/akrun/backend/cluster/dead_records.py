"""The record of a dead letter, whose sequence is its id."""

from dataclasses import replace

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Record
from akrun.backend.records import DeadLetter


def encode(letter: DeadLetter) -> bytes:
    """Its record.

    Raises:
        RecordError: its error is no JSON value.
    """
    head = [
        letter.message_id,
        letter.pipeline,
        letter.pipe,
        dict(letter.error),
        letter.attempts,
        letter.time,
        letter.job_id,
        letter.channel,
    ]
    return pack(head, letter.input)


def decode(record: Record) -> DeadLetter:
    """The letter of a record."""
    head, [entered] = unpack(record.body)
    message_id, pipeline, pipe, error, attempts, time, job_id, channel = head
    letter = DeadLetter(message_id, pipeline, pipe, entered or b"", error, attempts, time)
    return replace(letter, id=record.sequence, job_id=job_id, channel=channel)
