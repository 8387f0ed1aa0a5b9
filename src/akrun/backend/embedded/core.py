"""What every part of the embedded backend stands on: the file, its owner lock, the writer and the reader."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from akrun.backend.embedded import schema
from akrun.backend.embedded.connection import (
    Durability,
    open_reader,
    open_writer,
    require_whole,
    translate,
    unavailable,
)
from akrun.backend.embedded.writer import Operation, Writer, WriterStatistics
from akrun.backend.errors import BackendBusyError, BackendError, ClosedError, ReadOnlyError, UnavailableError

A = TypeVar("A")
R = TypeVar("R")


class Core:
    """An SQLite file with one owning, writing process and any number of reading ones.

    Args:
        path: the file; created, readable by its owner only, if there is none.
        read_only: only look, also while another process writes; the file must exist.
        durability: see `connection.Durability`.
        max_attempts: attempts a message or job may have before it becomes a dead letter.
        busy_timeout: seconds to wait for another program that has SQLite's own lock.
        clock: seconds since the epoch, for the times the backend sets itself.
    """

    def __init__(  # noqa: PLR0913 - one keyword per setting
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        durability: Durability = "full",
        max_attempts: int = 5,
        busy_timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._durability: Durability = durability
        self._max_attempts = max_attempts
        self._busy_timeout = busy_timeout
        self._clock = clock
        # Not bound to a thread: opened and closed by helper threads, owned by the process.
        self._lock = FileLock(f"{self.path}.lock", mode=0o600, thread_local=False)
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._closing: asyncio.Task[None] | None = None
        self._loading: set[str] = set()  # launches whose audience is being loaded by a call

    async def open(self) -> None:
        """Lock, check, bring to the present schema, and return leases of a dead process to pending.

        Raises:
            BackendBusyError: another process owns the file.
            StorageError: the file cannot be used; the subclass says why.
        """
        if self._threads is not None:
            raise BackendError("the backend is open already", path=self.path)
        loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="akrun-reader")
        self._closing = None
        opening = loop.run_in_executor(self._threads, self._open, loop)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])  # a thread cannot be stopped: let it end, then undo what it did
            opening.exception()
            await self.close()
            raise
        except BaseException:
            self._threads.shutdown()
            self._threads = None
            raise

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if not self.read_only:
                self._own()
                connection = open_writer(self.path, self._durability, self._busy_timeout)
                try:
                    self._prepare(connection)
                except BaseException:
                    connection.close()
                    raise
                self._writer = Writer(connection, self.path, loop)
            self._reader = open_reader(self.path, self._busy_timeout)
            require_whole(self._reader, self.path)
            schema.require_present(self._reader, self.path)
        except BaseException as error:
            self._close()
            if isinstance(error, Exception):
                raise translate(error, self.path) from error
            raise

    def _own(self) -> None:
        if not self.path.parent.is_dir():  # which the lock would create
            raise UnavailableError("its directory does not exist", cure="create it", path=self.path)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise self._busy() from None
        except OSError as error:
            raise unavailable(self.path, error) from error
        try:
            self._owner_file.write_text(str(os.getpid()), encoding="ascii")
        except OSError as error:
            raise unavailable(self._owner_file, error) from error

    @property
    def _owner_file(self) -> Path:
        return Path(f"{self.path}.pid")

    def _busy(self) -> BackendBusyError:
        pid: int | None = None
        with suppress(OSError, ValueError):
            pid = int(self._owner_file.read_text(encoding="ascii"))
        owner = "another process" if pid is None else f"process {pid}"
        cure = f"wait until {owner} ends or stop it, or open the file read-only"
        return BackendBusyError(f"in use by {owner}", cure=cure, path=self.path, pid=pid)

    @staticmethod
    def _recover(connection: sqlite3.Connection) -> None:
        """Return what a dead process had leased to pending; its attempts stay counted."""
        connection.executescript(
            """
            BEGIN IMMEDIATE;
            UPDATE tally SET pending = pending + in_progress, in_progress = 0 WHERE in_progress > 0;
            UPDATE message SET state = 0 WHERE state = 1;
            UPDATE job_tally SET pending = pending + in_progress, in_progress = 0;
            UPDATE job SET state = 0 WHERE state = 1;
            COMMIT
            """
        )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        require_whole(connection, self.path)
        schema.check(connection, self.path)  # before anything is changed in a file that may not be ours
        connection.execute("PRAGMA journal_mode = WAL")
        schema.migrate(connection, self.path)
        self._recover(connection)

    async def close(self) -> None:
        """Carry out what was asked for, checkpoint and let go of the file.

        It goes on to its end when its caller is cancelled.
        """
        if self._threads is None:
            return
        if self._closing is None:
            self._closing = asyncio.create_task(self._shut())
        await asyncio.shield(self._closing)

    async def _shut(self) -> None:
        threads = self._threads
        if threads is not None:
            await asyncio.get_running_loop().run_in_executor(threads, self._close)
            threads.shutdown()
        self._threads = None

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._writer is not None:  # last, for only a writer can remove the write-ahead log
            self._writer.close()
            self._writer = None
        if self._lock.is_locked:
            self._owner_file.unlink(missing_ok=True)
            self._lock.release()

    @property
    def statistics(self) -> WriterStatistics:
        """What the writer did since opening."""
        return self._writing().statistics

    def _writing(self) -> Writer:
        if self.read_only:
            raise ReadOnlyError("opened for reading only", path=self.path)
        if self._writer is None:
            raise ClosedError("the backend is not open", path=self.path)
        return self._writer

    async def _write(self, operation: Operation[A, R], argument: A) -> R:
        return await self._writing().submit(operation, argument)

    async def _read(self, function: Callable[[sqlite3.Connection, A], R], argument: A) -> R:
        if self._threads is None or self._closing is not None:
            raise ClosedError("the backend is not open", path=self.path)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, function, argument)

    def _look(self, function: Callable[[sqlite3.Connection, A], R], argument: A) -> R:
        """Run a function over one snapshot of the database, so that its queries agree with each other."""
        connection = self._reader
        if connection is None:
            raise ClosedError("the backend is not open", path=self.path)
        try:
            connection.execute("BEGIN")
            try:
                return function(connection, argument)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")  # nothing was changed; ends the snapshot
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:
            raise translate(error, self.path) from error
