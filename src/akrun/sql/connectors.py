"""Executing statements: a thread for each connection; any driver serves, and none blocks the loop."""

import asyncio
import threading
import weakref
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Engine

from akrun.errors import PipeFailure
from akrun.sql import failures
from akrun.sql.config import Connector
from akrun.sql.databases import Database, database_of
from akrun.sql.protocol import Row, no_connector
from akrun.sql.statement import Writer
from akrun.sql.values import from_driver
from aktmpl.sql import Dialect, SqlPart

DEFAULT_CONNECTION_TIMEOUT = 10.0
DEFAULT_QUERY_TIMEOUT = 30.0

_STREAMED = 500
"""Rows of a stream that are in memory at once."""
_ASK_AGAIN = 0.25
"""Seconds between two requests to stop a statement."""
_GIVE_UP = 8
"""Requests after which the connection itself is given up."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class _Pool:
    """A connector in use."""

    connector: Connector
    database: Database
    engine: Engine
    writer: Writer
    threads: ThreadPoolExecutor


class Connectors:
    """The databases of a configuration; engines are made when they are first asked. See `Sql`.

    May be used by one event loop at a time, and `stream` by any thread besides.
    """

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        *,
        connection_timeout: float = DEFAULT_CONNECTION_TIMEOUT,
        query_timeout: float = DEFAULT_QUERY_TIMEOUT,
    ) -> None:
        self._connectors = dict(connectors)
        self._connection_timeout = connection_timeout
        self._query_timeout = query_timeout
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Connectors({', '.join(sorted(self._connectors))})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait for statements under way to end, and close all connections."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """As `aclose`, for callers without a loop."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.threads.shutdown()
            pool.engine.dispose()

    def replaced(self, connectors: Mapping[str, Connector]) -> "Connectors":
        """Other connectors, which share the connections of those that stay the same.

        These go on for whoever has begun with them: what is not shared is closed when nobody holds it.
        """
        others = Connectors(
            connectors, connection_timeout=self._connection_timeout, query_timeout=self._query_timeout
        )
        with self._lock:
            for name, pool in self._pools.items():
                if connectors.get(name) == pool.connector:
                    others._pools[name] = pool
        return others

    def dialect(self, connector_id: str, /) -> Dialect:
        """See `Sql.dialect`."""
        return self._connector(connector_id).dialect

    async def rows(
        self,
        connector_id: str,
        statement: tuple[SqlPart, ...],
        *,
        first: bool = False,
        connection_timeout: float | None = None,
        query_timeout: float | None = None,
    ) -> list[Row]:
        """See `Sql.rows`."""
        pool = self._pool(connector_id)
        connector = pool.connector
        task = _Task(
            connector_id,
            *pool.writer.write(statement),
            first=first,
            connection_timeout=connection_timeout or connector.connection_timeout or self._connection_timeout,
            query_timeout=query_timeout or connector.query_timeout or self._query_timeout,
        )
        return await _Execution(pool, task).wait()

    def stream(self, connector_id: str, statement: tuple[SqlPart, ...]) -> Generator[Row, None, None]:
        """See `Sql.stream`."""
        pool = self._pool(connector_id)
        text, values = pool.writer.write(statement)
        query_timeout = pool.connector.query_timeout or self._query_timeout
        with _connected(pool, connector_id) as connection:
            try:
                pool.database.begin(connection, query_timeout)
                options = {"stream_results": True, "yield_per": _STREAMED}
                with closing(connection.exec_driver_sql(text, values, execution_options=options)) as result:
                    names = list(result.keys()) if result.returns_rows else []
                    for row in result if result.returns_rows else ():
                        yield _row(names, row)
            except Exception as error:  # noqa: BLE001 - drivers raise errors of their own for values
                raise failures.of_statement(error, connector_id, query_timeout) from None

    def _connector(self, connector_id: str) -> Connector:
        found = self._connectors.get(connector_id)
        if found is None:
            raise no_connector(connector_id, self._connectors)
        return found

    def _pool(self, connector_id: str) -> _Pool:
        connector = self._connector(connector_id)
        with self._lock:
            pool = self._pools.get(connector_id)
            if pool is None:
                timeout = connector.connection_timeout or self._connection_timeout
                pool = self._pools[connector_id] = _open(connector_id, connector, timeout)
        return pool


def _open(connector_id: str, connector: Connector, connection_timeout: float) -> _Pool:
    try:
        database, url = database_of(connector)
        engine = database.engine(url, connector, connection_timeout)
    except Exception as error:  # noqa: BLE001 - whatever SQLAlchemy or a driver says of the URL
        raise failures.unusable(error, connector_id) from None
    quote = engine.dialect.identifier_preparer.quote_identifier
    writer = Writer(connector.dialect, engine.dialect.paramstyle, quote, connector.identifiers)
    threads = ThreadPoolExecutor(connector.pool_size, f"sql-{connector_id}")
    pool = _Pool(connector, database, engine, writer, threads)
    weakref.finalize(pool, _let_go, threads, engine).atexit = False
    return pool


