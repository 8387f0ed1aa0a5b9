"""`[connectors.<id>]` of the configuration: which databases pipes and audiences may ask, and how."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import (
    Field,
    PrivateAttr,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from akrun.errors import AkrunError
from akrun.model.base import UNKNOWN_KEY, Model
from akrun.model.secret_refs import SecretError, is_reference, resolve
from aktmpl.errors import nearest
from aktmpl.sql import Dialect

_DIALECTS: Final = {
    "sqlite": Dialect.SQLITE,
    "postgresql": Dialect.POSTGRESQL,
    "mysql": Dialect.MYSQL,
    "mariadb": Dialect.MYSQL,
}


@dataclass(frozen=True, slots=True)
class ConnectorFault:
    """One thing that is wrong with the connectors, without any secret.

    Attributes:
        path: Keys from the top of the configuration: `("connectors", "crm", "url")`.
        message: What is wrong there.
        hint: How to mend it, if that is known.
        unknown: Whether the last key of the path is one that there is not.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    unknown: bool = False

    def __str__(self) -> str:
        text = f"{'.'.join(map(str, self.path))}: {self.message}"
        return f"{text}; {self.hint}" if self.hint else text


class ConnectorError(AkrunError):
    """The configuration of connectors cannot be used; says everything that is wrong, and no secret.

    Attributes:
        faults: each of these things, where they lie in the connectors' tables.
    """

    def __init__(self, message: str, faults: tuple[ConnectorFault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Connector(Model):
    """One database."""

    url: SecretStr
    """SQLAlchemy's URL, such as `postgresql+psycopg://user:password@host/database` or `sqlite:///crm.db`
    (a relative path is seen from the configuration's folder); `env:NAME` and `file:PATH` stand for a URL."""
    read_only: StrictBool = False
    """Whether the database itself refuses every change (SQLite, PostgreSQL)."""
    identifiers: tuple[StrictStr, ...] = ()
    """Names that `${… | sql_identifier}` may give, as the database spells them: `users`, `public.orders`."""
    pool_size: StrictInt = Field(default=8, ge=1, le=1_000)
    """Most connections, and so most statements, at once."""
    connection_timeout: StrictFloat | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds until there is a connection; default `PIPE_SQL_CONNECTION_TIMEOUT`."""
    query_timeout: StrictFloat | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds for a statement and the reading of its rows; default `PIPE_SQL_QUERY_TIMEOUT`."""
    max_rows: StrictInt = Field(default=10_000, ge=1)
    """Most rows that a pipe takes; more are a failure. Audiences have no bound."""
    _written: SecretStr = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:  # noqa: ARG002 - the signature is pydantic's
        """Keep the URL as it is written; copies, in which it is resolved, have this one too."""
        self._written = self.url

    @property
    def written(self) -> SecretStr:
        """The URL as the configuration has it: a reference to it, or a path that is not absolute."""
        return self._written

    @property
    def dialect(self) -> Dialect:
        """How the database quotes."""
        scheme = urlsplit(self.url.get_secret_value()).scheme
        return _DIALECTS.get(scheme.partition("+")[0], Dialect.STANDARD)


def connectors_of(table: Any, base: Path, environ: Mapping[str, str] | None = None) -> dict[str, Connector]:
    """The connectors of a configuration's table `connectors`, by id.

    Args:
        table: id → keys of a connector, as it was read.
        base: the folder from which relative paths are seen.
        environ: where `env:NAME` looks; the process's environment when None.

    Raises:
        ConnectorError: with everything that is wrong.
    """
    if not isinstance(table, dict):
        message = "`connectors` must be a table: [connectors.crm]"
        raise ConnectorError(
            message, (ConnectorFault(("connectors",), "this is no table", "write [connectors.crm]"),)
        )
    found: dict[str, Connector] = {}
    faults: list[ConnectorFault] = []
    for name, keys in table.items():
        try:
            connector = Connector.model_validate(keys)
            url = _url(connector.url.get_secret_value(), base, os.environ if environ is None else environ)
        except ValidationError as error:
            faults.extend(_faults(name, error))
        except (SecretError, ValueError) as error:
            faults.append(ConnectorFault(("connectors", name, "url"), str(error)))
        else:
            found[name] = connector.model_copy(update={"url": SecretStr(url)})
    if faults:
        raise ConnectorError("\n".join(map(str, faults)), tuple(faults))
    return found


def read_connectors(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, Connector]:
    """The connectors of a TOML file; errors as of `connectors_of`, and OSError for one that is not there."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConnectorError(f"{path}: {error}") from None
    table = document.get("connectors", {})
    if not isinstance(table, dict):
        raise ConnectorError(f"{path}: `connectors` must be a table: [connectors.crm]")
    return connectors_of(table, path.parent, environ)


def unknown_connector(connector_id: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """Message and hint for an id that no connector has."""
    listed = "connectors: " + ", ".join(sorted(known)) if known else "the configuration has no [connectors.…]"
    return f"there is no connector `{connector_id[:80]}`", nearest(connector_id, known) or listed


def _url(written: str, base: Path, environ: Mapping[str, str]) -> str:
    url = resolve(written, base, environ).strip() if is_reference(written) else written
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme:
        raise ValueError("this is no URL of a database, such as sqlite:///crm.db")
    if scheme.partition("+")[0] != "sqlite":
        return url
    path, question, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or path in ("", ":memory:"):
        raise ValueError("a database in memory is another one for each connection: name a file")
    if path.startswith("file:"):
        return url
    return f"{scheme}:///{base.absolute() / path}{question}{query}"


def _faults(name: str, error: ValidationError) -> Iterator[ConnectorFault]:
    """What is wrong with a connector; the values are not shown, one of them is a secret."""
    for each in error.errors(include_url=False, include_input=False):
        path = ("connectors", name, *each["loc"])
        if each["type"] == UNKNOWN_KEY:
            known = [str(key) for key in each.get("ctx", {})["known"]]
            hint = nearest(str(each["loc"][-1]), known) or "keys: " + ", ".join(known)
            yield ConnectorFault(path, "unknown key", hint, unknown=True)
        else:
            yield ConnectorFault(path, f"{each['msg'][:1].lower()}{each['msg'][1:]}")
