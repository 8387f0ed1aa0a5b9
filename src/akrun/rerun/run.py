"""Running on: the event set to a state, and run from there to its end or to where a dry run has to stop."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from akrun.engine.clock import first_of
from akrun.engine.event import Event
from akrun.engine.pipeline import Pipeline
from akrun.engine.run import Result, run
from akrun.engine.trace import Trace
from akrun.engine.trace_record import trace_to_dict
from akrun.rerun.offline import Answers, Halt, HaltingSql, LayeredStore, SkippingClock
from akrun.rerun.unmasked import Unmasked


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it.

    Attributes:
        trace: Its trace, as `trace_to_dict` gives it; without an ending where it stopped.
        stopped: Why a dry run stopped, before its end; None where it came to its end.
        state: How it ended; None where it stopped.
    """

    trace: Mapping[str, Any]
    stopped: str | None
    state: str | None


async def run_dry(
    pipeline: Pipeline, event: Event, entry: int | None, traces: Sequence[Mapping[str, Any]]
) -> Ran:
    """Run an event on without sending anything.

    A request that is the same as one in the traces gets the answer that it got then; at any other, and at a
    question to a database, the run stops. Values of the store are read, and none is changed.

    Args:
        pipeline: Where it runs.
        event: Set to the state it begins with.
        entry: The pipe it begins at; None for the first.
        traces: Whose answers are known.
    """
    halt = Halt()
    services = event.services
    event.services = replace(
        services,
        http=Answers(traces, services.masker, halt),
        sql=HaltingSql(services.sql, halt),
        store=LayeredStore(services.store),
        clock=SkippingClock(),
    )
    event.trace = Trace(services.masker, event.services.clock)
    running = asyncio.ensure_future(run(pipeline, event, entry))
    try:
        await first_of(asyncio.shield(running), halt.reached.wait())
        if running.done():
            return _ended(event, running.result())
    finally:
        running.cancel()
    await asyncio.wait([running])
    return Ran(trace_to_dict(event.trace), halt.reason, None)


async def run_live(pipeline: Pipeline, event: Event, entry: int | None) -> Ran:
    """Run an event on for real: its requests are sent, its statements executed.

    Neither its outcome nor its events, hand-overs and values of the store are kept. A request in which the
    trace left out a secret fails instead of being sent.
    """
    services = event.services
    event.services = replace(services, http=Unmasked(services.http), store=LayeredStore(services.store))
    event.trace = Trace(services.masker, services.clock)
    return _ended(event, await run(pipeline, event, entry))


def _ended(event: Event, result: Result) -> Ran:
    assert event.trace is not None
    return Ran(trace_to_dict(event.trace, result), None, result.state)
