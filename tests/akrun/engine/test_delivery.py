"""The delivery promise of one event: wherever it is cut off, nothing is lost or silently doubled."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from akrun.backend.records import JournalEntry
from akrun.engine.journal import UnitJournal
from akrun.engine.run import Result, run
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from tests.akrun.pipes.bench import Bench, Pipe, compiled

UNIT = "m-1"


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Fault:
    """Ends the process at one of the moments that are passed."""

    at: int
    passed: int = 0

    def pass_by(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Crash


@dataclass
class World:
    """What outlives a process: the service, and what the backend keeps."""

    effects: list[str] = field(default_factory=list)
    journal: dict[str, JournalEntry] = field(default_factory=dict)
    timeouts: list[str] = field(default_factory=list)
    """Requests that are carried out without an answer, once each."""
    recorded: list[JournalEntry] = field(default_factory=list)
    fault: Fault = field(default_factory=lambda: Fault(0))

    async def record(self, entry: JournalEntry) -> None:
        self.fault.pass_by()
        self.journal[entry.event] = entry
        self.recorded.append(entry)
        self.fault.pass_by()

    async def send(self, request: Request) -> Response:
        self.fault.pass_by()
        name = f"{request.method} {request.url.rpartition('/')[2]}"
        self.effects.append(name)
        self.fault.pass_by()
        if name in self.timeouts:
            self.timeouts.remove(name)
            raise HttpFailure("too late", kind="timeout", sent=True, retryable=True)
        status = 500 if name.endswith("bad") else 200
        return Response(status, {}, b'{"next": "%s"}' % name.encode(), 0.0)

    async def live(self, pipes: list[Pipe], at: int = 0) -> Result:
        """One process's attempt; Crash when it is cut off at that moment."""
        self.fault = Fault(at)
        bench = Bench(http=self, chance=0.0)  # retries follow at once
        event = bench.event({"parts": ["x", "y"]}, None)
        event.id = UNIT
        event.journal = UnitJournal(UNIT, self, self.journal.values())
        result = await run(compiled(pipes).pipeline("message"), event)
        self.resent = event.journal.resent
        return result

    async def survive(self, pipes: list[Pipe], *faults: int) -> tuple[Result, bool]:
        """As many attempts as it takes, cut off at these moments; whether all of them came."""
        reached = True
        for at in faults:
            try:
                return await self.live(pipes, at), False
            except Crash:
                continue
        return await self.live(pipes), reached


def post(number: int, name: str, success: int | None = None, error: int | None = None, **params: Any) -> Pipe:
    outs = {way: to for way, to in (("success", success), ("error", error)) if to is not None}
    given = {"url": f"http://api.example/{name}", "method": "POST", **params}
    return {"id": number, "type": "http_request", "params": given, "outs": outs}


def get(number: int, name: str, success: int) -> Pipe:
    return post(number, name, success, method="GET")


def unpack(number: int, success: int) -> Pipe:
    return {"id": number, "type": "unpack", "outs": {"success": success}}


LOG: Pipe = {"id": 9, "type": "log", "params": {"message": "$in.status"}}
FOREACH: Pipe = {
    "id": 1,
    "type": "foreach",
    "params": {"items": "$#in.parts", "pipeline": 2},
    "outs": {"success": 4},
}
KEY: dict[str, Any] = {"idempotency_key": "k"}

PIPELINES: dict[str, tuple[list[Pipe], list[str]]] = {
    "one": ([post(1, "a", 9), LOG], ["POST a"]),
    "two": ([post(1, "a", 2), unpack(2, 3), post(3, "b-$in.data.next", 9), LOG], ["POST a", "POST b-POST a"]),
    "read-write-read-write": (
        [get(1, "token", 2), post(2, "a", 3), get(3, "state", 4), post(4, "b")],
        ["GET token", "POST a", "GET state", "POST b"],
    ),
    "error exit": ([post(1, "bad", 9, error=2), post(2, "b", 9), LOG], ["POST bad", "POST b"]),
    "branches": (
        [FOREACH, post(2, "a-$in.item", 3), post(3, "b-$in.item"), post(4, "c")],
        ["POST a-x", "POST b-x", "POST a-y", "POST b-y", "POST c"],
    ),
    "put": ([post(1, "a", method="PUT")], ["PUT a"]),
}


@pytest.mark.parametrize("name", PIPELINES)
async def test_without_a_fault_every_request_is_sent_once(name: str) -> None:
    pipes, expected = PIPELINES[name]
    world = World()
    result = await world.live(pipes)
    assert (result.state, world.effects, world.resent) == ("done", expected, 0)


@pytest.mark.parametrize("name", PIPELINES)
async def test_cut_off_anywhere_nothing_is_lost_and_every_double_is_recorded(name: str) -> None:
    pipes, expected = PIPELINES[name]
    at, world, reached = 0, World(), True
    while reached:
        at += 1
        world = World()
        result, reached = await world.survive(pipes, at)
        assert result.state == "done"
        check(world, expected, f"{name}, cut off at {at}")
    assert world.effects == expected
    assert at > 2 * len([each for each in expected if each.startswith("POST")])


@pytest.mark.parametrize("name", ["two", "branches"])
async def test_cut_off_twice_likewise(name: str) -> None:
    pipes, expected = PIPELINES[name]
    for first, second in itertools.product(range(1, 12), repeat=2):
        world = World()
        await world.survive(pipes, first, second)
        check(world, expected, f"{name}, cut off at {first} and {second}")


