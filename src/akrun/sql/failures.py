"""Database errors as failures of a pipe: the database's own code and words, and no password."""

import re
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from akrun.errors import PipeFailure

_PASSING: Final = re.compile(r"40...|53...|55P03|SQLITE_(?:BUSY|LOCKED).*|1205|1213")
"""Codes of what may go well another time: serialization, deadlocks, resources, locks."""
_CANCELLED: Final = frozenset({"57014", "25P04", "SQLITE_INTERRUPT", "1969", "3024"})
_BUSY: Final = re.compile(r"SQLITE_BUSY.*")
_LOST: Final = re.compile(r"08...|57P0[1-5]|2006|2013|2055")
_UNREACHABLE: Final = re.compile(r"SQLITE_CANTOPEN.*|SQLITE_NOTADB.*")


def of_statement(error: Exception, connector_id: str, query_timeout: float) -> PipeFailure:
    """The failure for what was raised while a statement was executed."""
    if not isinstance(error, DBAPIError):
        kind = type(error).__name__
        message = f"a parameter or a row cannot be converted ({kind}): {_first_line(error)}"
        return PipeFailure("sql", message, kind="sql")
    code = _code(error.orig)
    if code in _CANCELLED or _BUSY.fullmatch(code):
        return timed_out(connector_id, query_timeout)
    if error.connection_invalidated or _LOST.fullmatch(code) or _UNREACHABLE.fullmatch(code):
        return unreachable(error, connector_id)
    return PipeFailure(code, _message(error.orig), kind="sql", retryable=bool(_PASSING.fullmatch(code)))


def timed_out(connector_id: str, query_timeout: float) -> PipeFailure:
    """The failure for a statement that took too long."""
    message = f"the statement on `{connector_id}` took more than {query_timeout:g} s and was cancelled"
    return PipeFailure("timeout", message, kind="timeout", retryable=True)


def no_connection(connector_id: str, connection_timeout: float) -> PipeFailure:
    """The failure for a connection that did not come in time."""
    message = f"no connection to `{connector_id}` within {connection_timeout:g} s"
    return PipeFailure("connection", message, kind="connection", retryable=True)


def unreachable(error: Exception, connector_id: str) -> PipeFailure:
    """The failure for a database that cannot be reached or was lost."""
    orig = error.orig if isinstance(error, DBAPIError) else None
    said = _message(orig) if orig is not None else type(error).__name__
    return PipeFailure("connection", f"`{connector_id}`: {said}", kind="connection", retryable=True)


def unusable(error: Exception, connector_id: str) -> PipeFailure:
    """The failure for a connector that cannot be used at all: a driver is missing, a URL is none."""
    if isinstance(error, ImportError):
        said = f"its driver is not installed (no module `{error.name}`)"
    elif isinstance(error, SQLAlchemyError):
        said = "its URL is none of a database that SQLAlchemy knows"  # the error's text may hold the URL
    else:
        said = f"its URL cannot be used ({type(error).__name__})"
    return PipeFailure("connector", f"the connector `{connector_id}`: {said}", kind="connector")


def _code(orig: Any) -> str:
    """The database's code: SQLSTATE, SQLite's name of the error, MySQL's number; else `sql`."""
    for name in ("sqlstate", "sqlite_errorname"):
        code = getattr(orig, name, None)
        if isinstance(code, str) and code:
            return code
    first = orig.args[0] if getattr(orig, "args", ()) else None
    return str(first) if isinstance(first, int) else "sql"


def _message(orig: Any) -> str:
    """The database's words without its details, which show values of rows."""
    primary = getattr(getattr(orig, "diag", None), "message_primary", None)
    if isinstance(primary, str) and primary:
        return primary
    last = orig.args[-1] if getattr(orig, "args", ()) else orig
    return _first_line(last)


def _first_line(said: Any) -> str:
    return (str(said).strip().splitlines() or [type(said).__name__])[0][:500]
