"""L104: an error exit of a pipe that cannot fail."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Subject


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    for each in subject.pipes:
        if each.view is None or each.model.outs.error is None or each.compiled is None:
            continue
        passed = subject.flows[each.graph.name].passed[each.model.id]
        if not passed.error.kinds:
            message = f"pipe {each.model.id} cannot fail: this exit is never taken"
            yield subject.at((*each.at, "outs", "error"), message, "remove it")


RULE = Rule(
    id="L104",
    severity="info",
    title="An error exit that is never taken",
    explanation="All that the pipe renders is there in every event and has a text form, so it cannot fail.",
    cure="Remove the exit, and what only it leads to.",
    bad=pipes(pipe(1, "log", message="begun", outs={"error": 2}), pipe(2, "log", message="failed")),
    good=pipes(pipe(1, "log", message="begun")),
    check=check,
)
