"""L701: another name of a pipe's type."""

from collections.abc import Iterator
from typing import Any

from akrun.lint.finding import Complaint, Edit
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Subject
from akrun.model.positions import to_pointer
from aktmpl.source import Span


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    for each in subject.pipes:
        written, name = each.model.written_type, each.model.type
        if written == name or each.spec is None:
            continue
        at = (*each.at, "type")
        origin = subject.located.origin(to_pointer(at))
        edits = () if origin is None else (Edit(origin.span(Span(0, len(written))), name),)
        yield subject.at(at, f"`{written}` is another name of `{name}`", f"write `{name}`", edits=edits)


_SENT: dict[str, Any] = {
    "event_type": "send",
    "channel_id": 7,
    "action_type": 1,
    "event": {"send_message_id": "$origin.send_message_id"},
}

RULE = Rule(
    id="L701",
    severity="info",
    title="Another name of a pipe's type",
    explanation=(
        "Old channels use other names of some types. They work, but documentation, traces and messages use "
        "one name only."
    ),
    cure="Write the type's own name; `--fix` does it.",
    bad=pipes(pipe(1, "eventer", **_SENT)),
    good=pipes(pipe(1, "event", **_SENT)),
    check=check,
    fixes=True,
)
