"""Databases that pipes and audiences ask: connectors by id, statements with bound parameters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from akrun.sql.config import Connector, ConnectorError, connectors_of, read_connectors
from akrun.sql.protocol import NoConnectors, Sql

if TYPE_CHECKING:
    from akrun.sql.connectors import Connectors


def open_connectors(
    connectors: Mapping[str, Connector], *, connection_timeout: float = 10.0, query_timeout: float = 30.0
) -> "Connectors":
    """The connectors, ready to be asked; nothing is connected yet.

    Args:
        connectors: by id.
        connection_timeout: seconds (`PIPE_SQL_CONNECTION_TIMEOUT`), where neither pipe nor connector says.
        query_timeout: seconds (`PIPE_SQL_QUERY_TIMEOUT`), likewise.

    Raises:
        ConnectorError: SQLAlchemy is not installed.
    """
    try:
        from akrun.sql.connectors import Connectors  # noqa: PLC0415 - SQLAlchemy is an extra
    except ModuleNotFoundError as error:
        if error.name != "sqlalchemy":
            raise
        raise ConnectorError("connectors need SQLAlchemy: pip install 'akrun[sql]'") from None
    return Connectors(connectors, connection_timeout=connection_timeout, query_timeout=query_timeout)


__all__ = [
    "Connector",
    "ConnectorError",
    "NoConnectors",
    "Sql",
    "connectors_of",
    "open_connectors",
    "read_connectors",
]
