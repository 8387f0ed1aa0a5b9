"""What loading an audience is to every engine: rows in batches, and how far it has come."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from akrun.backend.digest import AudienceDigest
from akrun.backend.records import Launch, LoadResult, NewMessage

BATCH_BYTES: Final = 4 << 20
"""Of payload, after which a batch ends; with the most rows it bounds the memory of a load."""

NAMED_DUPLICATES: Final = 10


@dataclass(slots=True)
class Progress:
    """How far a load has come.

    Attributes:
        stored: messages stored, skipped ones included.
        skipped: those of them that have a skip reason.
        duplicates: rows left out.
        named: the first profiles of these.
        digest: of the rows so far.
    """

    stored: int = 0
    skipped: int = 0
    duplicates: int = 0
    named: list[str] = field(default_factory=list)
    digest: AudienceDigest = field(default_factory=AudienceDigest)

    def add(self, stored: int, skipped: int, duplicates: Sequence[str]) -> None:
        """Count a batch: messages that were stored, and the profiles of rows that were left out."""
        self.stored += stored
        self.skipped += skipped
        self.duplicates += len(duplicates)
        self.named += duplicates[: NAMED_DUPLICATES - len(self.named)]

    def result(self, launch: Launch) -> LoadResult:
        """What the load came to."""
        return LoadResult(launch, self.stored, self.skipped, self.duplicates, tuple(self.named))


async def batches(
    rows: Iterable[NewMessage] | AsyncIterable[NewMessage], most: int
) -> AsyncGenerator[list[NewMessage], None]:
    """The rows in batches of at most so many, or as soon as they have `BATCH_BYTES`."""
    batch: list[NewMessage] = []
    size = 0
    async with aclosing(_stream(rows)) as stream:
        async for row in stream:
            batch.append(row)
            size += len(row.payload)
            if len(batch) >= most or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


async def _stream(rows: Iterable[NewMessage] | AsyncIterable[NewMessage]) -> AsyncGenerator[NewMessage, None]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row
