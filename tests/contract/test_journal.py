"""What an attempt records is there for the next one, until there is an outcome."""

import asyncio
from collections.abc import Callable

import pytest

from akrun.backend import Backend, NotFoundError, Outcome
from tests.contract.scene import (
    DONE,
    FAILED,
    UNCERTAIN,
    entry,
    job,
    leased,
    letter,
    only_letter,
    sending,
)


async def test_the_next_attempt_of_a_message_is_told(backend: Backend) -> None:
    await sending(backend, 2)
    [first] = await leased(backend)
    assert first.journal == ()
    own = entry("m0", checkpoint=b"\x00\xff", intent=3, resent=2, replays=1)
    branch = entry("m0", "/ветвь\x00", checkpoint=None, intent=None)
    await backend.record(branch)
    await backend.record(own)
    await backend.release(["m0"], started=True)
    assert [(each.id, each.journal) for each in await leased(backend, 2)] == [
        ("m0", (own, branch)),
        ("m1", ()),
    ]


async def test_the_next_attempt_of_a_job_is_told(backend: Backend) -> None:
    await backend.enqueue([job(1), job(2)])
    await backend.lease_jobs(0.0, 1)
    await backend.record(entry("j1", intent=0))
    await backend.release_jobs(["j1"], started=True)
    assert [(each.id, each.journal) for each in await backend.lease_jobs(0.0, 2)] == [
        ("j1", (entry("j1", intent=0),)),
        ("j2", ()),
    ]


async def test_an_entry_takes_the_place_of_the_one_before(backend: Backend) -> None:
    await sending(backend, 1)
    await leased(backend)
    for number in range(3):
        await backend.record(entry("m0", checkpoint=b"%d" % number, intent=number))
    await backend.record(entry("m0", checkpoint=None, intent=None))
    await backend.release(["m0"], started=True)
    [message] = await leased(backend)
    assert message.journal == (entry("m0", checkpoint=None, intent=None),)


async def test_an_empty_checkpoint_is_one(backend: Backend) -> None:
    await backend.enqueue([job(1)])
    await backend.lease_jobs(0.0, 1)
    await backend.record(entry("j1", checkpoint=b""))
    await backend.release_jobs(["j1"], started=True)
    [again] = await backend.lease_jobs(0.0, 1)
    assert again.journal[0].checkpoint == b""


async def test_it_outlives_the_process(backend: Backend, make: Callable[[], Backend]) -> None:
    await sending(backend, 1)
    await leased(backend)
    await backend.enqueue([job(1)])
    await backend.lease_jobs(0.0, 1)
    recorded = entry("m0", intent=3), entry("j1", "/1", resent=1)
    await asyncio.gather(*map(backend.record, recorded))
    await backend.close()
    async with make() as again:
        [message] = await leased(again)
        [leased_job] = await again.lease_jobs(0.0, 1)
        assert (message.journal, leased_job.journal) == (recorded[:1], recorded[1:])


async def test_who_lost_the_lease_may_not_record(backend: Backend) -> None:
    await sending(backend, 2)
    await backend.enqueue([job(1), job(2)])
    await leased(backend)
    await backend.lease_jobs(0.0, 1)
    await backend.release(["m0"])
    await backend.release_jobs(["j1"])
    for name in ("m0", "m1", "j1", "j2", "nobody"):
        with pytest.raises(NotFoundError, match=f"`{name}`"):
            await backend.record(entry(name))
    assert [each.journal for each in await leased(backend, 2)] == [(), ()]
    await backend.finish("m0", DONE)
    with pytest.raises(NotFoundError):
        await backend.record(entry("m0"))


async def test_of_many_at_once_only_those_without_a_lease_are_refused(backend: Backend) -> None:
    await sending(backend, 40)
    await leased(backend, 20)
    answers = await asyncio.gather(
        *(backend.record(entry(f"m{n}", checkpoint=b"%d" % n)) for n in range(40)), return_exceptions=True
    )
    assert answers[:20] == [None] * 20
    assert all(isinstance(answer, NotFoundError) for answer in answers[20:])
    await backend.release([f"m{n}" for n in range(20)], started=True)
    journals = [message.journal for message in await leased(backend, 40)]
    assert journals == [(entry(f"m{n}", checkpoint=b"%d" % n),) for n in range(20)] + [()] * 20


@pytest.mark.parametrize("outcome", [FAILED, UNCERTAIN], ids=["failed", "uncertain"])
async def test_with_a_dead_letter_it_stays(backend: Backend, outcome: Outcome) -> None:
    await backend.enqueue([job(1)])
    await backend.lease_jobs(0.0, 1)
    await backend.record(entry("j1", "/1", checkpoint=b"branch", resent=1))
    await backend.finish_job("j1", outcome, dead=letter())
    await backend.replay((await only_letter(backend)).id, 0.0)
    [again] = await backend.lease_jobs(0.0, 1)
    assert again.journal == (
        entry("j1", checkpoint=b"entered", replays=1),
        entry("j1", "/1", checkpoint=b"branch", resent=1),
    )
