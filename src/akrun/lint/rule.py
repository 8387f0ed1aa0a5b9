"""What a rule of lint is: its id, what it says of itself, and how it is checked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from akrun.lint.finding import Complaint, Severity
from akrun.lint.subject import Subject

_BASE: Mapping[str, Any] = {
    "name": "Example",
    "id": 7,
    "string_id": "example",
    "communication": "direct",
    "fields": {
        "sender": [{"type": "string", "name": "key", "required": True, "secret": True}],
        "subscription": [{"type": "string", "name": "phone", "required": True}],
    },
    "events": [
        {"id": 1, "string_id": "sent", "name": "Sent", "event_type": "send"},
        {"id": 2, "string_id": "lost", "name": "Lost", "event_type": "undeliv"},
    ],
    "pipelines": {},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A part of a channel that shows a rule: top-level keys of the file, over those of a small channel.

    The channel has the id 7, the secret field `sender.key`, the field `subscription.phone`, and the events 1
    (`send`) and 2 (`undeliv`).
    """

    parts: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """The whole channel."""
        fields = {**_BASE["fields"], **self.parts.get("fields", {})}
        return {**_BASE, **self.parts, "fields": fields}


def pipes(*listed: Mapping[str, Any], pipeline: str = "message") -> Sample:
    """A sample of one pipeline."""
    return Sample({"pipelines": {pipeline: list(listed)}})


def pipe(
    number: int, kind: str, /, *, outs: Mapping[str, int] | None = None, **params: Any
) -> dict[str, Any]:
    """A pipe of a sample."""
    written: dict[str, Any] = {"id": number, "type": kind}
    if params:
        written["params"] = params
    if outs:
        written["outs"] = dict(outs)
    return written


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: such as `L201`; never used for anything else again.
        severity: of its findings.
        title: what is wrong, in one line.
        explanation: why that is a mistake, and what comes of it.
        cure: what to do about it.
        bad: shows a finding.
        good: the same mended.
        check: gives the findings of a channel.
        whole: it tells what is nowhere in the channel, so that it asks for a channel without faults.
        fixes: whether `--fix` mends its findings.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    cure: str
    bad: Sample
    good: Sample
    check: Callable[[Subject], Iterable[Complaint]] = field(repr=False)
    whole: bool = False
    fixes: bool = False
