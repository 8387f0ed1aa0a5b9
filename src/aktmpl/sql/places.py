"""Where in a statement a parameter can stand: the words and marks before and behind it decide."""

from dataclasses import dataclass, field
from typing import Final

from aktmpl.sql.lexer import Dialect, Kind, Token

IDENTIFIER_HINT: Final = (
    "a name is no parameter: write ${… | sql_identifier}, and allow it in the connector's `identifiers`"
)

_BEFORE_NAME: Final = frozenset(  # a list of words reads better as words
    """FROM JOIN INTO UPDATE TABLE AS COLLATE VIEW INDEX SCHEMA DATABASE COLUMN CONSTRAINT REFERENCES ONLY USE
    TRUNCATE DESCRIBE CALL EXEC EXECUTE WITH RECURSIVE WINDOW OVER SAVEPOINT PRAGMA SEQUENCE""".split()  # noqa: SIM905
)
_CLAUSES: Final = frozenset(
    """SELECT FROM WHERE HAVING ON SET VALUES INTO LIMIT OFFSET RETURNING UNION EXCEPT INTERSECT USING BY
    WINDOW JOIN""".split()  # noqa: SIM905
)
_FUNCTIONS_WITH_FROM: Final = frozenset({"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"})
_TYPED_LITERALS: Final = frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL"})
_LISTS_OF_NAMES: Final = {"FROM": "a table", "SET": "a column"}
_SORTED_BY: Final = "a value as a whole sorts and groups nothing"
_OPERANDS: Final = (Kind.STRING, Kind.DOUBLE, Kind.NAME, Kind.OPAQUE, Kind.NUMBER, Kind.HOLE)
_JOINED: Final = (Kind.WORD, *_OPERANDS)


@dataclass(slots=True)
class _Level:
    """What is known within one pair of parentheses."""

    opener: str = ""
    clause: str = ""
    names: bool = False


@dataclass(slots=True)
class Place:
    """The place between the tokens read so far and the rest of the statement."""

    dialect: Dialect
    before: list[Token] = field(default_factory=list)
    _levels: list[_Level] = field(default_factory=lambda: [_Level()])

    def read(self, token: Token) -> None:
        """Go on behind a token that is neither space nor comment."""
        level = self._levels[-1]
        if token.text == "(":
            opener = self.before[-1].word if self.before else ""
            self._levels.append(_Level(opener, names=level.clause == "INTO"))
        elif token.text == ")" and len(self._levels) > 1:
            self._levels.pop()
        elif token.word in _CLAUSES and token.kind is Kind.WORD:
            level.clause = token.word
            level.names = False
        self.before = [*self.before[-2:], token]

    def objection(self, token: Token, behind: Token | None) -> tuple[str, str | None] | None:
        """Why the token, which holds a reference, cannot be a parameter here; with a hint."""
        last = self.before[-1] if self.before else None
        if last is None:
            return "a statement cannot begin with a reference", None
        if token.kind is Kind.HOLE:
            if last.end == token.start and last.kind in _JOINED:
                return f"the reference is joined to {_shown(last)}", IDENTIFIER_HINT
            if behind is not None and behind.start == token.end and behind.kind in _JOINED:
                return f"the reference is joined to {_shown(behind)}", IDENTIFIER_HINT
        if last.text == "." or (behind is not None and behind.text == "."):
            return "the reference stands for a part of a name", IDENTIFIER_HINT
        if behind is not None and behind.text == "(":
            return "the reference stands for the name of a function", None
        if last.text == "::":
            return "the reference stands for a type", None
        if last.kind in _OPERANDS or last.text == ")":
            return "no parameter can stand here: an operator or a comma is missing before it", None
        return self._in_clause(last) or self._typed_literal(last, token)

    def _in_clause(self, last: Token) -> tuple[str, str | None] | None:
        level = self._levels[-1]
        if level.names:
            return "the reference stands for a column", IDENTIFIER_HINT
        word = last.word if last.kind is Kind.WORD else ""
        if word == "FROM" and self._value_after_from(level):
            return None
        if word in _BEFORE_NAME:
            return f"the reference stands for a name: `{word}` stands before it", IDENTIFIER_HINT
        if word == "SET" or (last.text == "," and level.clause in _LISTS_OF_NAMES):
            what = _LISTS_OF_NAMES[level.clause or "SET"]
            return f"the reference stands for {what}", IDENTIFIER_HINT
        if word == "BY" or (last.text == "," and level.clause == "BY"):
            return _SORTED_BY, IDENTIFIER_HINT
        return None

    def _value_after_from(self, level: _Level) -> bool:
        """`IS DISTINCT FROM x`, `EXTRACT(YEAR FROM x)`."""
        words = [each.word for each in self.before[:-1]]
        is_distinct = words[-1:] == ["DISTINCT"] and words[-2:-1] != ["SELECT"]
        return is_distinct or level.opener in _FUNCTIONS_WITH_FROM

    def _typed_literal(self, last: Token, token: Token) -> tuple[str, str | None] | None:
        if token.kind is not Kind.STRING or last.word not in _TYPED_LITERALS:
            return None
        if self.dialect is Dialect.SQLITE or (self.dialect is Dialect.MYSQL and last.word == "INTERVAL"):
            return None
        message = f"after `{last.word}` only a constant can stand"
        return message, f"write CAST({token.text.replace(chr(0), '…')} AS {last.text})"


def _shown(token: Token) -> str:
    return f"`{token.text[:40]}`" if token.kind in (Kind.WORD, Kind.NUMBER) else str(token.kind)
