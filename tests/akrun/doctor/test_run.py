"""Running checks: deadlines, failures of checks themselves, secrets, order."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from akrun.doctor.finding import Finding, Level, ok, warn
from akrun.doctor.run import Check, Look, count, run_checks
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread
from tests.akrun.doctor.scene import scope_of


async def slow(_: Scope) -> AsyncIterator[Finding]:
    yield ok("first", "seen")
    await asyncio.Event().wait()
    yield ok("second", "never seen")


async def broken(_: Scope) -> AsyncIterator[Finding]:
    yield ok("first", "seen")
    raise ZeroDivisionError("by hunter22")


async def talkative(_: Scope) -> AsyncIterator[Finding]:
    yield warn("postgresql://u:hunter22@db/x", "refused for hunter22", "drop hunter22")


async def check(scope: Scope, *looks: Look, deadline: float = 5.0) -> list[tuple[Finding, ...]]:
    checks = [Check(look.__name__, look.__name__, look, deadline) for look in looks]
    checked = await run_checks(scope, checks)
    assert [each.check.name for each in checked] == [look.__name__ for look in looks]
    return [each.findings for each in checked]


async def test_a_check_ends_at_its_deadline_and_keeps_what_it_found(tmp_path: Path) -> None:
    [found] = await check(scope_of(tmp_path), slow, deadline=0.01)
    assert [(each.level, each.subject) for each in found] == [(Level.OK, "first"), (Level.FAIL, "slow")]
    assert "not at its end after 0.01 s" in found[1].message


async def test_a_check_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    failed, other = await check(scope_of(tmp_path), broken, talkative)
    assert failed[1].message == "the check itself failed: ZeroDivisionError: by hunter22"
    assert len(other) == 1


async def test_no_finding_shows_a_secret_of_the_configuration(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, toml='[connectors.crm]\nurl = "postgresql://u:hunter22@db/x"\n')
    found = await check(scope, broken, talkative)
    assert "hunter22" not in str(found)
    assert "***" in found[1][0].cure


async def test_findings_are_counted_by_level(tmp_path: Path) -> None:
    checks = [Check("a", "A", talkative), Check("b", "B", broken)]
    assert count(await run_checks(scope_of(tmp_path), checks)) == {Level.OK: 1, Level.WARN: 1, Level.FAIL: 1}


async def test_a_thread_gives_its_result_or_its_error() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_nobody_waits_for_a_thread_that_hangs() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await in_thread(release.wait)
    release.set()
    assert all(thread.daemon for thread in threading.enumerate() if "work" in thread.name)
