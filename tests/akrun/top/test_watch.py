"""What is seen of a backend that others work on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from akrun.backend import (
    Backend,
    Control,
    ControlKind,
    Embedded,
    Launch,
    LaunchState,
    MailingRecord,
    MessageState,
    NewControl,
    NewMessage,
    Outcome,
)
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.members import Announcement
from akrun.engine.clock import VirtualClock
from akrun.top.served import Served
from akrun.top.snapshot import Breaker, Failure, Process
from akrun.top.watch import ENDED_SHOWN, Watch
from tests.contract.scene import DONE, job, letter, registered, sending
from tests.nats_server import prefix_of, shared

FAILED = Outcome(MessageState.FAILED, 4, {"code": "500", "message": "busy"}, 11.0)
BREAKERS = (
    {"origin": "https://a", "state": "open", "failures": 5, "waiting": 2},
    {"origin": "https://b", "state": "closed", "failures": 1, "waiting": 0},
)
SERVED = Served("here", 41, 900.0, BREAKERS)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(1970, 1, 1, 0, 20, tzinfo=UTC))


@pytest.fixture
async def backend(
    tmp_path: Path,
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[Embedded]:
    async with Embedded(tmp_path / "akrun.db", durability="normal") as opened:
        yield opened


def watching(backend: Backend, clock: VirtualClock, served: Served | None = None) -> Watch:
    async def ask() -> Served | None:
        return served

    return Watch(backend, "here", clock, ask)


async def finish(backend: Backend, number: int) -> None:
    for message in await backend.lease("L", number):
        assert await backend.finish(message.id, DONE)


async def launched(backend: Backend, mailing: int, *states: LaunchState) -> Launch:
    """A launch of a mailing to one profile, moved on through these states."""
    name = f"L{mailing}"
    await backend.register_mailing(MailingRecord(mailing, "sms", f"Mailing {mailing}", b"{}", "cc"))
    launch = await backend.launch(mailing, name, b"{}")
    await backend.load(name, [NewMessage(f"m-{mailing}", "p", b"")])
    for state in states:
        launch = await backend.set_launch_state(name, state)
    return launch


async def test_rates_are_told_by_how_it_was_before(backend: Embedded, clock: VirtualClock) -> None:
    await sending(backend, 50)
    await backend.enqueue([job(1), job(2), job(3, due=5000.0)])
    watch = watching(backend, clock, SERVED)
    first = await watch.look()
    assert (first.rate, first.mailings[0].rate, first.mailings[0].eta) == (0.0, 0.0, None)
    await finish(backend, 20)
    await backend.lease("L", 5)
    for leased in await backend.lease_jobs(1000.0, 9):
        assert await backend.finish_job(leased.id, DONE)
    await clock.advance(2.0)
    seen = await watch.look()
    [line] = seen.mailings
    assert (line.id, line.name, line.channel, line.state) == (7, "Spring", "sms", "sending")
    assert (line.rate, line.left, line.eta) == (10.0, 30, 3.0)
    assert (seen.jobs.pending, seen.jobs.done, seen.job_rate, seen.rate) == (1, 2, 1.0, 11.0)
    assert (seen.time, seen.place, seen.shared) == (1202.0, "here", False)
    await clock.advance(60.0)
    assert (await watch.look()).rate == 0.0


async def test_a_process_that_is_alone_has_everything_in_hand(backend: Embedded, clock: VirtualClock) -> None:
    await sending(backend, 50)
    await backend.enqueue([job(1)])
    await backend.lease("L", 5)
    await backend.lease_jobs(1000.0, 1)
    seen = await watching(backend, clock, SERVED).look()
    assert seen.processes == (Process("serve", "here", 41, 900.0, 6, None, 0.0),)
    assert seen.breakers == (Breaker("https://a", 1, 2),)
    seen = await watching(backend, clock).look()
    assert (seen.processes, seen.breakers) == ((), ())


async def test_a_replay_makes_no_rate(backend: Embedded, clock: VirtualClock) -> None:
    await sending(backend, 1)
    [message] = await backend.lease("L", 1)
    await backend.finish(message.id, FAILED, dead=letter())
    watch = watching(backend, clock)
    await watch.look()
    await backend.replay((await backend.dead_letters())[0].id, 1000.0)
    await clock.advance(1.0)
    assert (await watch.look()).rate == 0.0


async def test_failures_are_of_dead_letters(backend: Embedded, clock: VirtualClock) -> None:
    await sending(backend, 3)
    for message in await backend.lease("L", 3):
        await backend.finish(message.id, FAILED, dead=letter())
    seen = await watching(backend, clock).look()
    assert (seen.dead_letters, seen.failures) == (3, (Failure("message", 4, "None", "None", 3, 11.0),))


async def test_what_is_under_way_comes_first_then_what_ended_last(
    backend: Embedded, clock: VirtualClock
) -> None:
    await sending(backend, 1)
    for number in range(20, 28):
        await launched(backend, number, LaunchState.STOPPED)
    await launched(backend, 10, LaunchState.SENDING, LaunchState.PAUSED)
    await launched(backend, 11)
    control = await submitted(backend, 12)
    seen = await watching(backend, clock).look()
    shown = [(each.id, each.state) for each in seen.mailings]
    assert shown[:4] == [(7, "sending"), (10, "paused"), (11, "ready"), (12, "moderating")]
    assert shown[4:] == [(number, "stopped") for number in (27, 26, 25, 24, 23)]
    assert len(shown) == 4 + ENDED_SHOWN
    await backend.decide_control(control.id, granted=False)
    assert 12 not in [each.id for each in (await watching(backend, clock).look()).mailings]


async def submitted(backend: Backend, mailing: int, kind: ControlKind = ControlKind.MODERATE) -> Control:
    await backend.register_mailing(MailingRecord(mailing, "sms", f"Mailing {mailing}", b"{}", "cc"))
    return await backend.begin_control(NewControl(f"C{mailing}", mailing, kind, f"L{mailing}", "c", b"{}"))


async def test_one_that_is_to_stop(backend: Embedded, clock: VirtualClock) -> None:
    await registered(backend)
    await launched(backend, 10, LaunchState.SENDING)
    await submitted(backend, 10, ControlKind.STOP)
    [line] = (await watching(backend, clock).look()).mailings
    assert (line.state, line.left) == ("stopping", 1)


async def test_a_mailing_that_was_launched_again_is_shown_once(
    backend: Embedded, clock: VirtualClock
) -> None:
    await sending(backend, 1)
    await backend.set_launch_state("L", LaunchState.STOPPED)
    await backend.launch(7, "M", b"{}")
    await backend.load("M", [NewMessage("again", "p", b"")])
    assert [each.state for each in (await watching(backend, clock).look()).mailings] == ["ready"]
    await backend.set_launch_state("M", LaunchState.STOPPED)
    assert len((await watching(backend, clock).look()).mailings) == 1


async def test_two_processes_of_a_cluster(tmp_path: Path, clock: VirtualClock) -> None:
    options = ClusterOptions(
        servers=(shared().url,), prefix=prefix_of(tmp_path), replicas=1, data=tmp_path / "data"
    )
    async with Cluster(options) as one, Cluster(options) as two, Cluster(options) as looking:
        await sending(one, 10)
        watch = watching(looking, clock, SERVED)
        assert (await watch.look()).processes == ()
        await one.announce(Announcement("serve", "a", 1, 100.0, ("sms",), BREAKERS), 30.0)
        await finish(two, 4)
        await two.lease("L", 2)
        await two.announce(Announcement("worker", "b", 2, 200.0, ("sms",), BREAKERS), 30.0)
        await clock.advance(1.0)
        seen = await watch.look()
        assert seen.shared
        assert [(each.kind, each.host, each.pid, each.since) for each in seen.processes] == [
            ("serve", "a", 1, 100.0),
            ("worker", "b", 2, 200.0),
        ]
        assert [(each.under_way, each.settled) for each in seen.processes] == [(0, 0), (2, 4)]
        assert seen.breakers == (Breaker("https://a", 2, 4),)
        assert (seen.mailings[0].left, seen.mailings[0].rate) == (6, 4.0)
