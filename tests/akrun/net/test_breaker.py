import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from akrun.engine.clock import VirtualClock
from akrun.net import breaker as breaker_module
from akrun.net.breaker import Breakers, BreakerState
from akrun.net.failures import HttpFailure

START = datetime(2030, 1, 1, tzinfo=UTC)
HOST = "https://api.example"


def opened(clock: VirtualClock, failures: int = 3, reset: float = 10.0) -> Breakers:
    breakers = Breakers(clock, failures, reset)
    for _ in range(failures):
        assert not breakers.blocks(HOST)
        breakers.failed(HOST, "status 503")
    assert breakers.blocks(HOST)
    return breakers


async def test_so_many_failures_in_a_row_open_it() -> None:
    clock = VirtualClock()
    breakers = Breakers(clock, 3, 10.0)
    breakers.failed(HOST, "timeout")
    breakers.failed(HOST, "timeout")
    breakers.succeeded(HOST)
    assert breakers.states() == []
    breakers.failed(HOST, "timeout")
    assert breakers.states() == [BreakerState(HOST, "closed", 1, None, None, 0)]
    breakers = opened(clock)
    due = START + timedelta(seconds=10)
    assert breakers.states() == [BreakerState(HOST, "open", 3, START, due, 0)]
    assert not breakers.blocks("https://other.example")


async def test_who_cannot_wait_for_the_probe_fails_at_once_and_is_told_why() -> None:
    clock = VirtualClock()
    breakers = opened(clock)
    await clock.advance(4)
    with pytest.raises(HttpFailure) as caught:
        await breakers.enter(HOST, 5.9)
    failure = caught.value
    assert (failure.kind, failure.code, failure.sent, failure.retryable) == (
        "breaker",
        "breaker",
        False,
        True,
    )
    assert failure.message == (
        "requests to https://api.example are held back since 2030-01-01 00:00:00 UTC: it failed 3 times in a"
        " row, at last: status 503; the next one may try in 6.0 s"
    )


async def test_one_request_probes_and_its_success_lets_all_through() -> None:
    clock = VirtualClock()
    breakers = opened(clock)
    waiting = [asyncio.create_task(breakers.enter(HOST, 30.0)) for _ in range(5)]
    await clock.advance(9.9)
    assert breakers.states()[0].waiting == 5
    assert not any(task.done() for task in waiting)
    await clock.advance(0.2)
    assert [task.done() for task in waiting] == [True, False, False, False, False]
    assert waiting[0].result() is True
    assert breakers.states()[0].state == "half open"
    breakers.succeeded(HOST, probe=True)
    assert await asyncio.gather(*waiting[1:]) == [False] * 4
    assert (breakers.states(), breakers.blocks(HOST)) == ([], False)


async def test_a_failing_probe_opens_it_again_and_only_the_patient_wait() -> None:
    clock = VirtualClock()
    breakers = opened(clock)
    probe, impatient, patient = (
        asyncio.create_task(breakers.enter(HOST, patience)) for patience in (15, 15, 25)
    )
    await clock.advance(10)
    assert probe.done()
    breakers.failed(HOST, "timeout", probe=True)
    await clock.advance(0)
    with pytest.raises(HttpFailure, match=r"failed 4 times .* timeout; the next one may try in 10\.0 s"):
        await impatient
    assert breakers.states()[0].since == START, "it is open since it first opened"
    await clock.advance(10)
    assert await patient is True


@pytest.mark.parametrize("probing", [False, True])
async def test_who_is_cancelled_hands_on_watch_and_probe(*, probing: bool) -> None:
    clock = VirtualClock()
    breakers = opened(clock)
    first, second = (asyncio.create_task(breakers.enter(HOST, 30)) for _ in range(2))
    if probing:
        await clock.advance(10)
        assert first.result() is True
        breakers.given_up(HOST, probe=True)
    else:
        await clock.advance(1)
        first.cancel()
    await clock.advance(10)
    assert second.result() is True


