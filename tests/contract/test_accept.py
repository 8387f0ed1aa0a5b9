"""Requests under an idempotency key: carried out once, and answered alike."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from akrun.backend import Accepted, Backend, JobCounts, RecordError
from tests.contract.scene import Now, job

FIRST = Accepted(new=True, digest="d1", answer=b"\x00\xff")


async def test_the_first_request_is_stored_with_its_jobs(backend: Backend) -> None:
    assert await backend.accept("k", "d1", b"\x00\xff", [job(1), job(2)]) == FIRST
    again = await backend.accept("k", "d2", b"other", [job(3)])
    assert again == replace(FIRST, new=False)
    assert [each.id for each in await backend.lease_jobs(0.0, 9)] == ["j1", "j2"]


async def test_what_is_stored_can_be_looked_up(backend: Backend, make: Callable[[], Backend]) -> None:
    assert await backend.accepted("k") is None
    await backend.accept("k", "d1", b"\x00\xff", [job(1)])
    await backend.accept("empty", "d2", b"", [])
    assert await backend.accepted("k") == replace(FIRST, new=False)
    await backend.close()
    async with make() as again:
        assert await again.accepted("k") == replace(FIRST, new=False)
        assert await again.accepted("empty") == Accepted(new=False, digest="d2", answer=b"")
        assert await again.accepted("K") is None
        assert await again.forget_accepted(float("inf")) == 2
        assert await again.accepted("k") is None


async def test_keys_are_apart(backend: Backend) -> None:
    answers = [await backend.accept(key, "d1", b"", [job(1)]) for key in ("", "k", "K", "k\x00", "ключ")]
    assert [answer.new for answer in answers] == [True] * 5
    assert await backend.job_counts() == JobCounts(1, 0, 0, 0, 0)


async def test_of_many_at_once_one_is_stored(backend: Backend) -> None:
    answers = await asyncio.gather(
        *(backend.accept(f"k{n % 2}", f"d{n}", b"%d" % n, [job(n)]) for n in range(20))
    )
    first = {n % 2: answer for n, answer in enumerate(answers) if answer.new}
    assert len(first) == sum(answer.new for answer in answers) == 2
    assert all(replace(first[n % 2], new=answer.new) == answer for n, answer in enumerate(answers))
    stored = {each.id for each in await backend.lease_jobs(0.0, 99)}
    assert stored == {f"j{answer.digest[1:]}" for answer in first.values()}


async def test_nothing_is_stored_when_a_job_cannot_be(backend: Backend) -> None:
    with pytest.raises(RecordError, match="no time"):
        await backend.accept("k", "d1", b"", [job(1), job(2, due=float("inf"))])
    assert await backend.job_counts() == JobCounts(0, 0, 0, 0, 0)
    assert (await backend.accept("k", "d1", b"\x00\xff", [])) == FIRST


async def test_keys_are_kept_until_they_are_let_go_of(
    backend: Backend, make: Callable[[], Backend], now: Now
) -> None:
    for seconds in (100.0, 200.0, 300.0):
        now.seconds = seconds
        await backend.accept(f"k{seconds:.0f}", "d1", b"", [])
    assert await backend.forget_accepted(200.0) == 1
    await backend.close()
    async with make() as again:
        answers = [await again.accept(key, "d2", b"", []) for key in ("k100", "k200", "k300")]
        assert [answer.new for answer in answers] == [True, False, False]
        assert await again.forget_accepted(300.5) == 3
