"""Options by which the commands of `akrun dead` choose letters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

import click

from akrun.backend import Backend
from akrun.cli.dead_letters import Filter, Letter, Letters, State
from akrun.errors import AkrunError

R = TypeVar("R")

MANY: Final = 10
"""More than so many letters are not touched unasked."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which letters are to be dealt with: some by their ids, or all that a filter takes.

    Attributes:
        ids: those.
        wanted: takes the letters when there are no ids.
        yes: whether nobody is to be asked.
    """

    ids: tuple[int, ...]
    wanted: Filter
    yes: bool

    async def letters(self, backend: Backend) -> list[Letter]:
        """The letters; AkrunError for ids that are none."""
        letters = Letters(backend)
        if not self.ids:
            return [each async for each in letters.each(self.wanted)]
        found = {dead_id: await letters.find(dead_id) for dead_id in self.ids}
        if missing := [dead_id for dead_id, letter in found.items() if letter is None]:
            raise no_letter(*missing)
        return [letter for letter in found.values() if letter is not None]

    def agreed(self, letters: list[Letter], question: str, *, ask: bool = False) -> bool:
        """Whether to go on; a person is asked when there are many letters, and always with `ask`."""
        if not letters:
            click.echo("there are no such dead letters")
            return False
        if not self.yes and (ask or len(letters) > MANY):
            click.confirm(question, abort=True)
        return True


def filter_options(function: Callable[..., R]) -> Callable[..., R]:
    """`--mailing`, `--channel` and `--state`; the command gets `wanted: Filter`."""

    @click.option("--mailing", metavar="ID", help="Only those of this mailing.")
    @click.option("--channel", metavar="STRING_ID", help="Only those of this channel.")
    @click.option("--state", type=click.Choice(["failed", "uncertain"]), help="Only those in this state.")
    @wraps(function)
    def command(
        *args: Any, mailing: str | None, channel: str | None, state: State | None, **kwargs: Any
    ) -> R:
        return function(*args, wanted=Filter(mailing, channel, state), **kwargs)

    return command


def choose_options(function: Callable[..., R]) -> Callable[..., R]:
    """`ID…` or `--all` with filters, and `--yes`; the command gets `chosen: Chosen`."""

    @click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
    @click.option("--all", "every", is_flag=True, help="All of them, or all that the filters leave.")
    @filter_options
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @wraps(function)
    def command(*args: Any, ids: tuple[int, ...], every: bool, wanted: Filter, yes: bool, **kwargs: Any) -> R:
        if every == bool(ids):
            raise click.UsageError("name letters by their ids, or take --all, with filters or without")
        if ids and wanted != Filter():
            raise click.UsageError("--mailing, --channel and --state choose among --all, not among ids")
        return function(*args, chosen=Chosen(ids, wanted, yes), **kwargs)

    return command


def no_letter(*ids: int) -> AkrunError:
    """The error for ids that no letter has."""
    which = " and ".join(map(str, ids))
    what = "no dead letter" if len(ids) == 1 else "no dead letters"
    verb = "is" if len(ids) == 1 else "are"
    return AkrunError(f"there {verb} {what} {which}; `akrun dead list` shows those there are")
