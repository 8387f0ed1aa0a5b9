"""What a backend can refuse or fail at: every error says what happened and how to mend it.

The tree::

    AkrunError
    └── BackendError            message, cure, path
        ├── StorageError        the file or the machine under it
        │   ├── BackendBusyError      another process owns the database
        │   ├── BackendLockedError    another program keeps SQLite's write lock
        │   ├── DiskFullError
        │   ├── CorruptError          a torn or damaged database
        │   ├── ForeignFileError      a file that no akrun wrote
        │   ├── NewerSchemaError      written by a newer akrun
        │   └── UnavailableError      missing, not permitted, input/output error
        ├── ClosedError         used before open() or after close()
        ├── ReadOnlyError       a write through a read-only backend
        ├── ConflictError       an identity that is already taken by another
        ├── NotFoundError       an unknown channel, mailing, launch, message or job
        │   └── LeaseError            one that this attempt has no lease of any more
        ├── StateError          not possible in the launch's present state
        └── RecordError         a value that cannot be stored
"""

import math
from pathlib import Path

from akrun.errors import AkrunError


class BackendError(AkrunError):
    """A backend refused or failed.

    Attributes:
        message: what happened, one sentence.
        cure: what a person can do about it; empty when the message says it all.
        path: the database file, where the fault lies in it.
    """

    def __init__(self, message: str, *, cure: str = "", path: Path | None = None) -> None:
        self.message = message
        self.cure = cure
        self.path = path
        where = f"{path}: " if path is not None else ""
        super().__init__(f"{where}{message}; {cure}" if cure else f"{where}{message}")


class StorageError(BackendError):
    """The database file, or the machine under it, does not do what is needed."""


class BackendBusyError(StorageError):
    """Another process owns the database and writes to it.

    Attributes:
        pid: the owner's process id, None when it could not be learned.
    """

    def __init__(self, message: str, *, cure: str, path: Path, pid: int | None) -> None:
        self.pid = pid
        super().__init__(message, cure=cure, path=path)


class BackendLockedError(StorageError):
    """Another program kept SQLite's own lock for longer than the busy timeout."""


class DiskFullError(StorageError):
    """There is no room for the write; what was acknowledged before is intact."""


class CorruptError(StorageError):
    """The file is a damaged database."""


class ForeignFileError(StorageError):
    """The file is not a database, or one of another program."""


class NewerSchemaError(StorageError):
    """The file was written by a newer akrun than this one."""


class UnavailableError(StorageError):
    """The file cannot be opened, read or written."""


class ClosedError(BackendError):
    """The backend is not open."""


class ReadOnlyError(BackendError):
    """A write through a backend that was opened for reading."""


class ConflictError(BackendError):
    """An identity is already taken by something else."""


class NotFoundError(BackendError):
    """There is no such channel, mailing, launch, message or job."""


class LeaseError(NotFoundError):
    """The attempt is over: another process has its message or job by now, or that has an outcome."""


class StateError(BackendError):
    """The call is not possible in the launch's present state."""


class RecordError(BackendError):
    """A value cannot be stored: not JSON, or text that is not Unicode."""


def check_ttl(ttl: float) -> None:
    """Refuse a time to live that is no positive, finite number of seconds, by a RecordError."""
    if not (math.isfinite(ttl) and ttl > 0):
        raise RecordError(f"a value cannot be kept for {ttl!r} seconds", cure="name a number above zero")
