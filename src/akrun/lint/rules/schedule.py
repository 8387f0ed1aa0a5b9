"""L102, L103: a pipeline `schedule` that nothing enters, and one that goes round without a pause."""

from collections.abc import Iterator
from contextlib import suppress

from akrun.graph import SCHEDULE, Graph
from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject
from akrun.pipes.pure.scheduled import ScheduledPipe


def _unused(subject: Subject) -> Iterator[Complaint]:
    for graph in subject.graphs:
        if graph.name == SCHEDULE and not graph.entries and all(each.whole for each in subject.graphs):
            message = "no `scheduled` pipe hands anything over to `schedule`"
            hint = "add a `scheduled` to another pipeline, or remove this one"
            yield subject.at(graph.at, message, hint, on_key=True)


def _restless(subject: Subject) -> Iterator[Complaint]:
    for each in subject.pipes:
        compiled, graph = each.compiled, each.graph
        if graph.name != SCHEDULE or not isinstance(compiled, ScheduledPipe) or compiled.at is not None:
            continue
        if compiled.delay.constant == 0 and _leads_back(graph, compiled.pipe_id, each.model.id):
            message = "the event comes back to this pipe without a pause, again and again"
            yield subject.at((*each.at, "params", "delay"), message, "wait a few seconds at least")


def _leads_back(graph: Graph, entry: int, pipe_id: int) -> bool:
    with suppress(KeyError):
        return pipe_id in graph.reached([entry])
    return False


_LATER = pipe(1, "scheduled", pipe_id=1, delay=60, template={"id": "$origin.send_message_id"})
_AGAIN = [
    pipe(1, "selector", outs={"success": 2}) | {"params": {"outs": []}},
    pipe(2, "scheduled", pipe_id=1, delay=0, template={"id": "$origin.id"}),
]
_CALM = [_AGAIN[0], pipe(2, "scheduled", pipe_id=1, delay=30, template={"id": "$origin.id"})]

UNUSED = Rule(
    id="L102",
    severity="warning",
    title="A pipeline `schedule` that nothing enters",
    explanation=(
        "Events enter `schedule` only when a `scheduled` pipe hands them over. The channel has none, so the"
        " pipeline never runs."
    ),
    cure="Hand events over by a `scheduled` pipe, or remove the pipeline.",
    bad=Sample(
        {
            "pipelines": {
                "message": [pipe(1, "log", message="sent")],
                "schedule": [pipe(1, "log", message="later")],
            }
        }
    ),
    good=Sample({"pipelines": {"message": [_LATER], "schedule": [pipe(1, "log", message="later")]}}),
    check=_unused,
)

RESTLESS = Rule(
    id="L103",
    severity="warning",
    title="A loop without a pause",
    explanation=(
        "A loop is allowed through `scheduled`, since the event rests there until it is due. With a `delay`"
        " of 0 it does not: the same event keeps a worker busy, and asks the service as fast as it answers."
    ),
    cure="Set a `delay` of some seconds, and let it end after a number of rounds.",
    bad=Sample({"pipelines": {"message": [_LATER], "schedule": _AGAIN}}),
    good=Sample({"pipelines": {"message": [_LATER], "schedule": _CALM}}),
    check=_restless,
)
