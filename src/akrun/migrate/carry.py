"""A migration: all rows from the source to the target, then both sides compared."""

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import NamedTuple

from akrun.migrate.rows import Kind, LaunchRow
from akrun.migrate.source import Source
from akrun.migrate.target import Target


class Carried(NamedTuple):
    """How a migration ended.

    Attributes:
        differences: what is not the same on both sides; empty when all is there.
        before: whether an earlier call had carried everything, and nothing was done.
    """

    differences: list[str]
    before: bool


async def carry(
    source: Source, target: Target, tell: Callable[[Kind, int], None], clock: Callable[[], float] = time.time
) -> Carried:
    """Carry everything over; what an earlier call carried already is passed over.

    Args:
        source: the database, opened.
        target: the cluster, opened.
        tell: called when all rows of a kind are there, with how many they are.
        clock: seconds since the epoch, for values whose time is over.

    Raises:
        BackendError: the target is neither empty nor holds an unfinished migration of this source; also
            whatever either side refuses.
    """
    marker = await target.begin(await source.fingerprint())
    if marker.ended is not None:
        return Carried([], before=True)
    kinds = list(Kind)
    first = kinds.index(marker.kind)
    for number, kind in enumerate(kinds):
        count = marker.carried.get(kind, 0)
        if number >= first:
            after = marker.after if number == first else None
            async with aclosing(source.rows(kind, after)) as rows:
                count = await target.take(kind, rows)
        tell(kind, count)
    differences = await compare(source, target, clock())
    if not differences:
        await target.end()
    return Carried(differences, before=False)


async def compare(source: Source, target: Target, now: float) -> list[str]:
    """What is not the same on both sides: in the records themselves, and in what the backends count."""
    found = (await source.contents(now)).differences(await target.contents(now))
    async with aclosing(source.rows(Kind.LAUNCH)) as rows:
        async for row, _position in rows:
            assert isinstance(row, LaunchRow)
            launch_id = row.launch.launch_id
            ours = await source.counts(launch_id)
            if await target.find_launch(launch_id) is None:
                continue  # which was found already
            if (theirs := await target.counts(launch_id)) != ours:
                found.append(f"launch {launch_id}: {ours} and {theirs}")
    if (jobs := await source.job_counts()) != (theirs_jobs := await target.job_counts()):
        found.append(f"jobs: {jobs} and {theirs_jobs}")
    letters, theirs_letters = await source.count_dead_letters(), await target.count_dead_letters()
    if letters != theirs_letters:
        found.append(f"dead letters: {letters} and {theirs_letters}")
    return found
