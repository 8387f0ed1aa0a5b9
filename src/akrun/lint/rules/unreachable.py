"""L101: pipes that no event comes to."""

from collections.abc import Iterator

from akrun.graph import SCHEDULE
from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Subject


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    for graph in subject.graphs:
        if not graph.whole or not graph.entries:
            continue
        for pipe_id in graph.unreached:
            message = f"no event comes to pipe {pipe_id}"
            hint = "lead an exit to it, or remove it"
            if graph.name == SCHEDULE:
                hint = "name it in the `pipe_id` of a `scheduled`, lead an exit to it, or remove it"
            yield subject.at((*graph.places[pipe_id], "id"), message, hint)


RULE = Rule(
    id="L101",
    severity="warning",
    title="A pipe that no event comes to",
    explanation=(
        "Events enter a pipeline at its first pipe and go on by exits; `schedule` they enter at the pipes "
        "that `scheduled` pipes name. This pipe is on none of those ways. Often an exit carries a wrong "
        "number."
    ),
    cure="Lead an exit to it, or remove it.",
    bad=pipes(pipe(1, "log", message="begun"), pipe(2, "log", message="ended")),
    good=pipes(pipe(1, "log", message="begun", outs={"success": 2}), pipe(2, "log", message="ended")),
    check=check,
)
