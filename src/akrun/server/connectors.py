"""The databases of a worker: those of its own configuration, and those that other processes register."""

from typing import Final

from akrun.backend import ConnectorRecord
from akrun.engine.clock import Clock
from akrun.engine.log import Level, LogSink, server_record
from akrun.model.settings import Settings
from akrun.sql import ConnectorError, open_connectors
from akrun.sql.registration import registered_connector

_CURE: Final = "mend it where this worker runs and start it anew, or give it a [connectors.{}] of its own"


class KnownConnectors:
    """The connectors as they are now; a change makes others, and who has begun with the old ones keeps them.

    Args:
        settings: Whose connectors go before those that are registered with their ids.
        clock: The time, for the log.
        log: Where it is said what is taken on, and what cannot be.

    Attributes:
        known: The connectors by id.
        sql: Asks their databases.

    Raises:
        ConnectorError: SQLAlchemy is not installed.
    """

    def __init__(self, settings: Settings, clock: Clock, log: LogSink) -> None:
        self._own = settings.connectors
        self._clock = clock
        self._log = log
        self._complaints: dict[str, str] = {}
        self.known = self._own
        self.sql = open_connectors(
            self.known,
            connection_timeout=settings.pipe_sql_connection_timeout,
            query_timeout=settings.pipe_sql_query_timeout,
        )

    async def aclose(self) -> None:
        """Close the connections that are left."""
        await self.sql.aclose()

    def take(self, record: ConnectorRecord) -> bool:
        """Take on a registered connector; whether that changes anything.

        One that cannot be used here is logged: what was known by its id, if anything, stays.
        """
        if record.id in self._own:
            return False
        try:
            connector = registered_connector(record)
        except ConnectorError as error:
            self._complain(record.id, str(error))
            return False
        self._complaints.pop(record.id, None)
        if self.known.get(record.id) == connector:
            return False
        self.known = {**self.known, record.id: connector}
        self.sql = self.sql.replaced(self.known)
        self._say("info", f"the connector {record.id} is used as it is registered now", record.id)
        return True

    def _complain(self, connector: str, why: str) -> None:
        """Log why a connector cannot be used, once for each reason."""
        if self._complaints.get(connector) != why:
            self._complaints[connector] = why
            text = f"the connector {connector} as it is registered now cannot be used here: {why}"
            self._say("error", f"{text}; {_CURE.format(connector)}", connector)

    def _say(self, level: Level, text: str, connector: str) -> None:
        self._log(server_record(text, self._clock.now().timestamp(), level, connector=connector))
