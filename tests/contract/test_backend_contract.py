"""What every backend keeps to, as state machines run against a model of plain dictionaries."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.controls import ControlRules
from tests.contract.engines import ENGINES, EXAMPLES
from tests.contract.jobs import JobRules
from tests.contract.machine import Machine
from tests.contract.messages import MessageRules
from tests.contract.store import StoreRules

MACHINES: dict[str, type[Machine]] = {
    "messages": MessageRules,
    "jobs": JobRules,
    "controls": ControlRules,
    "store": StoreRules,
}


@pytest.mark.parametrize("part", MACHINES)
@pytest.mark.parametrize("name", ENGINES)
def test_backend_keeps_the_contract(name: str, part: str) -> None:
    machine = type("EngineContract", (MACHINES[part],), {"engine": staticmethod(ENGINES[name])})
    run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES[name], stateful_step_count=50))
