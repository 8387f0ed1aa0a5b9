"""Whatever the contract's operations leave in the database is the same on the cluster once it was carried."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from akrun.backend import Backend, DeadLetter, LaunchState
from akrun.migrate.carry import Carried, carry
from tests.akrun.migrate.scene import source_at, target_at
from tests.contract.controls import ControlRules
from tests.contract.engines import ENGINES
from tests.contract.jobs import JobRules
from tests.contract.machine import Machine
from tests.contract.messages import MessageRules
from tests.contract.store import StoreRules

EXAMPLES = 5
STEPS = 100
LATER = 1e9
"""When everything is due."""


class Carries(Machine):
    """Carries at the end of each example, and asks both sides the same."""

    engine = staticmethod(ENGINES["embedded"])

    def teardown(self) -> None:
        try:
            self.run(self._carry_and_compare())
        finally:
            super().teardown()

    async def _carry_and_compare(self) -> None:
        await self.backend.close()
        clock = lambda: self.now  # noqa: E731 - as the machine has it
        async with source_at(self.directory, clock) as source, target_at(self.directory, clock) as target:
            assert await carry(source, target, lambda _kind, _count: None, clock) == Carried([], before=False)
            assert await self._answers(target) == await self._answers(source)
            self.now = LATER  # what is given up by then is given up at that time on both sides
            assert await work(target) == await work(source)
            assert await self._answers(target) == await self._answers(source)

    async def _answers(self, backend: Backend) -> dict[str, Any]:
        """What a backend says to everything that the protocol can ask, of all that the machine knows."""
        mailings = await backend.mailings()
        names = [launch.launch_id for each in mailings for launch in await backend.launches(each.id)]
        units = {*self.units, *(key[0] for key in self.journal)}
        messages = sorted({str(event[0]) for event in self.events} | units | {"a1", "a2"})
        return {
            "channels": await backend.channels(),
            "mailings": mailings,
            "launches": [await backend.launches(each.id) for each in mailings],
            "in": [await backend.launches_in(state) for state in LaunchState],
            "counts": [await backend.counts(name) for name in names],
            "messages": {name: await backend.message(name) for name in messages},
            "jobs": {name: await backend.job(name) for name in messages},
            "job counts": await backend.job_counts(),
            "next due": [await backend.next_due(), await backend.next_due(["sms"])],
            "letters": unnumbered(await backend.dead_letters(limit=1000)),
            "letters of": [unnumbered(await backend.dead_letters(name, limit=1000)) for name in names],
            "letter count": await backend.count_dead_letters(),
            "report": await backend.report(),
            "reports": [await backend.report(launch_id=name) for name in names],
            "of mailings": [await backend.report(mailing_id=each.id) for each in mailings],
            "history": [await backend.history(f"p{number}") for number in range(10)],
            "events": {name: await backend.message_events(name) for name in messages},
            "traces": {name: await backend.traces(name) for name in messages},
            "values": {key: await backend.store_get(*key) for key in self.values},
            "controls": await backend.controls(),
            "control of": [await backend.control_of(name) for name in ("a1", "a2")],
        }


def unnumbered(letters: list[DeadLetter]) -> list[DeadLetter]:
    """Dead letters in their order, but for their ids, which are each backend's own."""
    return [replace(letter, id=0) for letter in letters]


async def work(backend: Backend) -> list[Any]:
    """Replay what can be, and begin all that is pending: with it comes what the journal has."""
    found: list[Any] = []
    for launch in await backend.launches_in(LaunchState.SENDING):
        found += await backend.lease(launch.launch_id, 50)
    return [*found, *await backend.lease_jobs(LATER, 50)]


@pytest.mark.parametrize("rules", [MessageRules, JobRules, ControlRules, StoreRules])
def test_both_sides_answer_alike(rules: type[Machine]) -> None:
    machine = type("Carrying", (Carries, rules), {})
    run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS))