async def test_what_was_let_through_before_does_not_count_any_more() -> None:
    clock = VirtualClock()
    breakers = opened(clock)
    breakers.succeeded(HOST)
    breakers.failed(HOST, "timeout")
    breakers.given_up(HOST)
    assert breakers.states()[0].failures == 3
    assert breakers.blocks(HOST)


async def test_zero_failures_mean_never() -> None:
    breakers = Breakers(VirtualClock(), 0, 10.0)
    for _ in range(100):
        breakers.failed(HOST, "timeout")
    assert (breakers.states(), breakers.blocks(HOST)) == ([], False)


async def test_the_number_of_remembered_origins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker_module, "MAX_ORIGINS", 3)
    breakers = Breakers(VirtualClock(), 2, 10.0)
    for number in (0, 0, 1, 2, 3, 4):
        breakers.failed(f"https://{number}", "timeout")
    assert [state.origin for state in breakers.states()] == ["https://0", "https://3", "https://4"]


class Requests(RuleBasedStateMachine):
    """Requests to one host come, wait, are cancelled and end in any order, while time goes on."""

    LIMIT, RESET = 3, 10.0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = VirtualClock()
        self.breakers = Breakers(self.clock, self.LIMIT, self.RESET)
        self.waiting: list[tuple[asyncio.Task[bool], float]] = []
        self.inside: list[bool] = []

    def run(self, seconds: float = 0.0) -> None:
        self.runner.run(self.clock.advance(seconds))
        still = []
        for task, deadline in self.waiting:
            if not task.done():
                still.append((task, deadline))
            elif not task.cancelled() and task.exception() is None:
                self.inside.append(task.result())
        self.waiting = still

    @rule(patience=st.floats(0.0, 40.0))
    def arrive(self, patience: float) -> None:
        async def begin() -> asyncio.Task[bool]:
            return asyncio.create_task(self.breakers.enter(HOST, patience))

        if not self.breakers.blocks(HOST):
            self.inside.append(False)
            return
        self.waiting.append((self.runner.run(begin()), self.clock.monotonic() + patience))
        self.run()

    @precondition(lambda self: self.inside)
    @rule(which=st.integers(0), how=st.sampled_from(["succeeded", "failed", "given up"]))
    def end(self, which: int, how: str) -> None:
        probe = self.inside.pop(which % len(self.inside))
        if how == "failed":
            self.breakers.failed(HOST, "timeout", probe=probe)
        elif how == "succeeded":
            self.breakers.succeeded(HOST, probe=probe)
        else:
            self.breakers.given_up(HOST, probe=probe)
        self.run()

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0))
    def cancel(self, which: int) -> None:
        self.waiting[which % len(self.waiting)][0].cancel()
        self.run()

    @rule(seconds=st.floats(0.0, 15.0))
    def wait(self, seconds: float) -> None:
        self.run(seconds)

    @invariant()
    def at_most_one_probes(self) -> None:
        assert sum(self.inside) <= 1

    @invariant()
    def nobody_waits_without_a_reason(self) -> None:
        """Whoever waits does so for a probe that is under way, or for one that is due in its time."""
        if not self.waiting:
            return
        [state] = self.breakers.states()
        assert state.waiting == len(self.waiting)
        if not sum(self.inside):
            assert state.next_probe is not None, "the probe is due and nobody takes it"
            due = (state.next_probe - self.clock.now()).total_seconds()
            assert 0 < due <= self.RESET
            last = self.clock.monotonic() + due
            assert all(deadline > last - 1e-3 for _, deadline in self.waiting)

    @invariant()
    def closed_after_a_success_and_open_only_after_failures(self) -> None:
        for state in self.breakers.states():
            assert state.failures > 0
            assert (state.state == "closed") == (state.failures < self.LIMIT and state.since is None)

    def teardown(self) -> None:
        """In the end nobody is stuck: the probes succeed, and all come in."""
        for _ in range(3):
            while self.inside:
                self.breakers.succeeded(HOST, probe=self.inside.pop())
                self.run()
            self.run(self.RESET)
        assert self.waiting == []
        self.runner.close()


TestRequests = Requests.TestCase
