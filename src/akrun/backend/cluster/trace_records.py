"""The record of a trace."""

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Record
from akrun.backend.records import TraceRecord


def encode(trace: TraceRecord) -> bytes:
    """Its record."""
    return pack([trace.unit, trace.attempt, trace.time], trace.body)


def decode(record: Record) -> TraceRecord:
    """The trace of a record."""
    (unit, attempt, time), [body] = unpack(record.body)
    return TraceRecord(unit, attempt, time, body or b"")
