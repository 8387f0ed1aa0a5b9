"""Replaying and dropping dead letters: by the serving process, or in the database where there is none."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from akrun.backend import Backend
from akrun.cli.control import ServingControl
from akrun.cli.database import writing
from akrun.cli.dead_letters import Letter
from akrun.engine.clock import SystemClock
from akrun.errors import AkrunError
from akrun.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Change:
    """What is to happen to letters.

    Attributes:
        ask: asks a serving process for one letter.
        do: does it to one letter in an open backend.
    """

    ask: Callable[[ServingControl, int], Any]
    do: Callable[[Backend, int], Awaitable[Any]]


@dataclass(slots=True)
class Changed:
    """What came of it: how many letters were changed, and whether by a serving process."""

    served: bool
    count: int = 0

    @contextmanager
    def one(self, letter: Letter) -> Iterator[None]:
        """Change one letter inside the block; why it cannot be is said, and the others go on."""
        try:
            yield
        except AkrunError as error:
            click.echo(f"{letter.dead.id}: {error}", err=True)
        else:
            self.count += 1


def replaying(*, from_start: bool) -> Change:
    """Make them pending again."""
    now = SystemClock().now().timestamp()
    query = "?from_start=true" if from_start else ""
    return Change(
        lambda control, dead_id: control.request("POST", f"/api/dead-letters/{dead_id}/replay{query}"),
        lambda backend, dead_id: backend.replay(dead_id, now, from_start=from_start),
    )


def dropping() -> Change:
    """Let go of them."""
    return Change(
        lambda control, dead_id: control.request("DELETE", f"/api/dead-letters/{dead_id}"),
        lambda backend, dead_id: backend.drop(dead_id),
    )


def carry_out(change: Change, letters: Sequence[Letter], settings: Settings) -> Changed:
    """Change the letters, one after the other.

    Raises:
        BackendBusyError: another process than a serving one owns the database.
    """
    control = ServingControl.on(settings)
    if control is None:
        return asyncio.run(_in_database(change, letters, settings))
    changed = Changed(served=True)
    for letter in letters:
        with changed.one(letter):
            change.ask(control, letter.dead.id)
    return changed


async def _in_database(change: Change, letters: Sequence[Letter], settings: Settings) -> Changed:
    changed = Changed(served=False)
    async with writing(settings) as backend:
        for letter in letters:
            with changed.one(letter):
                await change.do(backend, letter.dead.id)
    return changed
