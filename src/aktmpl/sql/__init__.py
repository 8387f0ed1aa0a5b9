"""Text templates that are SQL: every reference becomes a bound parameter, whatever its quotes."""

from aktmpl.sql.lexer import Dialect
from aktmpl.sql.template import Bound, Members, Name, SqlPart, SqlTemplate

__all__ = ["Bound", "Dialect", "Members", "Name", "SqlPart", "SqlTemplate"]
