"""An embedded database with something of everything in it, and what both backends are asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from akrun.backend import (
    Backend,
    ChannelRecord,
    ControlKind,
    EventRecord,
    JournalEntry,
    LaunchState,
    MailingRecord,
    MessageState,
    NewControl,
    NewMessage,
    Outcome,
    TraceRecord,
)
from akrun.backend.cluster import ClusterOptions
from akrun.migrate.source import Source
from akrun.migrate.target import Target
from tests.contract.scene import DONE, FAILED, UNCERTAIN, entry, event, job, letter, sending, single_message
from tests.nats_server import prefix_of, shared

FAR = 4e9
"""A due time in the far future."""


def source_at(directory: Path, clock: Callable[[], float]) -> Source:
    """The database of a directory."""
    return Source(directory / "akrun.db", durability="normal", max_attempts=2, clock=clock)


def target_at(directory: Path, clock: Callable[[], float], kind: type[Target] = Target) -> Target:
    """A cluster of its own for each directory."""
    options = ClusterOptions(
        servers=(shared().url,), prefix=prefix_of(directory), replicas=1, max_attempts=2, data=directory
    )
    return kind(options, clock=clock)


async def fill(backend: Backend) -> None:
    """Leave something of everything: units in all states, with all that comes with them."""
    await sending(backend, 12)
    await _run_messages(backend)
    await backend.register_channel(ChannelRecord(-2, "max.é", "Max", b'{"id":-2}', "cc"))
    await backend.register_mailing(MailingRecord("n.7", "max.é", "Autumn", b"{}", "dd"))
    for name, state in (("stopped", LaunchState.STOPPED), ("ready", None)):
        await backend.launch("n.7", name, b"\x00\xff")
        await backend.load(name, [NewMessage(f"{name}{n}", f"q{n}", b"\xff%d" % n) for n in range(3)])
        if state is not None:
            await backend.set_launch_state(name, state)
    await backend.launch(7, "finished", b"{}")
    await backend.load(
        "finished", [NewMessage("skipped", "q", b"", "no phone"), NewMessage("late", "r", b"late")]
    )
    await backend.set_launch_state("finished", LaunchState.SENDING)
    [late] = await backend.lease("finished", 5)
    await backend.finish(late.id, FAILED, dead=letter())
    await backend.set_launch_state("finished", LaunchState.FINISHED)
    await _run_jobs(backend)
    await _control(backend)
    await backend.record_events(
        [
            EventRecord("stranger", 9, "click", 3, "k", 7.5, None, {"big": 2**60}, "p1", "n.7", "elsewhere"),
            EventRecord("control-1", 1, "read", None, "", 8.0, "é"),
            event("m1", "delivered", "late"),
        ]
    )
    await backend.store_set("table", "key.é", b"\x00value", 3600.0)
    await backend.store_set("table", "", b"", 3600.0)
    await backend.store_set("brief", "key", b"gone", 1.0)


async def _run_messages(backend: Backend) -> None:
    await backend.lease("L", 9)
    trace = TraceRecord("m0", 1, 9.0, b"\x01trace")
    told = replace(event("m0"), reason="ok", data={"x": [1, None, "é"]})
    await backend.finish("m0", DONE, events=[told, event("m0", "read")], jobs=[job(20)], trace=trace)
    await backend.record(entry("m1", intent=4))
    await backend.record(entry("m1", "/0", checkpoint=None, intent=2, resent=1))
    await backend.finish("m1", FAILED, dead=letter(), events=[event("m1", "fail")])
    await backend.finish("m2", UNCERTAIN, dead=letter(entered=b""))
    await backend.finish("m3", Outcome(MessageState.SKIPPED, 2, {"kind": "skip"}, 10.5))
    await backend.finish("m4", FAILED, dead=letter())
    await backend.drop((await backend.dead_letters())[-1].id)
    await backend.record(entry("m5", intent=3))  # leased when the process dies
    await backend.release(["m6"], started=True)
    await backend.release(["m7"])


async def _run_jobs(backend: Backend) -> None:
    jobs = [job(n) for n in range(1, 6)]
    jobs += [job(6, due=FAR), job(7, due=FAR + 0.000001, channel="max.é"), job(8, due=-5.0, pipe=None)]
    await backend.enqueue(
        [*jobs, job(9, origin_message="m1"), single_message("single"), single_message("s2")]
    )
    # due first is j8, then those in the order in which they came
    leased = {each.id for each in await backend.lease_jobs(5000.0, 50)}
    assert {"j1", "j8", "j20", "single"} <= leased
    await backend.finish_job("j1", DONE, trace=TraceRecord("j1", 1, 9.0, b"t1"))
    await backend.finish_job("j2", FAILED, dead=letter())
    await backend.record(entry("j3", intent=1))
    await backend.finish_job("j9", UNCERTAIN, dead=letter())
    await backend.finish_job("single", DONE, events=[event("single")])
    await backend.finish_job("s2", FAILED, dead=letter())
    await backend.release_jobs(["j4"], started=True)
    await backend.release_jobs(["j5", "j8"])
    await backend.accept("key é", "digest", b"\x00answer", [job(30, due=2000.0)])


async def _control(backend: Backend) -> None:
    for number, kind in enumerate((ControlKind.MODERATE, ControlKind.MODERATE, ControlKind.STOP)):
        await backend.begin_control(
            NewControl(f"c{number}", 7, kind, f"cl{number}", f"control-{number}", b"\xfe", "content"),
            [job(40 + number)],
        )
    await backend.decide_control("c2", granted=False, reason="no")


MESSAGES = [f"m{n}" for n in range(12)] + ["stopped0", "ready2", "skipped", "late", "stranger"]
JOBS = [f"j{n}" for n in (*range(1, 10), 20, 30, 40, 41, 42)] + ["single", "s2"]


async def answers(backend: Backend) -> dict[str, Any]:
    """What a backend says to everything that the protocol can ask, but for the ids of dead letters."""
    mailings = await backend.mailings()
    launches = [launch for each in mailings for launch in await backend.launches(each.id)]
    names = [launch.launch_id for launch in launches]
    told: dict[str, Any] = {
        "channels": await backend.channels(),
        "mailings": mailings,
        "launches": launches,
        "latest": [await backend.latest_launch(each.id) for each in mailings],
        "in": {state: await backend.launches_in(state) for state in LaunchState},
        "counts": {name: await backend.counts(name) for name in names},
        "messages": [await backend.message(name) for name in MESSAGES],
        "jobs": [await backend.job(name) for name in JOBS],
        "job counts": await backend.job_counts(),
        "next due": [await backend.next_due(), await backend.next_due(["max.é"])],
        "letters": [replace(each, id=0) for each in await backend.dead_letters()],
        "of launches": {
            name: [replace(each, id=0) for each in await backend.dead_letters(name)] for name in names
        },
        "letter count": await backend.count_dead_letters(),
        "report": await backend.report(),
        "reports": [await backend.report(launch_id=name) for name in names],
        "of mailings": [await backend.report(mailing_id=each.id) for each in mailings],
        "history": [await backend.history(name) for name in ("p0", "p1", "p9", "nobody")],
        "events": [await backend.message_events(name) for name in (*MESSAGES, "control-1", "single")],
        "traces": [await backend.traces(name) for name in ("m0", "j1", "m1")],
        "values": [
            await backend.store_get(*at) for at in (("table", "key.é"), ("table", ""), ("brief", "key"))
        ],
        "accepted": [await backend.accepted(key) for key in ("key é", "key")],
        "controls": await backend.controls(),
        "control": [await backend.control_of(f"control-{number}") for number in range(4)],
    }
    return told


async def work(backend: Backend) -> list[Any]:
    """Replay all dead letters, then run everything that is pending; gives what was leased."""
    leased: list[Any] = []
    for found in await backend.dead_letters():
        await backend.replay(found.id, 1500.0)
    for launch in await backend.launches_in(LaunchState.SENDING):
        while messages := await backend.lease(launch.launch_id, 4):
            leased += messages
            for message in messages:
                await backend.finish(message.id, done(message.journal), events=[event(message.id, "sent")])
    while jobs := await backend.lease_jobs(5000.0, 4):
        leased += jobs
        for each in jobs:
            await backend.finish_job(each.id, done(each.journal))
    return leased


def done(journal: tuple[JournalEntry, ...]) -> Outcome:
    """The outcome of a run that goes on from there."""
    return replace(DONE, resent=sum(each.resent for each in journal))