def _let_go(threads: ThreadPoolExecutor, engine: Engine) -> None:
    """Close what nobody can ask any more."""
    threads.shutdown(wait=False)
    engine.dispose()


def _connected(pool: _Pool, connector_id: str) -> Connection:
    try:
        return pool.engine.connect()
    except Exception as error:  # noqa: BLE001 - drivers have their own words for "not there"
        raise failures.unreachable(error, connector_id) from None


def _row(names: list[str], row: Any) -> Row:
    return {name: from_driver(value) for name, value in zip(names, row, strict=True)}


@dataclass(frozen=True, slots=True)
class _Task:
    """One statement to execute."""

    connector_id: str
    text: str
    values: tuple[Any, ...]
    first: bool
    connection_timeout: float
    query_timeout: float


class _Execution:
    """A statement: in a thread while it runs, and in the loop while somebody waits for it."""

    def __init__(self, pool: _Pool, task: _Task) -> None:
        self._pool = pool
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._connected = asyncio.Event()
        self._raw: Any = None
        self._unwanted = False
        self._lock = threading.Lock()  # a connection must not be cancelled once it serves somebody else

    # -------------------------------------------------------------------------------- in the event loop

    async def wait(self) -> list[Row]:
        """The rows; a statement that takes too long, or that nobody waits for any more, is cancelled."""
        future = self._pool.threads.submit(self._run)
        done = asyncio.wrap_future(future)
        done.add_done_callback(_noticed)
        connected = asyncio.ensure_future(self._connected.wait())
        either: set[asyncio.Future[Any]] = {done, connected}
        try:
            await asyncio.wait(
                either, timeout=self._task.connection_timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if not (done.done() or connected.done()) and self._withdraw(future):
                raise failures.no_connection(self._task.connector_id, self._task.connection_timeout)
            await asyncio.wait({done}, timeout=self._task.query_timeout + self._pool.database.grace)
            if done.done():
                return done.result()
            return await self._stopped(done)
        except asyncio.CancelledError:
            if not self._withdraw(future):
                await asyncio.shield(asyncio.ensure_future(self._stop(done)))
            raise
        finally:
            connected.cancel()

    async def _stopped(self, done: "asyncio.Future[list[Row]]") -> list[Row]:
        """Stop it; the rows if it came to its end in that moment."""
        await self._stop(done)
        if done.done() and done.exception() is None:
            return done.result()
        raise failures.timed_out(self._task.connector_id, self._task.query_timeout)

    async def _stop(self, done: "asyncio.Future[list[Row]]") -> None:
        """Ask until the thread is free: a request that comes before the statement begins has no effect."""
        for attempt in range(_GIVE_UP + 1):
            await asyncio.to_thread(self._cancel, hard=attempt == _GIVE_UP)
            await asyncio.wait({done}, timeout=_ASK_AGAIN)
            if done.done():
                return

    def _withdraw(self, future: "Future[list[Row]]") -> bool:
        """See to it that the statement is not executed; false if that has begun already."""
        if future.cancel():
            return True
        with self._lock:
            self._unwanted = True
            return self._raw is None

    def _cancel(self, *, hard: bool) -> None:
        with self._lock:
            if self._raw is not None:
                self._pool.database.cancel(self._raw, hard=hard)

    # ------------------------------------------------------------------------------------ in the thread

    def _run(self) -> list[Row]:
        with _connected(self._pool, self._task.connector_id) as connection:
            with self._lock:
                if self._unwanted:
                    return []
                self._raw = connection.connection.driver_connection
            self._loop.call_soon_threadsafe(self._connected.set)
            try:
                return self._execute(connection)
            except PipeFailure:
                raise
            except Exception as error:  # noqa: BLE001 - drivers raise errors of their own for values
                raise failures.of_statement(
                    error, self._task.connector_id, self._task.query_timeout
                ) from None
            finally:
                with self._lock:
                    self._raw = None

    def _execute(self, connection: Connection) -> list[Row]:
        self._pool.database.begin(connection, self._task.query_timeout)
        rows = self._read(connection.exec_driver_sql(self._task.text, self._task.values))
        if self._pool.connector.read_only:
            connection.rollback()
        else:
            connection.commit()
        return rows

    def _read(self, result: CursorResult[Any]) -> list[Row]:
        if not result.returns_rows:
            return []
        names = list(result.keys())
        if self._task.first:
            row = result.first()
            return [] if row is None else [_row(names, row)]
        most = self._pool.connector.max_rows
        rows = result.fetchmany(most + 1)
        if len(rows) > most:
            message = f"more than {most:,} rows; bound the query, or raise the connector's `max_rows`"
            raise PipeFailure("too_many_rows", message, kind="sql")
        return [_row(names, row) for row in rows]


def _noticed(done: "asyncio.Future[list[Row]]") -> None:
    """An error of an execution that nobody waits for any more is no news."""
    if not done.cancelled():
        done.exception()
