"""Connectors: whether their databases answer, and refuse changes where they should."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.scope import Scope
from akrun.errors import PipeFailure
from akrun.sql import Connector, ConnectorError, open_connectors
from akrun.sql.connectors import Connectors
from aktmpl.sql import Dialect

PATIENCE: Final = 5.0
"""Seconds for a connection, and for a statement."""

_TABLE: Final = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name LIMIT 1"


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Ask each database the simplest question."""
    connectors = scope.settings.connectors
    if not connectors:
        yield ok("connectors", "the configuration has none")
        return
    try:
        opened = open_connectors(connectors, connection_timeout=PATIENCE, query_timeout=PATIENCE)
    except ConnectorError as error:
        yield fail("connectors", str(error), "pip install 'akrun[sql]'")
        return
    async with opened:
        looked = [asyncio.ensure_future(_looked_at(opened, *each)) for each in connectors.items()]
        for task in looked:
            for finding in await task:
                yield finding


async def _looked_at(opened: Connectors, name: str, connector: Connector) -> list[Finding]:
    subject = f"connectors.{name}"
    try:
        await _rows(opened, name, "SELECT 1")
    except PipeFailure as failure:
        return [fail(subject, failure.message, "check the URL, the account and the server")]
    findings = [ok(subject, f"{connector.dialect.name.lower()} answers")]
    if connector.read_only:
        findings.append(await _read_only(opened, name, connector))
    return findings


async def _read_only(opened: Connectors, name: str, connector: Connector) -> Finding:
    """Whether the database refuses changes; nothing is changed where it does not."""
    subject = f"connectors.{name}"
    refused: bool | None = None
    try:
        if connector.dialect is Dialect.POSTGRESQL:
            refused = await _rows(opened, name, "SHOW transaction_read_only") == [
                {"transaction_read_only": "on"}
            ]
        elif connector.dialect is Dialect.SQLITE:
            refused = await _sqlite_refuses(opened, name)
    except PipeFailure as failure:
        return fail(subject, failure.message, "check the rights of the account")
    if refused is None:
        message = "read_only has no effect on this kind of database"
        return warn(subject, message, "use an account that has no right to change anything")
    if refused:
        return ok(subject, "it refuses changes, as read_only wants it")
    return fail(subject, "it takes changes though read_only is set", "use an account that may only read")


async def _sqlite_refuses(opened: Connectors, name: str) -> bool:
    tables = await _rows(opened, name, _TABLE)
    if not tables:
        return True  # there is nothing that could be changed
    table = str(tables[0]["name"]).replace('"', '""')
    try:
        await _rows(opened, name, f'DELETE FROM "{table}" WHERE 0')  # noqa: S608 - quoted
    except PipeFailure as failure:
        if "READONLY" in str(failure.code):
            return True
        raise
    return False


async def _rows(opened: Connectors, name: str, statement: str) -> list[dict[str, object]]:
    rows = await opened.rows(name, (statement,), connection_timeout=PATIENCE, query_timeout=PATIENCE)
    return [dict(row) for row in rows]
