"""`scheduled`: hands an event over to the schedule pipeline, for later."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictInt, WithJsonSchema

from akrun.engine.event import Event
from akrun.engine.payload import encode_payload
from akrun.model.base import Model
from akrun.pipes.convert import natural_number, object_of, unix_time
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import (
    EVENT_PIPELINES,
    CompiledPipe,
    Parameter,
    PipeContext,
    PipeSpec,
    parameter_failure,
)
from aktmpl import DocumentTemplate

PIPELINE = "schedule"
"""The pipeline that events are handed over to."""

_LATEST = 253_402_300_800.0
"""The end of the year 9999: whatever is later is a slip, such as milliseconds for seconds."""


class ScheduledParams(Model):
    """Parameters of `scheduled`."""

    pipe_id: StrictInt
    """The pipe of the pipeline `schedule` at which the later event enters."""
    delay: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})] = None
    """Seconds until it is due; default `PIPE_SCHEDULER_DELAY`."""
    at: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})] = None
    """When it is due, in place of `delay`: seconds since 1970 or ISO 8601; a time that is over is now."""
    template: Any
    """A document that renders to an object: `$in` and `$origin` of the later event."""


@dataclass(frozen=True, slots=True)
class ScheduledPipe(CompiledPipe):
    """A compiled `scheduled`."""

    channel: str
    pipe_id: int
    delay: Parameter[float]
    at: Parameter[float] | None
    template: DocumentTemplate

    def run(self, event: Event) -> None:
        """Add the hand-over to the event's jobs, which are stored together with its outcome."""
        due = self._due(event)
        given = object_of(self.template.render(event.scope), "template")
        try:
            payload = encode_payload(given, event.services.masker)
        except (ValueError, RecursionError) as exc:
            raise parameter_failure("template", str(exc)) from exc
        event.hand_over(self.channel, PIPELINE, self.pipe_id, payload, due)

    def _due(self, event: Event) -> float:
        if self.at is not None:
            name, due = "at", self.at.get(event.scope)
        else:
            now = event.services.clock.now().timestamp()
            name, due = "delay", now + self.delay.get(event.scope)
        if not 0 <= due < _LATEST:
            raise parameter_failure(name, "the time is not between the years 1970 and 9999")
        return due


def compile_scheduled(params: ScheduledParams, context: PipeContext) -> ScheduledPipe:
    """Compile the templates; `pipe_id` must be there in the pipeline `schedule`."""
    pipelines = context.channel.pipelines
    known = [pipe.id for pipe in pipelines.of(PIPELINE)] if pipelines is not None else []
    if params.pipe_id not in known:
        message = f"the pipeline `{PIPELINE}` has no pipe {params.pipe_id}"
        hint = "pipes there: " + ", ".join(map(str, known)) if known else f"add the pipeline `{PIPELINE}`"
        context.fault(message, "pipe_id", hint=hint)
    if params.delay is not None and params.at is not None:
        context.fault("either `delay` or `at` says when it is due, not both", "at")
    if not isinstance(params.template, dict | str):
        context.fault("template must be an object", "template")
    delay = context.defaults.scheduler_delay if params.delay is None else params.delay
    return ScheduledPipe(
        channel=context.channel.string_id,
        pipe_id=params.pipe_id,
        delay=context.parameter(delay, natural_number, "delay"),
        at=None if params.at is None else context.parameter(params.at, unix_time, "at"),
        template=context.document(params.template, "template"),
    )


SPEC = PipeSpec(
    name="scheduled",
    summary="Hands an event over to the pipeline `schedule`, where it enters at a pipe when it is due.",
    params=ScheduledParams,
    compile=compile_scheduled,
    pure=True,
    aliases=("scheduler",),
    pipelines=EVENT_PIPELINES,
    examples=(
        PipeExample(
            "a question for the status of a message, a minute later",
            params={"pipe_id": 1, "template": {"message": "$origin.send_message_id", "id": "$in.data.id"}},
            before={"data": {"id": "p-17"}},
            effects=(
                {
                    "pipe_id": 1,
                    "delay": 60,
                    "template": {"message": "6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10", "id": "p-17"},
                },
            ),
        ),
        PipeExample(
            "as long as the service asks to wait, counting the tries",
            params={
                "pipe_id": 1,
                "delay": "$in.data.retry_after",
                "template": {"id": "$in.data.id", "tries": "$#{in.tries + 1}"},
            },
            before={"data": {"id": "p-17", "retry_after": 300}, "tries": 2},
            effects=({"pipe_id": 1, "delay": 300, "template": {"id": "p-17", "tries": 3}},),
        ),
        PipeExample(
            "at a given time",
            params={"pipe_id": 1, "at": "$in.data.not_before", "template": {"id": "$in.data.id"}},
            before={"data": {"id": "p-17", "not_before": "2031-01-01T09:00:00+03:00"}},
            effects=({"pipe_id": 1, "at": 1_925_013_600, "template": {"id": "p-17"}},),
        ),
        PipeExample(
            "a delay that is no number",
            params={"pipe_id": 1, "delay": "$in.data.retry_after", "template": {}},
            before={"data": {"retry_after": "soon"}},
            exit="error",
            error={"code": "parameter", "kind": "parameter", "message": "delay: 'soon' is not a number"},
        ),
    ),
)
