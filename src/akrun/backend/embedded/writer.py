"""One thread that makes every change: whatever has queued up becomes one transaction (group commit).

A job is an operation and one argument. Neighbours in the queue with the same operation are carried out by
one call with all their arguments, so that an operation can use one SQL statement for many of them: each
statement gives the interpreter lock away and has to win it back from a busy event loop.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from akrun.backend.embedded.connection import translate
from akrun.backend.errors import BackendError, BackendLockedError, ClosedError

A = TypeVar("A")
R = TypeVar("R")

Operation = Callable[[sqlite3.Connection, Sequence[A]], Sequence[R | BackendError]]
"""Takes the arguments of many jobs; gives for each, in order, its result or the error that is its own.

It may be run again from the start after a rollback, so it changes nothing but the database.
"""

LARGEST_BATCH = 1024
"""Most jobs in one transaction, so that the first of them need not wait for ever."""


@dataclass(slots=True)
class _Job(Generic[A, R]):
    operation: Operation[A, R]
    argument: A
    future: asyncio.Future[R]


@dataclass(slots=True)
class WriterStatistics:
    """Since opening: transactions committed, jobs carried out in them, and jobs in the largest of them."""

    commits: int = 0
    jobs: int = 0
    largest: int = 0


class Writer:
    """Carries out jobs in the order of their submission, in a thread of its own."""

    def __init__(self, connection: sqlite3.Connection, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.statistics = WriterStatistics()
        self._connection = connection
        self._path = path
        self._loop = loop
        self._closed = False
        self._queue: SimpleQueue[_Job[Any, Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"akrun-writer {path.name}", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """Queue a job; its future is resolved once the transaction is durable.

        Cancelling the future, or a task that waits for it, does not take the job back.
        """
        if self._closed:
            raise ClosedError("the backend is closed", path=self._path)
        future: asyncio.Future[R] = self._loop.create_future()
        self._queue.put(_Job(operation, argument, future))
        return future

    def close(self) -> None:
        """Refuse new jobs, carry out those in the queue, checkpoint and close; blocks until all is done."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        for batch in self._batches():
            try:
                outcomes = self._carry_out(batch)
            except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
                outcomes = [BackendError(f"the writer failed: {error!r}", path=self._path)] * len(batch)
                self._roll_back()
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(_resolve, batch, outcomes)
        with suppress(sqlite3.Error):  # the write-ahead log keeps what a checkpoint could not move
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _batches(self) -> Iterator[list[_Job[Any, Any]]]:
        job = self._queue.get()
        while job is not None:
            batch = [job]
            with suppress(Empty):
                while (job := self._queue.get_nowait()) is not None:
                    batch.append(job)
                    if len(batch) == LARGEST_BATCH:
                        break
            yield batch
            if job is not None:
                job = self._queue.get()

    def _carry_out(self, batch: list[_Job[Any, Any]]) -> Sequence[object]:
        """All jobs in one transaction; if that fails, each in its own, so that a bad one fails alone."""
        try:
            return self._transaction(batch)
        except Exception as error:  # noqa: BLE001 - given to those whose job it was
            failure = translate(error, self._path)
            if len(batch) == 1:
                return [failure]
            if isinstance(failure, BackendLockedError):  # each would wait as long as all of them have
                return [translate(error, self._path) for _ in batch]
        return [outcome for job in batch for outcome in self._carry_out([job])]

    def _transaction(self, batch: list[_Job[Any, Any]]) -> list[object]:
        outcomes: list[object] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for operation, jobs in groupby(batch, key=lambda job: job.operation):
                outcomes += operation(self._connection, [job.argument for job in jobs])
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self.statistics.commits += 1
        self.statistics.jobs += len(batch)
        self.statistics.largest = max(self.statistics.largest, len(batch))
        return outcomes

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite may have done so itself, as when the disk is full
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def _resolve(batch: Sequence[_Job[Any, Any]], outcomes: Sequence[object]) -> None:
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.future.done():
            continue  # its caller was cancelled
        if isinstance(outcome, BackendError):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)


def each(function: Callable[[sqlite3.Connection, A], R]) -> Operation[A, R]:
    """An operation out of a function of one argument; keep it, for jobs are grouped by its identity."""

    def operation(connection: sqlite3.Connection, arguments: Sequence[A]) -> list[R | BackendError]:
        return [function(connection, argument) for argument in arguments]

    return operation
