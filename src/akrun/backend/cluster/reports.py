"""The database for reports: events read on from the stream, each of them exactly once.

How far the stream was read stands in the same database and moves in the transaction that stores the rows. So
whatever dies, no event is lost or counted twice, and any number of processes may fill one database. It holds
nothing that is not in the stream: without it, it is filled anew.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from filelock import FileLock
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    and_,
    create_engine,
    distinct,
    event,
    func,
    insert,
    make_url,
    or_,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, SQLAlchemyError

from akrun.backend.errors import BackendError, UnavailableError
from akrun.backend.records import EventSummary, Report

R = TypeVar("R")

LAYOUT: Final = 1
"""Of the tables; a database with another one is filled anew."""

FILE: Final = "reports.db"
"""The database in the data directory, when no other is named."""


_LOCK: Final = 7_245_033_561_206
"""PostgreSQL's advisory lock that lets one process at a time make the tables."""


class Belongs(StrEnum):
    """What an event's message belongs to."""

    LAUNCH = "launch"
    CONTROL = "control"
    """A control run whose launch is none that was begun."""
    ITSELF = "itself"
    NOTHING = "nothing"
    """The message is none of ours."""


class EventRow(NamedTuple):
    """An event as a row; its data is JSON."""

    sequence: int
    send_message_id: str
    channel_id: int
    event_type: str
    action_type: int | None
    key: str
    time: float
    reason: str | None
    data: str
    profile_id: str | None
    mailing: str | None
    launch_id: str | None
    belongs: Belongs


class Scope(NamedTuple):
    """What a report is of: a mailing, which has these launches, or a launch, or everything."""

    mailing: str | None = None
    launch_id: str | None = None
    launches: Sequence[str] = ()


