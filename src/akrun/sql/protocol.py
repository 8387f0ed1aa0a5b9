"""What pipes ask of databases; the runtime is given one thing that can do it."""

from collections.abc import Generator
from typing import Any, Protocol

from akrun.errors import PipeFailure
from akrun.sql.config import unknown_connector
from aktmpl.sql import Dialect, SqlPart

Row = dict[str, Any]


class Sql(Protocol):
    """The connectors, by id."""

    def dialect(self, connector_id: str, /) -> Dialect:
        """How a connector's database quotes; raises PipeFailure of kind `connector` for an unknown id."""
        ...

    async def rows(
        self,
        connector_id: str,
        statement: tuple[SqlPart, ...],
        *,
        first: bool = False,
        connection_timeout: float | None = None,
        query_timeout: float | None = None,
    ) -> list[Row]:
        """Execute one statement in a transaction of its own.

        Args:
            connector_id: which database.
            statement: what `SqlTemplate.render` gives.
            first: read no more than the first row.
            connection_timeout: seconds until there is a connection; the connector's own when None.
            query_timeout: seconds for the statement and its rows; the connector's own when None.

        Returns:
            The rows: column → value that JSON has, or bytes. None for a statement without rows.

        Raises:
            PipeFailure: of kind `connector` (there is none with that id, or it cannot be used), `connection`,
                `timeout` (the statement is cancelled, its changes undone) or `sql`.
        """
        ...

    def stream(self, connector_id: str, statement: tuple[SqlPart, ...]) -> Generator[Row, None, None]:
        """The rows of a query one by one, in memory that does not grow; blocks. Errors as of `rows`.

        Whoever does not read it to the end closes it, which gives the connection back.
        """
        ...


class NoConnectors:
    """Stands where the configuration has no connectors: every use fails and says so."""

    async def aclose(self) -> None:
        """There is nothing to close."""

    def dialect(self, connector_id: str, /) -> Dialect:
        """Refuse."""
        raise no_connector(connector_id, {})

    async def rows(
        self,
        connector_id: str,
        statement: tuple[SqlPart, ...],  # noqa: ARG002 - the protocol's
        *,
        first: bool = False,  # noqa: ARG002
        connection_timeout: float | None = None,  # noqa: ARG002
        query_timeout: float | None = None,  # noqa: ARG002
    ) -> list[Row]:
        """Refuse."""
        raise no_connector(connector_id, {})

    def stream(self, connector_id: str, statement: tuple[SqlPart, ...]) -> Generator[Row, None, None]:  # noqa: ARG002
        """Refuse."""
        raise no_connector(connector_id, {})


def no_connector(connector_id: str, known: dict[str, Any]) -> PipeFailure:
    """The failure for an id that no connector has."""
    message, hint = unknown_connector(connector_id, known)
    return PipeFailure("connector", f"{message}; {hint}", kind="connector")
