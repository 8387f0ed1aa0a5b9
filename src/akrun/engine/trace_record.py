"""A trace as a JSON value, to be shown, and as a few bytes, to be stored.

Stored is what each pipe changed; what it saw and left follows from that. Texts of a stored trace are cut at
`LONGEST`, and the whole is bounded by `ROOM`, `MOST_STEPS` and `MOST_BRANCHES`: what is left out is counted.
"""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from akrun.backend.records import EventRecord, NewJob
from akrun.engine.shown import Shower
from akrun.engine.trace import Exchange, Trace, TraceStep

LONGEST: Final = 8192
"""Characters of one text in a stored trace."""
ROOM: Final = 262_144
"""Characters of all values in a stored trace, shared by its steps."""
MOST_STEPS: Final = 200
"""Steps of a stored trace, and of each of its branches: the first half of them and the last."""
MOST_BRANCHES: Final = 50
"""Branches in a stored trace, the first ones."""

_LEAST_ROOM: Final = 512
_LARGEST: Final = 16 * 1024 * 1024


class Ending(Protocol):
    """How an event ended, as `akrun.engine.run.Result` says it."""

    @property
    def state(self) -> str:
        """`done`, `failed` or `uncertain`."""
        ...

    @property
    def pipe(self) -> int:
        """The pipe it ended in."""
        ...

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The `$error` it failed with, secrets masked."""
        ...

    @property
    def effects(self) -> Sequence[EventRecord]:
        """The events it registered."""
        ...

    @property
    def jobs(self) -> Sequence[NewJob]:
        """What it handed over."""
        ...


def trace_to_dict(trace: Trace, ending: Ending | None = None) -> dict[str, Any]:
    """A trace whole.

    Returns:
        `state pipe error events handed_over` of the ending (without one, only what follows); `began` (seconds
        since the epoch), `resumed_from`, and `steps`: of each `pipe type label start elapsed waited exit next
        input output error frame exchanges branches`, `start` in seconds after `began`. An exchange has `start
        elapsed request response failure`. Where steps or branches were left out of a stored trace, `omitted`
        counts the steps before, `branches_omitted` the branches.
    """
    return _expanded(_compact(trace, ending, _Bounds()))


def encode_trace(trace: Trace, ending: Ending | None = None) -> bytes:
    """A trace to be stored: cut, as compact JSON, compressed."""
    compact = _compact(trace, ending, _Bounds(LONGEST, ROOM, MOST_STEPS, MOST_BRANCHES))
    try:
        text = orjson.dumps(compact, default=repr, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # long integers and half characters, which json writes too
        text = json.dumps(compact, separators=(",", ":"), default=repr).encode()
    return zlib.compress(text, 1)


def decode_trace(body: bytes) -> dict[str, Any]:
    """What `trace_to_dict` gives, of a stored trace.

    Raises:
        ValueError: it is no stored trace.
    """
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(body, _LARGEST)
        return _expanded(json.loads(text))
    except (zlib.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no stored trace: {error}") from error


@dataclass(slots=True)
class _Bounds:
    """How much is shown; `branches` is what is left of them."""

    longest: float = math.inf
    room: float = math.inf
    steps: float = math.inf
    branches: float = math.inf


def _compact(trace: Trace, ending: Ending | None, bounds: _Bounds) -> dict[str, Any]:
    writer = _Writer(trace, bounds)
    about: dict[str, Any] = {} if ending is None else _ending(ending, writer.shower())
    steps = writer.steps(trace.steps)
    return {**about, "began": trace.began, "resumed_from": trace.resumed_from, "steps": steps}


def _ending(ending: Ending, shower: Shower) -> dict[str, Any]:
    return {
        "state": ending.state,
        "pipe": ending.pipe,
        "error": None if ending.error is None else shower.value(ending.error),
        "events": [
            {"event_type": event.event_type, "action_type": event.action_type} for event in ending.effects
        ],
        "handed_over": [{"pipe": job.pipe, "due": job.due} for job in ending.jobs],
    }


class _Writer:
    def __init__(self, trace: Trace, bounds: _Bounds) -> None:
        self._trace = trace
        self._bounds = bounds
        self._share = max(bounds.room / max(min(len(trace.steps), bounds.steps), 1), _LEAST_ROOM)

    def shower(self) -> Shower:
        return Shower(self._trace.masker, longest=self._bounds.longest, room=self._share)

    def steps(self, steps: Sequence[TraceStep]) -> list[dict[str, Any]]:
        """Each step with its `input` where that is not the output of the one before."""
        omitted = max(len(steps) - self._bounds.steps, 0)
        first = len(steps) if not omitted else int(self._bounds.steps) // 2
        last = first + int(omitted)
        compact = []
        for index, step in enumerate(steps):
            if index < first or index >= last:
                whole = index in (0, last)
                compact.append(self._step(step, whole=whole))
                if omitted and index == last:
                    compact[-1]["omitted"] = int(omitted)
        return compact

    def _step(self, step: TraceStep, *, whole: bool) -> dict[str, Any]:
        shower = self.shower()
        compact: dict[str, Any] = {
            "pipe": step.pipe,
            "type": step.type,
            "label": None if step.label is None else shower.text(step.label),
            "start": step.begun - self._trace.zero,
            "elapsed": step.elapsed,
            "waited": step.waited,
            "exit": step.exit,
            "next": step.next,
            "error": None if step.error is None else shower.value(step.error),
            "exchanges": self._exchanges(step.exchanges, shower),
        }
        if step.frame is not None:
            compact["frame"] = shower.text(step.frame)
        if whole:
            compact["input"] = shower.value(step.input)
        compact["set"] = shower.value(_changes(step.input, step.output))
        if gone := [shower.text(key) for key in step.input if key not in step.output]:
            compact["gone"] = gone
        if step.branches:
            compact["branches"] = self._branches(step.branches)
            if omitted := len(step.branches) - len(compact["branches"]):
                compact["branches_omitted"] = omitted
        return compact

    def _branches(self, branches: Sequence[Sequence[TraceStep]]) -> list[list[dict[str, Any]]]:
        compact = []
        for branch in branches:
            if self._bounds.branches <= 0:
                break
            self._bounds.branches -= 1
            compact.append(self.steps(branch))
        return compact

    def _exchanges(self, exchanges: Sequence[Exchange], shower: Shower) -> list[dict[str, Any]]:
        """Each with its `request` where that is not the one before."""
        compact = []
        before = None
        for each in exchanges:
            shown: dict[str, Any] = {
                "start": each.begun - self._trace.zero,
                "elapsed": None if each.ended is None else each.ended - each.begun,
            }
            if each.request is not before:
                shown["request"] = shower.request(each.request)
            shown["response"] = None if each.response is None else shower.response(each.response)
            shown["failure"] = None
            if each.failure is not None:
                shown["failure"] = {"kind": each.failure.kind, "message": shower.text(each.failure.message)}
            before = each.request
            compact.append(shown)
        return compact


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What a pipe set: values inside are never changed, so another value is another object."""
    return {key: value for key, value in after.items() if key not in before or before[key] is not value}


def _expanded(compact: dict[str, Any]) -> dict[str, Any]:
    return {**compact, "steps": _expanded_steps(compact["steps"])}


def _expanded_steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    expanded = []
    seen: dict[str, Any] = {}
    for step in steps:
        before = step.get("input", seen)
        gone = step.get("gone", ())
        seen = {key: value for key, value in {**before, **step["set"]}.items() if key not in gone}
        kept = {key: value for key, value in step.items() if key not in ("set", "gone")}
        expanded.append(
            {
                "frame": None,
                **kept,
                "input": before,
                "output": seen,
                "exchanges": _expanded_exchanges(step["exchanges"]),
                "branches": [_expanded_steps(branch) for branch in step.get("branches", ())],
            }
        )
    return expanded


def _expanded_exchanges(exchanges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    expanded = []
    request = None
    for each in exchanges:
        request = each.get("request", request)
        expanded.append({**each, "request": request})
    return expanded
