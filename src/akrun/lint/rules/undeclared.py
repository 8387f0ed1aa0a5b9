"""L302: a template reads a field that the channel does not declare."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.reads import Read
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject
from akrun.model.fields import OBJECTS
from aktmpl.findings import Finding


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    for placed in subject.templates:
        if placed.view is None:
            continue
        found = [read for read in placed.reads if read.root in OBJECTS]
        if not found:
            continue
        for finding in placed.template.findings(placed.view.schema):
            read = _about(finding, found)
            if read is not None:
                path = ".".join(map(str, read.path))
                message = f"the channel declares no field `{read.root}.{path}`"
                hint = finding.hint or f"declare it under `fields.{read.root}`"
                yield Complaint(message, finding.source, read.whole_span, hint)


def _about(finding: Finding, found: list[Read]) -> Read | None:
    """The read of an object's field that a finding is about."""
    if finding.code != "E202":
        return None
    for read in found:
        covers = read.whole_span.start <= finding.span.start and finding.span.end <= read.whole_span.end
        if read.source is finding.source and covers:
            return read
    return None


_FIELDS = {"template": [{"type": "text", "name": "body", "required": True}]}

RULE = Rule(
    id="L302",
    severity="error",
    title="A field that is not declared",
    explanation=(
        "A mailing can give values only to the fields that the channel declares, so the value is never "
        "there and the pipe fails for every event."
    ),
    cure="Correct the name, or declare the field.",
    bad=Sample({"fields": _FIELDS, "pipelines": {"message": [pipe(1, "log", message="$template.text")]}}),
    good=Sample({"fields": _FIELDS, "pipelines": {"message": [pipe(1, "log", message="$template.body")]}}),
    check=check,
)
