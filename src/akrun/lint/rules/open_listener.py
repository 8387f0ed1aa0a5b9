"""L404: a listener that takes requests of anybody."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    listener, pipelines = subject.channel.listener, subject.channel.pipelines
    if pipelines is None or not pipelines.listener:
        return
    if listener is None or (listener.secret_header is None and listener.signature is None):
        message = "the listener takes requests of anybody: it checks neither a secret nor a signature"
        hint = 'add "listener": {"signature": …} or {"secret_header": …}'
        at = ("listener",) if listener is not None else ("pipelines", "listener")
        yield subject.at(at, message, hint, on_key=True)


_PIPES = {"pipelines": {"listener": [pipe(1, "log", message="called")]}}

RULE = Rule(
    id="L404",
    severity="warning",
    title="A listener that checks nothing",
    explanation="Whoever knows the address can report deliveries, complaints and moderators' decisions.",
    cure="Check a signature or a secret header. If the service has neither, allow it with that reason.",
    bad=Sample(_PIPES),
    good=Sample(
        {**_PIPES, "listener": {"secret_header": {"name": "X-Secret", "value": "env:CALLBACK_SECRET"}}}
    ),
    check=check,
)
