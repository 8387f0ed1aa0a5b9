"""The clock: dates that cannot be, a clock that is being set, records that are still to come."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from akrun.backend import Embedded
from akrun.doctor.checks import clock
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that goes by leaps: of the wall, and of the steady one."""

    def __init__(self, start: datetime = NOW, wall: float = 0.25, steady: float = 0.25) -> None:
        self._now, self._wall, self._steady = start, wall, steady
        self._monotonic = 100.0

    def now(self) -> datetime:
        self._now += timedelta(seconds=self._wall)
        return self._now

    def monotonic(self) -> float:
        self._monotonic += self._steady
        return self._monotonic

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the protocol's
        await asyncio.sleep(0)


def test_a_steady_one(tmp_path: Path) -> None:
    assert told(look(clock.check, scope_of(tmp_path, clock=Clock()))) == ["clock: 2026-11-24 12:00:00 UTC"]


@pytest.mark.parametrize("year", [1970, 2024, 2106])
def test_a_date_that_cannot_be(tmp_path: Path, year: int) -> None:
    scope = scope_of(tmp_path, clock=Clock(NOW.replace(year=year)))
    assert told(look(clock.check, scope), Level.FAIL) == [f"clock: it says {year}-11-24, which cannot be"]


@pytest.mark.parametrize(("wall", "told_as"), [(5.25, "+5.00 s"), (-4.75, "-5.00 s")])
def test_one_that_is_being_set(tmp_path: Path, wall: float, told_as: str) -> None:
    found = told(look(clock.check, scope_of(tmp_path, clock=Clock(wall=wall))), Level.WARN)
    assert found == [f"clock: it went {told_as} in 0.25 s: it is being set"]


def test_records_of_the_future(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    asyncio.run(dead_letter(tmp_path / "data" / "akrun.db", (NOW + timedelta(hours=2)).timestamp()))
    found = told(look(clock.check, scope_of(tmp_path, clock=Clock())), Level.WARN)
    assert found == ["clock: the newest record is of 2026-11-24 14:00:00 UTC: the clock was set back"]


async def dead_letter(path: Path, time: float) -> None:
    from tests.akrun.doctor.test_waiting import fill  # noqa: PLC0415

    async with Embedded(path) as backend:
        await fill(backend, ["status"], time=time)
