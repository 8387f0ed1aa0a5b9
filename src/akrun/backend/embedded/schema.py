"""The tables of the embedded backend and the steps from each schema version to the next.

`message` is narrow because its rows are rewritten at every change of state; the payload, written once,
lies beside it. Partial indexes hold only what is pending or leased, so they stay small as a launch goes on.
`tally` is kept in the transactions that change messages; its checks make a wrong count an error.
Of a `job`, `pipe` is the one it enters at and `ended_in` the one it ended in.

`journal.unit` is the number of a message, or minus that of a job: what is under way was stored together, so
its entries share few pages, however many dead letters have theirs beside them. With random ids as the key
each entry would be a page of its own to write.
"""

import sqlite3
from pathlib import Path

from akrun.backend.errors import ForeignFileError, NewerSchemaError, UnavailableError

APPLICATION_ID = 0x616B7231
"""`akr1`, in the header of every database of ours."""

MIGRATIONS = (
    """
    CREATE TABLE channel (
        id INTEGER PRIMARY KEY,
        string_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        document BLOB NOT NULL,
        sha256 TEXT NOT NULL
    ) STRICT;

    CREATE TABLE mailing (
        no INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        id ANY NOT NULL,
        channel INTEGER NOT NULL REFERENCES channel (id),
        name TEXT NOT NULL,
        document BLOB NOT NULL,
        sha256 TEXT NOT NULL
    ) STRICT;

    CREATE TABLE launch (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        mailing INTEGER NOT NULL REFERENCES mailing (no),
        state TEXT NOT NULL,
        constants BLOB NOT NULL,
        created REAL NOT NULL,
        started REAL,
        finished REAL,
        audience_digest TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX launch_mailing ON launch (mailing);

    CREATE TABLE tally (
        launch INTEGER PRIMARY KEY REFERENCES launch (no),
        pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
        in_progress INTEGER NOT NULL DEFAULT 0 CHECK (in_progress >= 0),
        done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
        failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
        skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0)
    ) STRICT;

    CREATE TABLE message (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        launch INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        profile_id TEXT NOT NULL,
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        pipe INTEGER,
        error TEXT,
        finished_at REAL,
        UNIQUE (launch, profile_id)
    ) STRICT;
    CREATE INDEX message_pending ON message (launch) WHERE state = 0;
    CREATE INDEX message_leased ON message (launch) WHERE state = 1;

    CREATE TABLE payload (
        message INTEGER PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT;

    CREATE TABLE event (
        no INTEGER PRIMARY KEY,
        send_message_id TEXT NOT NULL,
        channel_id INTEGER NOT NULL,
        event_type TEXT NOT NULL,
        action_type INTEGER,
        key TEXT NOT NULL,
        time REAL NOT NULL,
        reason TEXT,
        data TEXT,
        known INTEGER NOT NULL,
        profile_id TEXT,
        mailing TEXT,
        launch_id TEXT
    ) STRICT;
    CREATE UNIQUE INDEX event_once
        ON event (send_message_id, event_type, ifnull(action_type, ''), key);
    CREATE INDEX event_launch ON event (launch_id);
    CREATE INDEX event_profile ON event (profile_id, time) WHERE profile_id IS NOT NULL;
    CREATE INDEX event_unknown ON event (launch_id, mailing) WHERE known = 0;

    CREATE TABLE dead_letter (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        message_id TEXT,
        launch INTEGER,
        pipeline TEXT NOT NULL,
        pipe INTEGER,
        input BLOB NOT NULL,
        error TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        time REAL NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE job (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        channel TEXT NOT NULL,
        pipeline TEXT NOT NULL,
        pipe INTEGER,
        payload BLOB NOT NULL,
        due INTEGER NOT NULL,
        origin_message TEXT,
        state INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX job_due ON job (due, no, pipeline) WHERE state = 0;
    CREATE INDEX job_leased ON job (no) WHERE state = 1;

    CREATE TABLE job_tally (
        pending INTEGER NOT NULL CHECK (pending >= 0),
        in_progress INTEGER NOT NULL CHECK (in_progress >= 0),
        done INTEGER NOT NULL CHECK (done >= 0),
        failed INTEGER NOT NULL CHECK (failed >= 0)
    ) STRICT;
    INSERT INTO job_tally VALUES (0, 0, 0, 0);

    CREATE TABLE store (
        collection TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        expires REAL NOT NULL,
        PRIMARY KEY (collection, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX store_expires ON store (expires);

    ALTER TABLE dead_letter ADD COLUMN job TEXT;
    ALTER TABLE dead_letter ADD COLUMN channel TEXT;
    """,
    """
    CREATE TABLE control (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        mailing INTEGER NOT NULL REFERENCES mailing (no),
        kind TEXT NOT NULL,
        launch_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        constants BLOB NOT NULL,
        content TEXT NOT NULL,
        state TEXT NOT NULL,
        begun REAL NOT NULL,
        decided REAL,
        reason TEXT
    ) STRICT;
    CREATE INDEX control_mailing ON control (mailing);
    CREATE INDEX control_message ON control (message_id);
    """,
    """
    ALTER TABLE message ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tally ADD COLUMN uncertain INTEGER NOT NULL DEFAULT 0 CHECK (uncertain >= 0);

    ALTER TABLE job ADD COLUMN profile_id TEXT;
    ALTER TABLE job ADD COLUMN ended_in INTEGER;
    ALTER TABLE job ADD COLUMN error TEXT;
    ALTER TABLE job ADD COLUMN finished_at REAL;
    ALTER TABLE job ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job_tally ADD COLUMN uncertain INTEGER NOT NULL DEFAULT 0 CHECK (uncertain >= 0);
    UPDATE job SET finished_at = due / 1e6 WHERE state > 1;
    UPDATE job SET payload = dead_letter.input FROM dead_letter
        WHERE dead_letter.job = job.id AND dead_letter.error ->> 'kind' = 'max_attempts';
    UPDATE dead_letter SET input = x'';

    CREATE TABLE journal (
        unit INTEGER NOT NULL,
        event TEXT NOT NULL,
        checkpoint BLOB,
        intent INTEGER,
        resent INTEGER NOT NULL,
        replays INTEGER NOT NULL,
        PRIMARY KEY (unit, event)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE trace (
        no INTEGER PRIMARY KEY,
        unit TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        time REAL NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX trace_unit ON trace (unit);
    CREATE INDEX trace_time ON trace (time);

    CREATE TABLE accepted (
        key TEXT NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL,
        answer BLOB NOT NULL,
        time REAL NOT NULL
    ) STRICT;
    CREATE INDEX accepted_time ON accepted (time);
    """,
)

VERSION = len(MIGRATIONS)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def check(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of an open file, 0 for an empty one.

    Raises:
        ForeignFileError: tables of another program are in it.
        NewerSchemaError: a newer akrun wrote it.
    """
    version = _number(connection, "user_version")
    ours = _number(connection, "application_id") == APPLICATION_ID
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not ours and not (empty and version == 0):
        raise ForeignFileError(
            "this SQLite database was not written by akrun", cure="name another file", path=path
        )
    if version > VERSION:
        raise NewerSchemaError(
            f"written by a newer akrun (schema {version}; this one knows up to {VERSION})",
            cure="upgrade akrun",
            path=path,
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a file to the present schema, each step in a transaction of its own."""
    version = check(connection, path)
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {script};"
            f"PRAGMA user_version = {number}; COMMIT"
        )


def require_present(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that reading alone cannot use.

    Raises:
        UnavailableError: it is empty or has an older schema.
    """
    if (version := check(connection, path)) < VERSION:
        what = "an empty database" if version == 0 else f"schema {version}, this akrun needs {VERSION}"
        raise UnavailableError(what, cure="open it for writing once to bring it up to date", path=path)
