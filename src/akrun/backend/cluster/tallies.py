"""Counts that many instances add to: each has a record of its own, and the sum is exact."""

from collections import Counter
from collections.abc import Iterable

import orjson

from akrun.backend.cluster.core import Record
from akrun.backend.records import Counts


def total(records: Iterable[Record]) -> Counter[str]:
    """The sum of what the instances counted."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(orjson.loads(record.body))
    return counts


def message_counts(records: Iterable[Record]) -> Counts:
    """The counts of a launch."""
    counts = total(records)
    names = "done", "failed", "skipped", "uncertain", "pending", "in_progress"
    each = [counts[name] for name in names]
    return Counts(sum(each), *each)
