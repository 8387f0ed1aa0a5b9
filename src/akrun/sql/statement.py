"""A rendered statement as a driver takes it: text with placeholders, and the values for them."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from akrun.errors import PipeFailure
from aktmpl.errors import nearest
from aktmpl.sql import Bound, Dialect, Members, Name, SqlPart

_PLACEHOLDERS: Final[dict[str, Callable[[int], str]]] = {
    "qmark": lambda _: "?",
    "format": lambda _: "%s",
    "pyformat": lambda _: "%s",
    "numeric": lambda number: f":{number}",
    "numeric_dollar": lambda number: f"${number}",
}
_SCALARS = (str, int, float, bytes)


@dataclass(frozen=True, slots=True)
class Writer:
    """How statements are written for one database.

    Attributes:
        dialect: how it quotes.
        paramstyle: the driver's, as PEP 249 names it.
        quote: makes a quoted identifier of a name.
        identifiers: the names that may be quoted.
    """

    dialect: Dialect
    paramstyle: str
    quote: Callable[[str], str]
    identifiers: Collection[str]

    def write(self, parts: tuple[SqlPart, ...]) -> tuple[str, tuple[Any, ...]]:
        """The text and its values; raises PipeFailure for a name that is not allowed."""
        writing = _Writing(self)
        writing.parts(parts)
        return "".join(writing.text), tuple(writing.values)


@dataclass(slots=True)
class _Writing:
    writer: Writer
    text: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def parts(self, parts: tuple[SqlPart, ...]) -> None:
        for part in parts:
            match part:
                case str():
                    doubled = self.writer.paramstyle in ("format", "pyformat")
                    self.text.append(part.replace("%", "%%") if doubled else part)
                case Bound(value=value):
                    self.values.append(to_driver(value, self.writer.dialect))
                    self.text.append(_PLACEHOLDERS[self.writer.paramstyle](len(self.values)))
                case Name(text=name):
                    self.text.append(self.name(name))
                case Members():
                    self.members(part)

    def name(self, name: str) -> str:
        if name not in self.writer.identifiers:
            hint = nearest(name, self.writer.identifiers) or "list it in the connector's `identifiers`"
            message = f"the connector allows no name `{name[:80]}`; {hint}"
            raise PipeFailure("sql_identifier", message, kind="sql")
        return ".".join(map(self.writer.quote, name.split(".")))

    def members(self, part: Members) -> None:
        if not part.items:
            self.text.append(_empty(self.writer.dialect, negated=part.negated))
            return
        self.text.append("NOT IN (" if part.negated else "IN (")
        for number, item in enumerate(part.items):
            if number:
                self.text.append(", ")
            self.parts(item)
        self.text.append(")")


def _empty(dialect: Dialect, *, negated: bool) -> str:
    """`IN` over nothing, for a left side of any type: false, or true when negated."""
    if dialect is Dialect.POSTGRESQL:  # takes the type of its left side, which `IN` over a query would not
        return "<> ALL ('{}')" if negated else "= ANY ('{}')"
    nothing = "IN (SELECT NULL FROM (SELECT 1 AS one) AS no_member WHERE 1 = 0)"
    return f"NOT {nothing}" if negated else nothing


def to_driver(value: Any, dialect: Dialect) -> Any:
    """A template value as the driver binds it.

    Objects are JSON text. So are lists, except that PostgreSQL takes a list of scalars as an array.
    """
    if isinstance(value, list):
        is_array = dialect is Dialect.POSTGRESQL and all(
            element is None or isinstance(element, _SCALARS) for element in value
        )
        return value if is_array else _json(value)
    return _json(value) if isinstance(value, dict) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
