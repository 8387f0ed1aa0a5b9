"""What commands that run pipes share: the HTTP client and the connectors, opened and closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from akrun.engine.clock import SystemClock
from akrun.engine.event import Services
from akrun.engine.log import LogRecord, LogSink, server_record
from akrun.engine.secrets import Masker
from akrun.model.settings import Settings
from akrun.net.breaker import Breakers, BreakerState
from akrun.net.client import HttpClient
from akrun.net.guard import Guard
from akrun.observe.export import exported_spans
from akrun.pipes.spec import PipeDefaults
from akrun.sql import NoConnectors, open_connectors

if TYPE_CHECKING:
    from akrun.sql.connectors import Connectors


def pipe_defaults(settings: Settings) -> PipeDefaults:
    """What the settings say of pipes, for compiling a channel or reading a job by them."""
    return PipeDefaults(
        http_timeout=settings.pipe_http_timeout,
        http_max_conn=settings.pipe_http_max_conn,
        worker_size=settings.pipe_worker_size,
        scheduler_delay=settings.pipe_scheduler_delay,
        connectors=settings.connectors,
    )


def http_of(settings: Settings) -> HttpClient:
    """The HTTP client of the configuration; nothing is connected yet."""
    return HttpClient(
        guard=Guard(settings.http_allow),
        breakers=Breakers(SystemClock(), settings.breaker_failures, settings.breaker_reset),
    )


def sql_of(settings: Settings) -> "Connectors | NoConnectors":
    """The connectors of the configuration; nothing is connected yet.

    Raises:
        ConnectorError: There are connectors, but SQLAlchemy is not installed.
    """
    if not settings.connectors:
        return NoConnectors()
    return open_connectors(
        settings.connectors,
        connection_timeout=settings.pipe_sql_connection_timeout,
        query_timeout=settings.pipe_sql_query_timeout,
    )


@asynccontextmanager
async def opened_services(
    settings: Settings, log: LogSink, masker: Masker, sql: "Connectors | NoConnectors | None" = None
) -> AsyncIterator[Services]:
    """Services over the network and the configured databases, for as long as the context lasts.

    Args:
        settings: the configuration.
        log: where the channel's log goes.
        masker: hides the secrets of what is run.
        sql: the connectors, if they are there already; closed with the rest.

    Raises:
        ConnectorError: there are connectors, but SQLAlchemy is not installed.
    """
    sql = sql_of(settings) if sql is None else sql
    try:
        async with http_of(settings) as client, exported_spans() as observe:
            client.breakers.changed = lambda state: log(_changed(state))
            yield Services(client, log, masker=masker, sql=sql, traces=settings.traces, observe=observe)
    finally:
        await sql.aclose()


def _changed(state: BreakerState) -> LogRecord:
    """What is logged of a circuit breaker that has opened or closed."""
    opened = state.since is not None
    text = f"the circuit breaker of {state.origin} has {'opened' if opened else 'closed'}"
    fields = {"origin": state.origin, "state": state.state, "failures": state.failures}
    return server_record(text, SystemClock().now().timestamp(), "warn" if opened else "info", **fields)
