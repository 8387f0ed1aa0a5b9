"""Opening a database file and putting SQLite's errors into words."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Literal

from akrun.backend.errors import (
    BackendError,
    BackendLockedError,
    ConflictError,
    CorruptError,
    DiskFullError,
    ForeignFileError,
    RecordError,
    StorageError,
    UnavailableError,
)

Durability = Literal["full", "normal"]
"""`full`: fsynced at every commit. `normal`: a power failure may take the last commits, kill -9 may not."""

_CONSTRAINT_DATATYPE = sqlite3.SQLITE_CONSTRAINT | 12 << 8  # the module has no name for it

_FULL = "no room left to write"
_FREE = "free disk space and try again; nothing that was acknowledged is lost"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_RESTORE = "restore a copy, or save what can be read with `sqlite3 FILE .recover`"

OLDEST_SQLITE = (3, 38, 0)
"""Has STRICT tables, and JSON functions in every build."""


def open_writer(path: Path, durability: Durability, busy_timeout: float) -> sqlite3.Connection:
    """Open for writing, creating the file (readable by its owner only) if there is none."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise UnavailableError(
            f"Python's SQLite is {sqlite3.sqlite_version}", cure="use a Python with SQLite 3.38 or newer"
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise unavailable(path, error) from error
    connection = _connect(path, "rw", busy_timeout)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: an fsync that reaches the disk
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def open_reader(path: Path, busy_timeout: float) -> sqlite3.Connection:
    """Open an existing file for reading only."""
    if not path.exists():
        raise UnavailableError("there is no such file", cure="check the path", path=path)
    connection = _connect(path, "ro", busy_timeout)
    connection.execute("PRAGMA query_only = ON")
    return connection


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file whose last page is torn, which SQLite itself overlooks.

    With a write-ahead log beside it a short file is no fault: the log has the missing pages.

    Raises:
        CorruptError: the file ends before its last page does.
    """
    log = Path(f"{path}-wal")
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    if path.stat().st_size < pages * size and not (log.exists() and log.stat().st_size):
        raise CorruptError("the database is damaged (the file is cut short)", cure=_RESTORE, path=path)


def _connect(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,  # transactions begin and end where the code says so
        check_same_thread=False,  # opened in one thread, then used by one other only
    )


def unavailable(path: Path, error: OSError) -> StorageError:
    """An operating system's refusal in words."""
    if error.errno in _NO_ROOM:
        return DiskFullError(_FULL, cure=_FREE, path=path)
    reason = (error.strerror or str(error)).lower()
    return UnavailableError(reason, cure="check the path and its permissions", path=path)


def translate(error: Exception, path: Path) -> BackendError:
    """What a failure means in the backend's own errors; these pass unchanged."""
    if isinstance(error, BackendError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return RecordError(f"text that is not Unicode cannot be stored: {error.object[:60]!r}")
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    if code == _CONSTRAINT_DATATYPE:
        return RecordError(f"a value of the wrong type ({text})")
    match None if code is None else code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            cure = "end the program that has it open for writing, and try again"
            return BackendLockedError("another program keeps the database locked", cure=cure, path=path)
        case sqlite3.SQLITE_FULL:
            return DiskFullError(_FULL, cure=_FREE, path=path)
        case sqlite3.SQLITE_CORRUPT:
            return CorruptError(f"the database is damaged ({text})", cure=_RESTORE, path=path)
        case sqlite3.SQLITE_NOTADB:
            return ForeignFileError("this file is not a database", cure="name another file", path=path)
        case sqlite3.SQLITE_CONSTRAINT:
            return ConflictError(f"the database refused the record ({text})", path=path)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_AUTH:
            return UnavailableError(text, cure="check the path and its permissions", path=path)
        case sqlite3.SQLITE_IOERR:
            return UnavailableError(text, cure="check the disk and free space on it", path=path)
        case _ if isinstance(error, (sqlite3.DataError, OverflowError)):
            return RecordError(f"a value is too large to store ({text})")
        case _:
            return BackendError(f"unexpected {type(error).__name__}: {text}", path=path)
