"""What is stored in the end, as each engine has it: all messages and jobs, and what contradicts itself."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akrun.backend import MessageState
from akrun.backend.cluster import units
from akrun.backend.cluster.subjects import token
from akrun.backend.cluster.tallies import total


@dataclass(frozen=True)
class Unit:
    """A message or job.

    Attributes:
        pipeline: that of a job; `mailing` for a message of a mailing.
        name: its id.
        message: which a job is of.
        resent: how often its requests were sent again.
        payload: None where it was let go of.
    """

    pipeline: str
    name: str
    message: str | None
    state: MessageState
    resent: int
    payload: bytes | None


_UNITS = """
SELECT 'mailing', id, NULL, state, resent, body FROM message LEFT JOIN payload ON message = no
UNION ALL SELECT pipeline, id, origin_message, state, resent, payload FROM job
"""


async def embedded_units(backend: Any) -> list[Unit]:
    """All messages and jobs in a database."""
    found: list[Unit] = await backend._read(_select, None)
    return found


def _select(connection: Any, _: None) -> list[Unit]:
    states = [*MessageState]
    return [
        Unit(pipeline, name, message, states[state], resent, payload)
        for pipeline, name, message, state, resent, payload in connection.execute(_UNITS)
    ]


async def cluster_units(backend: Any) -> list[Unit]:
    """All messages and jobs in a stream."""
    return [_unit(unit) async for unit in _stored(backend)]


async def _stored(backend: Any) -> AsyncIterator[units.MessageUnit | units.JobUnit]:
    async for record in backend._onward(f"{backend._subjects.prefix}.unit.*.*"):
        yield units.decode(record)


def _unit(unit: units.MessageUnit | units.JobUnit) -> Unit:
    resent = 0 if unit.outcome is None else unit.outcome.resent
    if isinstance(unit, units.JobUnit):
        return Unit(unit.pipeline, unit.id, unit.origin_message, unit.state, resent, unit.payload)
    return Unit("mailing", unit.id, None, unit.state, resent, unit.payload)


_TALLY = "pending, in_progress, done, failed, {skipped}, uncertain"
_SETTLED = """
SELECT unit FROM journal
LEFT JOIN message ON message.no = unit LEFT JOIN job ON job.no = -unit
WHERE ifnull(message.state, job.state) NOT IN (0, 1)
AND ifnull(message.id, job.id) NOT IN (SELECT ifnull(job, message_id) FROM dead_letter)
"""


def inconsistencies(database: Path) -> list[str]:
    """What is wrong within a database that no process has open."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        found = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        found += [f"{each} refers to nothing" for each in connection.execute("PRAGMA foreign_key_check")]
        for launch, *tally in connection.execute(
            f"SELECT launch, {_TALLY.format(skipped='skipped')} FROM tally"
        ):
            states = connection.execute("SELECT state FROM message WHERE launch = ?", (launch,))
            found += _differences(f"launch {launch}", tally, states)
        [tally] = connection.execute(f"SELECT {_TALLY.format(skipped='0')} FROM job_tally")
        found += _differences("jobs", tally, connection.execute("SELECT state FROM job"))
        found += [f"the journal of {unit}, which has its outcome" for (unit,) in connection.execute(_SETTLED)]
    return found


def _differences(what: str, tally: Iterable[int], rows: Iterable[tuple[Any, ...]]) -> list[str]:
    states = [state for (state,) in rows]
    told, counted = list(tally), [states.count(code) for code in range(6)]
    return [] if told == counted else [f"{what}: the tally says {told}, the rows {counted}"]


async def cluster_inconsistencies(backend: Any) -> list[str]:
    """What is wrong within a stream that no process works on."""
    subjects = backend._subjects
    places = f"{subjects.prefix}.work.>", f"{subjects.prefix}.at.>"
    waiting = [
        record.subject.rpartition(".")[2] for place in places async for record in backend._onward(place)
    ]
    letters = [record.subject.split(".") for record in await backend._many([subjects.all_dead])]
    kept = {(kind, name) for *_, kind, name in letters}
    found: list[str] = []
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    counted[subjects.dead_tally()]["letters"] = len(letters)
    async for unit in _stored(backend):
        counted[unit.tally(subjects, "*")][unit.state] += 1
        name = token(unit.id)
        if unit.outcome is None and name not in waiting:
            found.append(f"{unit.id} is {unit.state}, and in no queue")
        if unit.outcome is not None and unit.journal and (unit.kind, name) not in kept:
            found.append(f"the journal of {unit.id}, which has its outcome")
    for tally, counts in counted.items():
        if (told := total(await backend._many([tally]))) != counts:
            found.append(f"{tally} says {dict(told)}, the records {dict(counts)}")
    return found
