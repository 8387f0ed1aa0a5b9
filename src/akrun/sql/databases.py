"""What differs between databases when a connection is opened, a statement begins, or one is cancelled."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, make_url

from akrun.sql.config import Connector

_RECYCLE: Final = 1_800
"""Seconds after which an idle connection is replaced: gateways drop those they have forgotten."""


class Database(Protocol):
    """One kind of database."""

    def engine(self, url: URL, connector: Connector, connection_timeout: float) -> Engine:
        """An engine for a connector."""
        ...

    def begin(self, connection: Connection, query_timeout: float) -> None:
        """Before each statement: let the database stop it after so many seconds, if it can."""
        ...

    def cancel(self, connection: Any, *, hard: bool) -> None:
        """From another thread: stop what runs on this DBAPI connection; `hard` gives the connection up."""
        ...

    grace: float
    """Seconds that the database gets to stop a statement by itself."""


class Other:
    """A database that is known by its URL only: its own time-outs hold."""

    grace = 0.0

    def engine(self, url: URL, connector: Connector, connection_timeout: float) -> Engine:  # noqa: ARG002
        """An engine with a pool."""
        return _engine(url, connector)

    def begin(self, connection: Connection, query_timeout: float) -> None:
        """Nothing that all databases know."""

    def cancel(self, connection: Any, *, hard: bool) -> None:
        """Nothing that all drivers know."""


class MySql(Other):
    """MariaDB and MySQL; MySQL bounds only SELECT."""

    grace = 0.5

    def begin(self, connection: Connection, query_timeout: float) -> None:
        """Bound the session's statements."""
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET max_statement_time = {query_timeout:.3f}")
        else:
            connection.exec_driver_sql(
                f"SET SESSION max_execution_time = {max(1, round(query_timeout * 1000))}"
            )


class Sqlite:
    """A file; a statement is interrupted by the process itself."""

    grace = 0.0

    def engine(self, url: URL, connector: Connector, connection_timeout: float) -> Engine:  # noqa: ARG002
        """An engine that never makes a file, and opens it for reading only where that is wanted."""
        path = url.database or ""
        if not path.startswith("file:"):
            mode = "ro" if connector.read_only else "rw"
            url = url.set(database=f"file:{quote(str(Path(path)))}")
            url = url.update_query_dict({"mode": mode, "uri": "true"})
        elif connector.read_only:
            url = url.update_query_dict({"mode": "ro", "uri": "true"})
        return _engine(url, connector, connect_args={"check_same_thread": False})

    def begin(self, connection: Connection, query_timeout: float) -> None:
        """Wait for another writer's lock no longer than for a statement."""
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {max(1, round(query_timeout * 1000))}")

    def cancel(self, connection: Any, *, hard: bool) -> None:  # noqa: ARG002
        """Interrupt; safe from any thread."""
        with suppress(Exception):
            connection.interrupt()


class Postgresql:
    """The server stops a statement by itself; the client asks it to when its own deadline comes first."""

    grace = 0.5

    def engine(self, url: URL, connector: Connector, connection_timeout: float) -> Engine:
        """An engine; transactions of a read-only connector begin as READ ONLY."""
        if url.get_driver_name() in ("psycopg2", "psycopg"):
            url = url.set(drivername="postgresql+psycopg")
        arguments = {
            "connect_timeout": max(2, round(connection_timeout)),
            "application_name": url.query.get("application_name", "akrun"),
        }
        engine = _engine(url, connector, connect_args=arguments)
        return engine.execution_options(postgresql_readonly=True) if connector.read_only else engine

    def begin(self, connection: Connection, query_timeout: float) -> None:
        """Set the server's deadline for this transaction.

        This query also takes the snapshot after which a transaction cannot be made READ WRITE again.
        """
        milliseconds = max(1, round(query_timeout * 1000))
        connection.exec_driver_sql("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))

    def cancel(self, connection: Any, *, hard: bool) -> None:
        """Ask the server to stop; cut the line when it does not listen."""
        with suppress(Exception):
            if hard:
                with socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
                    line.shutdown(socket.SHUT_RDWR)
            else:
                connection.cancel_safe(timeout=2.0)


_DATABASES: Final[dict[str, Database]] = {
    "sqlite": Sqlite(),
    "postgresql": Postgresql(),
    "mysql": MySql(),
    "mariadb": MySql(),
}


def database_of(connector: Connector) -> tuple[Database, URL]:
    """The kind of database that a connector's URL names; raises what SQLAlchemy says of a wrong URL."""
    url = make_url(connector.url.get_secret_value())
    return _DATABASES.get(url.get_backend_name(), Other()), url


def _engine(url: URL, connector: Connector, **more: Any) -> Engine:
    return create_engine(
        url,
        pool_size=connector.pool_size,
        max_overflow=2,  # for audiences, which are read beside the pipes
        pool_pre_ping=True,
        pool_recycle=_RECYCLE,
        hide_parameters=True,
        **more,
    )
