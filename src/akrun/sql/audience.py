"""An audience that a query over a connector gives."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.audience import count_rows
from akrun.model.audience_row import AudienceRow, RowFault
from akrun.model.audience_sql import read_rows
from akrun.model.channel import Channel
from akrun.model.located import LocatedDocument
from akrun.model.mailing import Audience
from akrun.sql.config import Connector, unknown_connector
from akrun.sql.protocol import Sql
from aktmpl import Environment, TemplateError
from aktmpl.source import Source
from aktmpl.sql import SqlPart

_QUERY = "/audience/query"
_CONNECTOR = "/audience/connector_id"


@dataclass(frozen=True, slots=True)
class QueryAudience:
    """The audience of a mailing, asked anew each time it is read.

    Attributes:
        sql: the connectors.
        connector_id: the one that is asked.
        statement: the query with the mailing's values bound.
        channel: whose subscription fields the rows carry.
    """

    sql: Sql
    connector_id: str
    statement: tuple[SqlPart, ...]
    channel: Channel

    def __str__(self) -> str:
        return f"the query over `{self.connector_id}`"

    def rows(self) -> Iterator[AudienceRow | Fault]:
        """The rows in the query's order, streamed; in the place of a broken one its faults. Blocks.

        Raises:
            PipeFailure: see `Sql.stream`.
        """
        for item in self._read():
            yield item.located() if isinstance(item, RowFault) else item

    def validate(self) -> int:
        """Read all of it: the number of rows, those to be skipped included.

        Raises:
            FileFaults: as of `validate_audience`.
            PipeFailure: see `Sql.stream`.
        """
        return count_rows(self._read())

    def _read(self) -> Iterator[AudienceRow | RowFault]:
        name = f"<connector {self.connector_id}>"
        with closing(self.sql.stream(self.connector_id, self.statement)) as rows:
            yield from read_rows(rows, name, self.channel)


def query_audience(  # noqa: PLR0913 - the two files, the configuration, and who executes
    audience: Audience,
    channel: Channel,
    located: LocatedDocument,
    *,
    constants: Mapping[str, Any],
    connectors: Mapping[str, Connector],
    sql: Sql,
) -> QueryAudience:
    """The audience that a mailing describes by `query` and `connector_id`.

    Args:
        audience: the mailing's; with a query.
        channel: the channel of the mailing.
        located: the mailing's file, for the places of faults.
        constants: the mailing's values by root; the query may refer to them.
        connectors: the configuration's.
        sql: executes the query.

    Raises:
        FileFaults: there is no such connector, the query is wrong, or a value that it reads is missing.
    """
    assert audience.query is not None
    connector_id = str(audience.connector_id)
    connector = connectors.get(connector_id)
    if connector is None:
        message, hint = unknown_connector(connector_id, connectors)
        raise FileFaults([located.fault(codes.MAILING_WRONG_VALUE, message, _CONNECTOR, hint)])
    source = Source(audience.query, located.source.name, _QUERY, located.origin(_QUERY))
    try:
        template = Environment(constants).compile_sql(audience.query, source, connector.dialect)
        statement = template.render(dict(constants))
    except TemplateError as error:
        raise FileFaults(error.faults) from None
    return QueryAudience(sql, connector_id, statement, channel)
