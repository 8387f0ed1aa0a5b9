"""Events as records of the stream: each under a subject that its identity gives, so that it is there once."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from akrun.backend.cluster.codec import pack, to_json, unpack
from akrun.backend.cluster.core import Draft, Record
from akrun.backend.cluster.owners import Owner
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.records import EventRecord


class EncodedEvent(NamedTuple):
    """An event ready to be written."""

    subject: str
    body: bytes


class StoredEvent(NamedTuple):
    """An event as it was written: its mailing by a text; `known` says whether its message is one of ours."""

    event: EventRecord
    known: bool


def encode(subjects: Subjects, event: EventRecord, owner: Owner | None) -> EncodedEvent:
    """An event, completed from what its message belongs to, if that is known.

    Raises:
        RecordError: its data is no JSON value, or a text of it is not Unicode.
    """
    known = owner is not None
    if owner is None:
        mailing = None if event.mailing_id is None else str(event.mailing_id)
        owner = Owner(event.profile_id, mailing, event.launch_id)
    identity = [event.event_type, event.action_type, event.key]
    told = [event.send_message_id, event.channel_id, *identity, event.time, event.reason, event.data]
    digest = hashlib.sha256(to_json(identity)).hexdigest()[:32]
    subject = subjects.event(event.send_message_id, digest)
    return EncodedEvent(subject, pack([*told, owner.profile_id, owner.mailing_id, owner.launch_id, known]))


def decode(record: Record) -> StoredEvent:
    """The event of a record."""
    values: list[Any]
    values, _ = unpack(record.body)
    return StoredEvent(EventRecord(*values[:-1]), values[-1])


def write(events: Iterable[EncodedEvent], draft: Draft, keep: float) -> int:
    """Write the events that are not there yet, for so many seconds; returns how many these are."""
    there = {put.subject for put in draft.puts}
    before = len(there)
    for event in events:
        if event.subject not in there and draft.get(event.subject) is None:
            draft.put(event.subject, event.body, keep)
            there.add(event.subject)
    return len(there) - before