def check(world: World, expected: list[str], where: str) -> None:
    """Every effect is there; what is there twice is a request without effect, or recorded as resent."""
    seen = Counter(world.effects)
    assert set(seen) == set(expected), where
    doubles = sum(count - 1 for name, count in seen.items() if not name.startswith("GET"))
    assert doubles <= world.resent, where


async def test_an_intent_is_recorded_before_the_request_leaves_and_an_outcome_before_the_next_pipe() -> None:
    pipes, _ = PIPELINES["two"]
    world = World()
    await world.live(pipes)
    assert [(entry.intent, entry.checkpoint is None) for entry in world.recorded] == [
        (1, True),  # the first may leave
        (None, False),  # its outcome is there
        (3, False),  # the second may leave
    ]


async def test_requests_without_effect_need_no_record() -> None:
    world = World()
    await world.live([get(1, "a", 2), get(2, "b", 9), LOG])
    assert world.recorded == []


SENT_AND_CUT_OFF = 4
"""The moment after the first request was carried out: intent (1, 2), before it (3), after it (4)."""


@pytest.mark.parametrize(
    ("params", "state", "effects", "resent"),
    [
        ({}, "done", 2, 1),
        ({"on_uncertain": "resend"}, "done", 2, 1),
        ({"on_uncertain": "hold"}, "uncertain", 1, 0),
        ({"on_uncertain": "hold", **KEY}, "done", 2, 1),
        ({"on_uncertain": "hold", "headers": {"Idempotency-Key": "k"}}, "done", 2, 1),
    ],
)
async def test_an_uncertain_request_is_sent_again_or_held(
    params: dict[str, Any], state: str, effects: int, resent: int
) -> None:
    pipes = [post(1, "a", 9, error=2, **params), post(2, "never"), LOG]
    world = World()
    result, reached = await world.survive(pipes, SENT_AND_CUT_OFF)
    assert reached
    assert (result.state, len(world.effects), world.resent) == (state, effects, resent)
    if state == "uncertain":
        assert result.error is not None
        assert (result.error["kind"], result.error["pipe"]) == ("uncertain", 1)
        assert result.error["message"] == "an earlier attempt may have sent this POST to http://api.example/a"
        assert world.journal[UNIT].intent == 1


async def test_a_branch_that_is_uncertain_holds_the_whole_event() -> None:
    pipes = [FOREACH, post(2, "a-$in.item", on_uncertain="hold"), post(4, "c")]
    world = World()
    result, _ = await world.survive(pipes, SENT_AND_CUT_OFF)
    assert (result.state, result.pipe, world.effects) == ("uncertain", 1, ["POST a-x"])


async def test_a_retry_after_a_timeout_counts_as_resent() -> None:
    pipes = [post(1, "a", retry={"max": 2, "on": ["timeout"]}, **KEY)]
    world = World(timeouts=["POST a"])
    result = await world.live(pipes)
    assert (result.state, world.effects, world.resent) == ("done", ["POST a", "POST a"], 1)
    assert [(entry.intent, entry.resent) for entry in world.recorded] == [(1, 0), (1, 1)]


async def test_a_retry_after_an_answer_does_not() -> None:
    pipes = [post(1, "bad", retry={"max": 2}, **KEY)]
    world = World()
    result = await world.live(pipes)
    assert (result.state, len(world.effects), world.resent) == ("failed", 3, 0)


@pytest.mark.parametrize(("timeouts", "intent"), [([], None), (["POST bad"], 1)])
async def test_the_end_closes_the_intent_of_what_surely_failed_only(
    timeouts: list[str], intent: int | None
) -> None:
    world = World(timeouts=timeouts)
    result = await world.live([post(1, "bad")])
    assert result.state == "failed"
    assert world.journal[UNIT].intent == intent


async def test_an_event_goes_on_with_what_it_had() -> None:
    """The second request needs what came before the first one's outcome was recorded."""
    pipes = [
        {"id": 1, "type": "set", "params": {"data": {"mark": "m"}}, "outs": {"success": 2}},
        post(2, "a", 3),
        unpack(3, 4),
        post(4, "$in.mark-$in.data.next-${origin.parts[0]}", 9),
        LOG,
    ]
    world = World()
    result, reached = await world.survive(pipes, 7)  # before the second intent
    assert reached
    assert (result.state, world.effects) == ("done", ["POST a", "POST m-POST a-x"])
    assert result.data["status"] == 200


async def test_a_checkpoint_before_a_pipe_that_is_gone_fails_and_keeps_the_checkpoint() -> None:
    pipes, _ = PIPELINES["two"]
    world = World()
    with pytest.raises(Crash):
        await world.live(pipes, 7)
    kept = world.journal[UNIT].checkpoint
    result = await world.live([post(1, "a")])
    assert result.error is not None
    assert (result.state, result.error["code"]) == ("failed", "no_pipe")
    assert "replay it from the start" in result.error["message"]
    assert world.journal[UNIT].checkpoint == kept
    assert world.effects == ["POST a"]


async def test_a_damaged_checkpoint_fails_and_says_so() -> None:
    world = World(journal={UNIT: JournalEntry(UNIT, UNIT, b"{", None)})
    result = await world.live([post(1, "a")])
    assert result.error is not None
    assert (result.error["code"], world.effects) == ("checkpoint", [])
