"""What came of a case, as plain values that expectations are compared with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from akrun.backend.records import EventRecord
from akrun.engine.checkpoint import show_checkpoint
from akrun.engine.payload import show_payload
from akrun.engine.secrets import Masker
from akrun.engine.shown import shown
from akrun.engine.trace import TraceStep
from akrun.testkit.json_path import MISSING
from akrun.testkit.seen import Seen
from akrun.testkit.world import Run, World


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a case: how much there was of everything."""

    runs: int = 0
    requests: int = 0
    statements: int = 0
    events: int = 0
    log: int = 0
    dead: int = 0
    handed_over: int = 0
    answers: int = 0

    @classmethod
    def of(cls, world: World) -> "Mark":
        """Now."""
        return cls(
            len(world.runs), len(world.service.requests), len(world.sql.asked), len(world.events),
            len(world.log), len(world.dead), len(world.handed_over), len(world.answers),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observed:
    """What came since a moment of a case; the keys are those of `Expect`."""

    world: World
    since: Mark

    def value(self, name: str) -> Any:
        """What came under this name; MISSING where there can be nothing."""
        found: Any = getattr(self, f"_{name}")()
        return found

    @property
    def runs(self) -> Sequence[Run]:
        """What ran."""
        return self.world.runs[self.since.runs :]

    @property
    def entered(self) -> Sequence[Run]:
        """Of that, what the step itself brought in; all of it where there is nothing else."""
        return [each for each in self.runs if each.entered] or self.runs

    def _state(self) -> Any:
        states = [each.state for each in self.entered]
        return MISSING if not states else states[0] if len(set(states)) == 1 else states

    def _counts(self) -> dict[str, int]:
        return dict(Counter(each.state for each in self.entered))

    def _path(self) -> Any:
        traced = [each for each in self.entered if each.trace is not None]
        return path_of(traced[0].trace.steps) if traced and traced[0].trace else MISSING

    def _runs(self) -> list[dict[str, Any]]:
        return [
            {
                "pipeline": each.pipeline,
                "state": each.state,
                "pipe": None if each.result is None else each.result.pipe,
                "error": each.error,
                "path": [] if each.trace is None else path_of(each.trace.steps),
                "profile_id": each.profile_id,
                "message_id": each.message_id,
                "in": None if each.result is None else _plain(each.result.data),
            }
            for each in self.runs
        ]

    def _requests(self) -> list[dict[str, Any]]:
        pipes = self.world.pipes_of_requests()
        return [request_view(each, pipes) for each in self.world.service.requests[self.since.requests :]]

    def _statements(self) -> list[dict[str, Any]]:
        return [each.parts() for each in self.world.sql.asked[self.since.statements :]]

    def _events(self) -> list[dict[str, Any]]:
        return [self._event(each) for each in self.world.events[self.since.events :]]

    def _event(self, event: EventRecord) -> dict[str, Any]:
        names = {each.id: each.string_id for each in self.world.bench.compiled.channel.events}
        return {
            "event_type": event.event_type,
            "action_type": event.action_type,
            "event": names.get(event.action_type) if event.action_type is not None else None,
            "send_message_id": event.send_message_id,
            "profile_id": self.world.profiles.get(event.send_message_id),
            "channel_id": event.channel_id,
            "key": event.key,
            "time": _moment(event.time),
            "reason": event.reason,
            "data": _plain(event.data),
        }

    def _store(self) -> list[dict[str, Any]]:
        return self.world.store.rows()

    def _log(self) -> list[dict[str, Any]]:
        return [
            {
                "level": each.level,
                "prefix": each.prefix,
                "message": each.message,
                "pipe": each.pipe,
                "time": _moment(each.time),
            }
            for each in self.world.log[self.since.log :]
        ]

    def _dead_letters(self) -> list[dict[str, Any]]:
        return [
            {
                "message_id": each.message_id,
                "pipeline": each.pipeline,
                "pipe": each.pipe,
                "error": dict(each.error),
                "in": _plain(show_checkpoint(each.input)["in"]) if each.input else None,
            }
            for each in self.world.dead[self.since.dead :]
        ]

    def _handed_over(self) -> list[dict[str, Any]]:
        start = self.world.now() - self.world.clock.monotonic()
        return [
            {
                "pipeline": job.pipeline,
                "pipe": job.pipe,
                "due": _moment(job.due),
                "delay": plain_number(job.due - start - made),
                "data": _plain(show_payload(job.payload)),
                "message_id": job.origin_message,
            }
            for job, made in self.world.handed_over[self.since.handed_over :]
        ]

    def _in(self) -> Any:
        ended = [each.result for each in self.entered if each.result is not None]
        return _plain(ended[-1].data) if ended else MISSING

    def _error(self) -> Any:
        return next((each.error for each in self.entered if each.error is not None), None)

    def _result(self) -> Any:
        returned = [each.returned for each in self.entered if each.returned is not None]
        return _plain(returned[-1]) if returned else MISSING

    def _answer(self) -> Any:
        answers = self.world.answers[self.since.answers :]
        return answers[-1] if answers else MISSING


def request_view(seen: Seen, pipes: Mapping[int, tuple[str, int]]) -> dict[str, Any]:
    """A request with the pipe that sent it."""
    pipeline, pipe = pipes.get(id(seen.source), (None, None))
    return {**seen.parts(), "at": plain_number(seen.at), "pipeline": pipeline, "pipe": pipe}


def plain_number(value: float) -> float:
    """A number of seconds to the microsecond; a whole one as an integer."""
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() else rounded


def path_of(steps: Sequence[TraceStep]) -> list[Any]:
    """The pipes of a way, in order; after a pipe that ran branches, a list for each of them."""
    path: list[Any] = []
    for step in steps:
        path.append(step.pipe)
        path += [path_of(branch) for branch in step.branches]
    return path


def _plain(value: Any) -> Any:
    """A template value as JSON: bytes as text."""
    return shown(value, Masker())


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
