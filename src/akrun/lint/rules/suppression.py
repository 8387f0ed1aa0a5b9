"""L901, L902, L903: a finding that is allowed without a reason, that is not there, or that there is not."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject

_LOGGING = [pipe(1, "log", message="called")]
_LISTENER = {"pipelines": {"listener": _LOGGING}}
_REASON = "the service signs nothing; the address is a secret"


def _elsewhere(_: Subject) -> Iterator[Complaint]:
    """Told by `akrun.lint.suppress`, which knows what the other rules found."""
    yield from ()


NO_REASON = Rule(
    id="L901",
    severity="warning",
    title="A finding that is allowed without a reason",
    explanation="Who reads the channel later needs to know why what looks like a mistake is none.",
    cure="Write the reason as the value.",
    bad=Sample({**_LISTENER, "lint": {"allow": {"L404": ""}}}),
    good=Sample({**_LISTENER, "lint": {"allow": {"L404": _REASON}}}),
    check=_elsewhere,
)

NEEDLESS = Rule(
    id="L902",
    severity="warning",
    title="A finding that is allowed and not there",
    explanation=(
        "The mistake is mended, or never was at this place. What is left would hide it when it comes back."
    ),
    cure="Remove the entry.",
    bad=Sample({"pipelines": {"message": _LOGGING}, "lint": {"allow": {"L404": _REASON}}}),
    good=Sample({**_LISTENER, "lint": {"allow": {"L404": _REASON}}}),
    check=_elsewhere,
)

UNKNOWN = Rule(
    id="L903",
    severity="warning",
    title="An id that no finding has",
    explanation=(
        "`lint.allow` takes ids of lint's rules (`L…`) and of what the language says of templates (`W…`, "
        "`E2…`). Faults that keep a channel from running cannot be allowed."
    ),
    cure="Correct the id, or remove the entry.",
    bad=Sample({**_LISTENER, "lint": {"allow": {"L4004": _REASON}}}),
    good=Sample({**_LISTENER, "lint": {"allow": {"L404": _REASON}}}),
    check=_elsewhere,
)
