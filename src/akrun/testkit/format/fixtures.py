"""What a case finds there: values of the store, databases, and the answers to statements."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from akrun.model.base import Finding, Model
from akrun.testkit import codes
from akrun.testkit.format.kinds import FileOrList, Identifier


class StoreRow(Model):
    """A value in the key-value store, or a key that fails."""

    key: Any
    """The key."""
    table: StrictStr = ""
    """The table."""
    value: Any = None
    """The value."""
    ttl: StrictFloat = Field(default=86_400.0, gt=0, allow_inf_nan=False)
    """Seconds for which it is kept from the start of the case."""
    error: StrictStr | None = None
    """Instead of a value: reading or writing the key fails, and the store says this."""


class ConnectorFixture(Model):
    """A database of the test."""

    script: FileOrList = None
    """Builds a SQLite database that statements really run against: statements, or a file beside the test.
    Without one, only `sql` answers."""
    dialect: Literal["sqlite", "postgresql", "mysql", "standard"] = "sqlite"
    """How statements are written when there is no script."""
    read_only: StrictBool = False
    """Whether the database refuses changes."""
    identifiers: list[StrictStr] = Field(default_factory=list)
    """Names that `sql_identifier` may give."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        if self.script is not None and self.dialect != "sqlite":
            yield Finding(codes.CASE, "a database that is built by a script is SQLite", ("dialect",))


class SqlError(Model):
    """How a statement fails; the fields of `$error`."""

    message: StrictStr
    """What the database says."""
    code: StrictStr | StrictInt = "sql"
    """The database's code."""
    kind: Literal["sql", "timeout", "connection"] = "sql"
    """The family."""
    retryable: StrictBool = False
    """Whether it may go well another time."""


def _error(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) else value


class SqlMock(Model):
    """The answer to a statement: the first one that it fits."""

    connector: Identifier = None
    """The connector; any when absent."""
    statement: Any = None
    """The statement with `?` for each parameter, white space apart; `*` stands for anything. Or a matcher."""
    parameters: Any = None
    """The values that are bound, in order."""
    rows: list[dict[StrictStr, Any]] = Field(default_factory=list)
    """The rows."""
    error: Annotated[SqlError | None, BeforeValidator(_error, json_schema_input_type=SqlError | str)] = None
    """Instead of rows: it fails."""
