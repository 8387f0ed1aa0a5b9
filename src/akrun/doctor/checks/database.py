"""The database: who owns it, its schema, whether it is whole, its log, what a killed process left behind."""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from akrun.backend.embedded import schema
from akrun.backend.embedded.connection import open_reader, require_whole, translate
from akrun.backend.errors import BackendError
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.processes import is_running, pid_in
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread

LARGE_LOG: Final = 256 * 1024**2
"""Bytes; the log is cut to 64 MiB whenever nobody reads."""

_SECONDS: Final = 5.0
"""For the check of the whole file."""
_STEPS: Final = 10_000
"""Instructions of SQLite between two looks at the clock."""


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the file, without writing to it."""
    if scope.clustered:
        yield ok("database", "none: everything is on the servers of the cluster")
        return
    path = scope.database
    if not path.exists():
        yield ok(str(path), "not there yet; the first `akrun send` or `akrun serve` makes it")
        return
    yield _owner(path)
    log = Path(f"{path}-wal")
    if (size := _size(log)) > LARGE_LOG:
        cure = "let long reads end (reports, backups, open sqlite3 prompts); the next checkpoint cuts it"
        yield warn(str(log), f"{size / 1024**2:,.0f} MiB of log", cure)
    for finding in await in_thread(_looked_into, path):
        yield finding


def _owner(path: Path) -> Finding:
    file = Path(f"{path}.pid")
    pid = pid_in(file)
    if pid is None:
        return ok(str(path), "no process has it open for writing")
    if is_running(pid):
        return ok(str(path), f"process {pid} has it open for writing")
    message = f"process {pid}, which had it, was killed; its work is taken up by the next one"
    return warn(str(file), message, "start `akrun serve` or the same `akrun send` again")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _looked_into(path: Path) -> list[Finding]:
    try:
        with closing(open_reader(path, busy_timeout=1.0)) as connection:
            require_whole(connection, path)
            return list(_contents(connection, path))
    except (sqlite3.Error, BackendError) as error:
        found = translate(error, path)
        return [fail(str(path), found.message, found.cure or "restore a copy")]


def _contents(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    version = schema.check(connection, path)
    if version < schema.VERSION:
        message = f"schema {version}; this akrun has {schema.VERSION}"
        yield warn(
            str(path), message, "copy the file, then start `akrun serve` or `akrun send`: it is migrated"
        )
    else:
        yield ok(str(path), f"schema {version}, {_size(path) / 1024**2:,.1f} MiB")
    end = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        message = f"too large to be checked in {_SECONDS:g} s"
        yield ok(str(path), message, f"sqlite3 {path} 'PRAGMA quick_check' takes its time")
        return
    if rows == ["ok"]:
        yield ok(str(path), "whole (quick_check)")
    else:
        cure = f"stop akrun and restore a copy, or save what can be read: sqlite3 {path} .recover"
        yield fail(str(path), "it is damaged: " + "; ".join(rows), cure)