class _AnyText(TypeDecorator[str]):
    """Text in which NUL, which PostgreSQL does not take, is written as a backslash and a zero."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.replace("\\", "\\\\").replace("\0", "\\0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None or "\\" not in value:
            return value
        return "\\".join(part.replace("\\0", "\0") for part in value.split("\\\\"))


class Reports:
    """The tables `<prefix>_event` and `<prefix>_position` of a database; each call is for a thread.

    Args:
        url: SQLAlchemy's; the file in `data` when None.
        data: the data directory.
        prefix: tells installations apart.
    """

    def __init__(self, url: str | None, data: Path, prefix: str) -> None:
        self._url = url
        self._data = data
        self._metadata = MetaData()
        self._event = _event_table(prefix, self._metadata)
        self._position = Table(
            f"{prefix}_position",
            self._metadata,
            Column("stream", Text, primary_key=True),
            Column("sequence", BigInteger, nullable=False),
            Column("layout", Integer, nullable=False),
        )
        self._engine: Engine | None = None

    def open(self, stream: str) -> None:
        """Connect, and make ready for that stream: what was read of another one is let go of.

        Raises:
            UnavailableError: the database does not answer, or the URL is none.
        """
        engine = self._engine = self._make_engine()
        with _alone(engine):
            self._run(lambda connection: self._prepare(connection, stream), engine)

    def reach(self) -> None:
        """Look whether the database answers, and change nothing in it.

        Raises:
            UnavailableError: it does not.
        """
        engine = self._make_engine()
        try:
            self._run(lambda connection: connection.execute(select(1)), engine)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Let go of the connections."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def position(self) -> int:
        """The sequence of the last event that was stored; 0 before the first."""
        return self._run(
            lambda connection: int(connection.execute(select(self._position.c.sequence)).scalar_one())
        )

    def add(self, after: int, rows: Sequence[EventRow]) -> bool:
        """Store the rows that follow that position; False, and nothing is done, when another was first."""
        return self._run(lambda connection: self._add(connection, after, rows))

    def report(self, scope: Scope) -> Report:
        """Events by kind."""
        return self._run(lambda connection: self._report(connection, scope))

    def history(self, profile_id: str) -> list[EventRow]:
        """A profile's events by time, then in the order in which they came."""
        columns = self._event.c
        query = (
            select(self._event)
            .where(columns.profile_id == profile_id)
            .order_by(columns.time, columns.sequence)
        )
        return self._run(lambda connection: [EventRow(*row) for row in connection.execute(query)])

    def _make_engine(self) -> Engine:
        if self._url is None:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = self._url or f"sqlite:///{self._data.absolute() / FILE}"
        try:
            engine = create_engine(make_url(url), hide_parameters=True, pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            what = type(error).__name__  # not the text, which has the URL in it
            cure = "write one such as postgresql+psycopg://user@host/database, and install its driver"
            raise UnavailableError(f"report_database cannot be used ({what})", cure=cure) from None
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
        return engine

    def _prepare(self, connection: Connection, stream: str) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        self._metadata.create_all(connection)
        found = connection.execute(select(self._position.c.stream, self._position.c.layout)).all()
        if [tuple(row) for row in found] == [(stream, LAYOUT)]:
            return
        self._metadata.drop_all(connection)
        self._metadata.create_all(connection)
        connection.execute(insert(self._position).values(stream=stream, sequence=0, layout=LAYOUT))

    def _add(self, connection: Connection, after: int, rows: Sequence[EventRow]) -> bool:
        """The position first: a row that two processes want to change is what keeps them apart."""
        moved = connection.execute(
            update(self._position)
            .where(self._position.c.sequence == after)
            .values(sequence=rows[-1].sequence)
        )
        if moved.rowcount != 1:
            return False
        connection.execute(insert(self._event), [row._asdict() for row in rows])
        return True

    def _report(self, connection: Connection, scope: Scope) -> Report:
        columns = self._event.c
        known, unknown = self._conditions(scope)
        kind = columns.channel_id, columns.event_type, columns.action_type
        reasons: dict[tuple[Any, ...], dict[str, int]] = {}
        times = func.count().label("times")
        for *of_kind, reason, count in connection.execute(
            select(*kind, columns.reason, times)
            .where(known, columns.reason.is_not(None))
            .group_by(*kind, columns.reason)
            .order_by(times.desc(), columns.reason)
        ):
            reasons.setdefault(tuple(of_kind), {})[reason] = count
        rows = connection.execute(
            select(
                *kind,
                func.count(),
                func.count(distinct(columns.send_message_id)),
                func.min(columns.time),
                func.max(columns.time),
            )
            .where(known)
            .group_by(*kind)
            .order_by(columns.channel_id, columns.event_type, columns.action_type.nulls_first())
        )
        summaries = tuple(_summary(*row, reasons.get(tuple(row[:3]), {})) for row in rows)
        strangers = connection.execute(select(func.count()).select_from(self._event).where(unknown))
        return Report(summaries, strangers.scalar_one())

    def _conditions(self, scope: Scope) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """Which events of known messages a report counts, and which of unknown ones."""
        columns = self._event.c
        of_launch = columns.belongs == Belongs.LAUNCH
        of_nobody = columns.belongs == Belongs.NOTHING
        if scope.launch_id is not None:
            this = columns.launch_id == scope.launch_id
            return and_(of_launch, this), and_(of_nobody, this)
        if scope.mailing is not None:
            this = columns.mailing == scope.mailing
            claimed = or_(this, columns.launch_id.in_(scope.launches))
            return and_(of_launch, this), and_(of_nobody, claimed)
        return columns.belongs.in_([Belongs.LAUNCH, Belongs.ITSELF]), of_nobody

    def _run(self, work: Callable[[Connection], R], engine: Engine | None = None) -> R:
        """Do something in a transaction of its own."""
        engine = engine or self._engine
        assert engine is not None, "the backend opens it first"
        try:
            with engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise _translate(error) from error


def _summary(*columns: Any) -> EventSummary:
    return EventSummary(*columns)


def _event_table(prefix: str, metadata: MetaData) -> Table:
    table = Table(
        f"{prefix}_event",
        metadata,
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("send_message_id", _AnyText, nullable=False),
        Column("channel_id", BigInteger, nullable=False),
        Column("event_type", _AnyText, nullable=False),
        Column("action_type", BigInteger),
        Column("key", _AnyText, nullable=False),
        Column("time", Double, nullable=False),
        Column("reason", _AnyText),
        Column("data", _AnyText, nullable=False),
        Column("profile_id", _AnyText),
        Column("mailing", _AnyText),
        Column("launch_id", _AnyText),
        Column("belongs", Text, nullable=False),
    )
    for name, *columns in (
        ("profile", "profile_id", "time"),
        ("launch", "launch_id"),
        ("mailing", "mailing"),
    ):
        Index(f"{prefix}_event_{name}", *(table.c[column] for column in columns))
    return table


def _alone(engine: Engine) -> AbstractContextManager[object]:
    """Lets one process at a time make the tables of an SQLite file.

    Raises:
        UnavailableError: it cannot be a file there.
    """
    if engine.dialect.name != "sqlite":
        return nullcontext()
    path = Path(engine.url.database or ":memory:")
    if str(path) == ":memory:":
        raise UnavailableError("a database in memory is lost with its process", cure="name a file")
    if not path.parent.is_dir():  # which the lock would create
        raise UnavailableError("its directory does not exist", cure="create it", path=path)
    return FileLock(f"{path}.lock", mode=0o600)


def _set_up_sqlite(connection: Any, _: Any) -> None:
    """A power failure may take the last rows, which are read again; kill -9 may not."""
    for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _translate(error: SQLAlchemyError) -> BackendError:
    """A database's failure, without the URL."""
    reason = str(error.orig if isinstance(error, DatabaseError) else type(error).__name__).strip()
    cure = "check report_database, its account and the server"
    return UnavailableError(f"the database for reports: {reason.splitlines()[0]}", cure=cure)
