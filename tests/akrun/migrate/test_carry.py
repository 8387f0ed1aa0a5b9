"""What is carried over is on the other side as it was, and work goes on there."""

import shutil
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import ClassVar

import pytest

from akrun.backend import LaunchState, NewMessage, TraceRecord
from akrun.backend.errors import BackendBusyError, BackendError, RecordError
from akrun.migrate.carry import Carried, carry
from akrun.migrate.records import Batch
from akrun.migrate.rows import Kind
from akrun.migrate.target import Marker, Target
from tests.akrun.migrate.scene import answers, fill, source_at, target_at, work
from tests.contract.scene import DONE, Now, job, registered
from tests.nats_server import prefix_of

ALL = Carried([], before=False)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def filled(tmp_path: Path, now: Now) -> Path:
    """The directory of a database whose process died."""
    async with source_at(tmp_path, now) as source:
        await fill(source)
    now.seconds += 60.0
    return tmp_path


async def carried(directory: Path, now: Now, kind: type[Target] = Target) -> tuple[Carried, dict[Kind, int]]:
    """Carry, and say how it ended and what was told."""
    told: dict[Kind, int] = {}
    async with source_at(directory, now) as source, target_at(directory, now, kind) as target:
        return await carry(source, target, told.__setitem__, now), told


async def test_both_sides_answer_alike_and_work_goes_on_alike(filled: Path, now: Now) -> None:
    result, told = await carried(filled, now)
    assert result == ALL
    await _alike(filled, now, told)


async def _alike(directory: Path, now: Now, told: dict[Kind, int]) -> None:
    async with source_at(directory, now) as source, target_at(directory, now) as target:
        before = await answers(source)
        assert await answers(target) == before
        assert told == (await source.contents()).rows
        assert all(told.values())
        ours, theirs = await work(source), await work(target)
        assert len(ours) > 15
        assert theirs == ours
        after = await answers(source)
        assert after != before
        assert await answers(target) == after


class _Stopped(Exception):
    """The process was killed, as it were."""


class _Stopping(Target):
    """Stores one batch in each life, and is stopped at the second, or just behind it."""

    stops: ClassVar[Iterator[bool]]
    lives = 0

    async def _note(self, marker: Marker, batch: Batch | None = None) -> None:
        self.lives += 1
        if self.lives == 2 and (behind := next(self.stops)):
            await super()._note(marker, batch)
            raise _Stopped(behind)
        if self.lives > 2:
            raise _Stopped
        await super()._note(marker, batch)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches and pages of a few rows."""
    monkeypatch.setattr("akrun.migrate.target.BATCH_RECORDS", 8)
    monkeypatch.setattr("akrun.migrate.source.PAGE_ROWS", 3)


@pytest.mark.usefixtures("small")
async def test_a_migration_that_is_stopped_again_and_again_carries_everything_once(
    filled: Path, now: Now
) -> None:
    _Stopping.stops = cycle([True, False])
    lives = 0
    while True:
        lives += 1
        try:
            result, told = await carried(filled, now, _Stopping)
        except _Stopped:
            continue
        break
    assert lives > 10
    assert result == ALL
    await _alike(filled, now, told)


async def test_a_second_call_does_nothing(filled: Path, now: Now) -> None:
    await carried(filled, now)
    result, told = await carried(filled, now)
    assert result == Carried([], before=True)
    assert told == {}


async def test_work_on_the_source_meanwhile_is_told(filled: Path, now: Now) -> None:
    await carried(filled, now)
    async with source_at(filled, now) as source:
        await source.lease("L", 1)
    with pytest.raises(BackendError, match="or this one before more work was done on it"):
        await carried(filled, now)


@pytest.mark.parametrize("what", ["channels", "jobs", "store values"])
async def test_a_cluster_that_has_something_already_is_refused(what: str, tmp_path: Path, now: Now) -> None:
    async with target_at(tmp_path, now) as target:
        if what == "channels":
            await registered(target)
        elif what == "jobs":
            await target.enqueue([job(1)])
        else:
            await target.store_set("table", "key", b"", 60.0)
    with pytest.raises(BackendError, match=f"the cluster is not empty: it has {what};"):
        await carried(tmp_path, now)


async def test_a_source_in_use_is_refused(tmp_path: Path, now: Now) -> None:
    async with source_at(tmp_path, now):
        with pytest.raises(BackendBusyError, match="in use by process"):
            await carried(tmp_path, now)


async def test_an_empty_database_is_carried(tmp_path: Path, now: Now) -> None:
    result, told = await carried(tmp_path, now)
    assert result == ALL
    assert told == dict.fromkeys(Kind, 0)


async def test_what_is_not_the_same_is_told(filled: Path, now: Now) -> None:
    class Losing(Target):
        async def _note(self, marker: Marker, batch: Batch | None = None) -> None:
            await super()._note(marker, None if marker.kind is Kind.TRACE else batch)

    result, _told = await carried(filled, now, Losing)
    assert result == Carried(["traces: 2 and 0"], before=False)
    result, _told = await carried(filled, now)
    assert result == Carried(["traces: 2 and 0"], before=False)


async def test_a_load_that_was_cut_short_is_made_again(tmp_path: Path, now: Now) -> None:
    rows = [NewMessage(f"m{n}", f"p{n}", b"payload") for n in range(1500)]

    def cut_short() -> Iterator[NewMessage]:
        yield from rows[:1200]
        raise _Stopped

    async with source_at(tmp_path, now) as source:
        await registered(source)
        await source.launch(7, "L", b"{}")
        with pytest.raises(_Stopped):
            await source.load("L", cut_short())
        assert (await source.counts("L")).total == 1000
    assert (await carried(tmp_path, now))[0] == ALL
    async with target_at(tmp_path, now) as target:
        assert (await target.counts("L")).total == 1000
        assert (await target.load("L", rows)).loaded == 1500
        assert (await target.counts("L")).pending == 1500
        await target.set_launch_state("L", LaunchState.SENDING)
        assert [each.id for each in await target.lease("L", 3)] == ["m0", "m1", "m2"]


async def test_two_calls_at_once_are_refused(filled: Path, now: Now) -> None:
    copied = filled / "copy"
    copied.mkdir()
    shutil.copy(filled / "akrun.db", copied)
    async with (
        source_at(filled, now) as source,
        source_at(copied, now) as copy,
        target_at(filled, now) as target,
        target_at(filled, now) as other,
    ):
        fingerprint = await source.fingerprint()
        assert await copy.fingerprint() == fingerprint
        await target.begin(fingerprint)
        await other.begin(fingerprint)
        await target.take(Kind.EVENT, source.rows(Kind.EVENT))
        with pytest.raises(BackendError, match="another call of `akrun migrate` carries there"):
            await other.take(Kind.EVENT, copy.rows(Kind.EVENT))


@pytest.mark.parametrize("what", ["trace", "value"])
async def test_what_the_servers_do_not_take_is_named(what: str, filled: Path, now: Now) -> None:
    large = bytes(2 << 20)
    async with source_at(filled, now) as source:
        if what == "trace":
            await source.enqueue([job(50)])
            await source.lease_jobs(5000.0, 50)
            await source.finish_job("j50", DONE, trace=TraceRecord("j50", 1, 9.0, large))
            place = rf"{prefix_of(filled)}.trace.j50.\d+"
        else:
            await source.store_set("table", "large", large, 3600.0)
            place = "the value `large` of table `table`"
    with pytest.raises(RecordError, match=f"{place}: \\d+ bytes are too many for one record; .*max_payload"):
        await carried(filled, now)
