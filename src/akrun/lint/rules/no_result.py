"""L601: an operation that may end without a result."""

from collections.abc import Iterator

from akrun.graph import Graph
from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject
from akrun.pipes import REGISTRY
from akrun.pipes.spec import OPERATION


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    for graph in subject.graphs:
        if graph.kind != OPERATION or not graph.whole:
            continue
        if not any(each.type == "result" for each in graph.pipes.values()):
            message = f"the operation {graph.name} has no `result`, so it always ends in an error"
            yield subject.at(graph.at, message, "add a `result` pipe", on_key=True)
            continue
        for pipe_id in _ends_without(graph):
            message = f"the operation may end in pipe {pipe_id} without a result"
            hint = "lead it to a `result`, or to an `error` that says why there is none"
            yield subject.at((*graph.places[pipe_id], "id"), message, hint)


def _ends_without(graph: Graph) -> Iterator[int]:
    """The pipes in which an event ends well that has come by no `result`."""
    seen: set[int] = set()
    left = list(graph.entries)
    while left:
        pipe_id = left.pop()
        pipe_type = graph.pipes[pipe_id].type
        if pipe_id in seen or pipe_type == "result":
            continue
        seen.add(pipe_id)
        left += [edge.target for edge in graph.ways[pipe_id]]
    for pipe_id, each in graph.pipes.items():
        final = each.type in REGISTRY and REGISTRY[each.type].final
        if pipe_id in seen and not final and each.outs.success is None:
            yield pipe_id


def _operation(*listed: object) -> Sample:
    fields = [{"type": "int", "name": "id"}, {"type": "string", "name": "title"}]
    entity = {
        "name": "Segment", "shortname": "segment", "fields": fields, "primary": "id", "preview": "title",
        "operations": {"list": {"pipeline": list(listed)}},
    }  # fmt: skip
    return Sample({"entities": [entity], "pipelines": {"message": [pipe(1, "log", message="sent")]}})


_ASK = pipe(1, "http_request", url="https://crm.example/segments", outs={"success": 2})

RULE = Rule(
    id="L601",
    severity="error",
    title="An operation that ends without a result",
    explanation=(
        "Whoever calls an entity's operation waits for what a `result` pipe sets. On this way there is "
        "none, so the caller gets an error although all went well. (Two on one way are a fault, C508.)"
    ),
    cure="End every way with a `result` or an `error`.",
    bad=_operation(_ASK, pipe(2, "unpack")),
    good=_operation(_ASK, pipe(2, "unpack", outs={"success": 3}), pipe(3, "result")),
    check=check,
)
