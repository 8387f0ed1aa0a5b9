"""Getting ready to run on: channel, values, event and state put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from akrun.engine.compile import CompiledChannel
from akrun.engine.event import Event, Services
from akrun.engine.pipeline import Pipeline
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.rerun.gaps import gaps
from akrun.rerun.pins import Pin, pinned
from akrun.rerun.state import State, with_data
from akrun.rerun.subject import Subject
from akrun.rerun.values import Values, values_of

_MOST: Final = 5
"""Lost values that are named."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was given for a run.

    Attributes:
        values: By dotted path, before what is stored.
        mailing: A mailing's file, in place of what is stored.
        pins: What is pinned in `$in`.
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    mailing: Path | None = None
    pins: Sequence[Pin] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can begin.

    Attributes:
        pipeline: Where it runs.
        event: Set to its state; its services hide its secrets.
        state: The state.
        missing: Secrets that nobody gave, by name.
        whole: See `Values`.
    """

    pipeline: Pipeline
    event: Event
    state: State
    missing: tuple[str, ...]
    whole: bool

    def gaps(self) -> list[tuple[str, str]]:
        """What of `$in` was lost when it was stored: path, and how."""
        return list(gaps(self.state.data))

    def notes(self) -> list[str]:
        """In what it differs from the run that is run on, and the cure."""
        notes = []
        if lost := self.gaps():
            places = ", ".join(f"{path} ({what})" for path, what in lost[:_MOST])
            more = f" and {len(lost) - _MOST} more" if len(lost) > _MOST else ""
            notes.append(f"of $in is not kept: {places}{more}; --pin sets a value")
        if not self.whole:
            notes.append("values that `akrun serve` was given are not stored: --set gives them")
        if self.missing:
            notes.append(
                f"secrets are not stored: *** stands for {', '.join(self.missing)}; --set gives them"
            )
        return notes


Begin = Callable[[Pipeline, Masker], State]
"""Gives the state to begin with."""


def values_for(subject: Subject, compiled: CompiledChannel, given: Given, *, exact: bool) -> Values:
    """The constant roots of a subject's run.

    Raises:
        AkrunError: With `exact`, secrets are missing; names them.
        FileFaults: All faults of the values.
    """
    values = values_of(compiled, subject.constants, given.values, given.mailing)
    if exact and values.missing:
        name = values.missing[0]
        raise AkrunError(
            f"secrets are not stored; to send, give {', '.join(values.missing)}: "
            f"--set {name}=env:NAME, or the mailing's file by --mailing"
        )
    return values


def planned(  # noqa: PLR0913, PLR0917 - one per part of a run
    subject: Subject,
    compiled: CompiledChannel,
    values: Values,
    services: Services,
    begin: Begin,
    pins: Sequence[Pin] = (),
    *,
    exact: bool = False,
) -> Plan:
    """The run of a subject from a state.

    Args:
        subject: What is run.
        compiled: By which channel.
        values: Its constant roots.
        services: With a masker that knows the values' secrets.
        begin: Gives the state.
        pins: Set in `$in` of the state.
        exact: Whether a secret that is not known is an error; else it is `***`.

    Raises:
        AkrunError: It cannot be run on from there; says why.
    """
    name = compiled.channel.string_id
    if subject.channel != name:
        raise AkrunError(f"{subject.id} is of the channel `{subject.channel}`, not of `{name}`")
    if subject.pipeline not in compiled.pipelines:
        raise AkrunError(f"the channel {name} has no pipeline `{subject.pipeline}`")
    pipeline = compiled.pipeline(subject.pipeline, values.roots)
    event = subject.event(compiled, values.roots, services, exact=exact)
    state = begin(pipeline, event.services.masker)
    if pins:
        data = event.data if state.data is None else state.data
        state = with_data(state, pinned(data, list(pins)), [".".join(pin.path) or "$in" for pin in pins])
    if state.pipe is not None and state.pipe not in pipeline.steps:
        known = ", ".join(map(str, pipeline.steps))
        raise AkrunError(f"`{pipeline.name}` has no pipe {state.pipe} now; it has {known}")
    state.given_to(event)
    return Plan(pipeline, event, state, values.missing, values.whole)


def from_start(entry: int | None) -> State:
    """The state of an event that enters its pipeline at this pipe."""
    return State(entry, None, None, "what entered the pipeline", exact=True)
