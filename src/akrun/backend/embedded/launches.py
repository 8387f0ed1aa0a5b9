"""Launches of mailings in the embedded backend: states and counts."""

import sqlite3
from typing import NamedTuple

from akrun.backend.embedded.core import Core
from akrun.backend.embedded.writer import each
from akrun.backend.errors import ConflictError, NotFoundError
from akrun.backend.launch_states import ENDS, require_none_left, require_way
from akrun.backend.records import Counts, Launch, LaunchState

_LAUNCH = (
    "SELECT mailing.id, launch.id, launch.state, launch.constants,"
    " pending + in_progress + done + failed + skipped + uncertain,"
    " launch.created, launch.started, launch.finished, launch.audience_digest"
    " FROM launch JOIN mailing ON mailing.no = launch.mailing JOIN tally ON tally.launch = launch.no"
)


class _Begin(NamedTuple):
    mailing_id: int | str
    launch_id: str
    constants: bytes
    now: float


class _Move(NamedTuple):
    launch_id: str
    state: LaunchState
    now: float


def launch_number(connection: sqlite3.Connection, launch_id: str) -> tuple[int, LaunchState]:
    """A launch's row number and state.

    Raises:
        NotFoundError: no such launch.
    """
    row = connection.execute("SELECT no, state FROM launch WHERE id = ?", (launch_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"there is no launch `{launch_id}`")
    return row[0], LaunchState(row[1])


def mailing_number(connection: sqlite3.Connection, mailing_id: int | str) -> int:
    """A mailing's row number.

    Raises:
        NotFoundError: no such mailing.
    """
    row = connection.execute("SELECT no FROM mailing WHERE key = ?", (str(mailing_id),)).fetchone()
    if row is None:
        raise NotFoundError(f"there is no mailing `{mailing_id}`")
    return int(row[0])


def _one(connection: sqlite3.Connection, launch_id: str) -> Launch | None:
    rows = connection.execute(f"{_LAUNCH} WHERE launch.id = ?", (launch_id,))
    return next((_launch(*row) for row in rows), None)


def existing(connection: sqlite3.Connection, launch_id: str) -> Launch:
    """A launch by its id.

    Raises:
        NotFoundError: no such launch.
    """
    if (launch := _one(connection, launch_id)) is None:
        raise NotFoundError(f"there is no launch `{launch_id}`")
    return launch


def _launch(mailing_id: int | str, launch_id: str, state: str, *rest: object) -> Launch:
    return Launch(mailing_id, launch_id, LaunchState(state), *rest)  # type: ignore[arg-type]


def _of_mailing(connection: sqlite3.Connection, mailing_id: int | str) -> list[Launch]:
    rows = connection.execute(f"{_LAUNCH} WHERE mailing.key = ? ORDER BY launch.no", (str(mailing_id),))
    return [_launch(*row) for row in rows]


def _in_state(connection: sqlite3.Connection, state: LaunchState) -> list[Launch]:
    rows = connection.execute(f"{_LAUNCH} WHERE launch.state = ? ORDER BY launch.no", (state.value,))
    return [_launch(*row) for row in rows]


def _latest(connection: sqlite3.Connection, mailing_id: int | str) -> Launch | None:
    rows = connection.execute(
        f"{_LAUNCH} WHERE mailing.key = ? ORDER BY launch.no DESC LIMIT 1", (str(mailing_id),)
    )
    return next((_launch(*row) for row in rows), None)


def _begin(connection: sqlite3.Connection, begin: _Begin) -> Launch:
    mailing = mailing_number(connection, begin.mailing_id)
    held = connection.execute("SELECT mailing FROM launch WHERE id = ?", (begin.launch_id,)).fetchone()
    if held is None:
        number = connection.execute(
            "INSERT INTO launch (id, mailing, state, constants, created) VALUES (?, ?, ?, ?, ?)",
            (begin.launch_id, mailing, LaunchState.LOADING.value, begin.constants, begin.now),
        ).lastrowid
        connection.execute("INSERT INTO tally (launch) VALUES (?)", (number,))
    elif held[0] != mailing:
        raise ConflictError(f"launch `{begin.launch_id}` belongs to another mailing than {begin.mailing_id}")
    return existing(connection, begin.launch_id)


def _move(connection: sqlite3.Connection, move: _Move) -> Launch:
    number, state = launch_number(connection, move.launch_id)
    if state is move.state:
        return existing(connection, move.launch_id)
    require_way(move.launch_id, state, move.state)
    if move.state is LaunchState.FINISHED:
        require_none_left(move.launch_id, _tally(connection, number))
    started = move.now if move.state is LaunchState.SENDING else None
    finished = move.now if move.state in ENDS else None
    connection.execute(
        "UPDATE launch SET state = ?, started = ifnull(started, ?), finished = ? WHERE no = ?",
        (move.state.value, started, finished, number),
    )
    return existing(connection, move.launch_id)


def _tally(connection: sqlite3.Connection, number: int) -> Counts:
    row = connection.execute(
        "SELECT done, failed, skipped, uncertain, pending, in_progress FROM tally WHERE launch = ?",
        (number,),
    ).fetchone()
    return Counts(sum(row), *row)


def _counts(connection: sqlite3.Connection, launch_id: str) -> Counts:
    number, _state = launch_number(connection, launch_id)
    return _tally(connection, number)


BEGIN = each(_begin)
MOVE = each(_move)


class EmbeddedLaunches(Core):
    """The `Launches` protocol, but for loading."""

    async def launch(self, mailing_id: int | str, launch_id: str, constants: bytes) -> Launch:
        """See `Launches.launch`."""
        return await self._write(BEGIN, _Begin(mailing_id, launch_id, constants, self._clock()))

    async def find_launch(self, launch_id: str) -> Launch | None:
        """See `Launches.find_launch`."""
        return await self._read(_one, launch_id)

    async def latest_launch(self, mailing_id: int | str) -> Launch | None:
        """See `Launches.latest_launch`."""
        return await self._read(_latest, mailing_id)

    async def launches(self, mailing_id: int | str) -> list[Launch]:
        """See `Launches.launches`."""
        return await self._read(_of_mailing, mailing_id)

    async def launches_in(self, state: LaunchState) -> list[Launch]:
        """See `Launches.launches_in`."""
        return await self._read(_in_state, state)

    async def set_launch_state(self, launch_id: str, state: LaunchState) -> Launch:
        """See `Launches.set_launch_state`."""
        return await self._write(MOVE, _Move(launch_id, state, self._clock()))

    async def counts(self, launch_id: str) -> Counts:
        """See `Launches.counts`."""
        return await self._read(_counts, launch_id)
