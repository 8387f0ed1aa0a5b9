"""L401, L402, L403: requests without an error exit, repetition that does not happen, a hold that does not."""

from collections.abc import Iterator
from typing import Any

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Pipe, Subject
from akrun.net.retry import SAFE_METHODS
from akrun.pipes.io.http_request import EFFECTLESS, IDEMPOTENCY_KEY, HttpRequestPipe
from aktmpl.nodes import Constant, Entry, Expansion, Object


def _requests(subject: Subject) -> Iterator[tuple[Pipe, HttpRequestPipe]]:
    for each in subject.pipes:
        if isinstance(each.compiled, HttpRequestPipe):
            yield each, each.compiled


def _without_exit(subject: Subject) -> Iterator[Complaint]:
    for each, compiled in _requests(subject):
        tells_apart = any(code >= 400 for code in compiled.success_codes)
        if each.model.outs.error is None and each.graph.kind == "message" and not tells_apart:
            message = f"request {each.model.id} has no error exit: what fails becomes a dead letter"
            hint = "lead `outs.error` to what should happen then, such as an `event` of type undeliv"
            yield subject.at((*each.at, "type"), message, hint)


def _unrepeatable(subject: Subject) -> Iterator[Complaint]:
    for each, compiled in _requests(subject):
        method = compiled.method.constant
        if (
            compiled.retry.max
            and method is not None
            and method not in SAFE_METHODS
            and not _has_key(compiled)
        ):
            message = f"a {method} without an idempotency key is repeated only if it never left"
            hint = 'add "idempotency_key": "$origin.send_message_id" if the service knows such keys'
            yield subject.at((*each.at, "type"), message, hint)


def _needless_hold(subject: Subject) -> Iterator[Complaint]:
    for each, compiled in _requests(subject):
        if not compiled.holds:
            continue
        at = (*each.at, "params", "on_uncertain")
        if _has_key(compiled):
            message = "`hold` has no effect beside an idempotency key: the request is simply sent again"
            yield subject.at(at, message, "remove one of the two", on_key=True)
        elif compiled.method.constant in EFFECTLESS:
            message = f"`hold` has no effect with {compiled.method.constant}: it is simply sent again"
            yield subject.at(at, message, "remove it", on_key=True)


def _has_key(compiled: HttpRequestPipe) -> bool:
    """Whether the request carries a key; where that is not known, it does."""
    if compiled.idempotency_key is not None:
        return True
    if compiled.headers is None:
        return False
    match compiled.headers.nodes:
        case Object(entries=entries):
            return any(map(_may_be_key, entries))
        case Constant(value=dict(value)):
            return any(name.lower() == IDEMPOTENCY_KEY for name in value)
        case _:
            return True


def _may_be_key(entry: Entry | Expansion) -> bool:
    if isinstance(entry, Expansion):
        return False
    return entry.key.constant is None or entry.key.constant.lower() == IDEMPOTENCY_KEY


_POST: dict[str, Any] = {
    "url": "https://api.example/messages",
    "method": "POST",
    "form": {"to": "$subscription.phone"},
}
_KEY: dict[str, Any] = {"idempotency_key": "$origin.send_message_id"}

WITHOUT_EXIT = Rule(
    id="L401",
    severity="info",
    title="A request without an error exit",
    explanation=(
        "When the service refuses or does not answer, the event becomes a dead letter, from which it can be"
        " replayed. That is right for faults that pass. A refusal for good, such as an unknown number, is "
        "better registered as an event, so that the report counts it. Only requests of `message` are meant,"
        " and of these not those whose `success_codes` count refusals in."
    ),
    cure=(
        "Lead `outs.error` to the pipes that deal with it, or count refusals among the `success_codes` and "
        "tell them apart by a `selector`."
    ),
    bad=pipes(pipe(1, "http_request", **_POST)),
    good=pipes(
        pipe(1, "http_request", **_POST, outs={"error": 2}), pipe(2, "log", message="refused: $error.message")
    ),
    check=_without_exit,
)

UNREPEATABLE = Rule(
    id="L402",
    severity="warning",
    title="A `retry` that a POST hardly uses",
    explanation=(
        "A POST or PATCH that may have arrived is not sent a second time, for it could be carried out "
        "twice. So without an idempotency key `retry` helps only where the connection was refused."
    ),
    cure="Add `idempotency_key` if the service knows such keys; else remove `retry`.",
    bad=pipes(pipe(1, "http_request", **_POST, retry={"max": 3})),
    good=pipes(pipe(1, "http_request", **_POST, retry={"max": 3}, **_KEY)),
    check=_unrepeatable,
)

HOLD = Rule(
    id="L403",
    severity="warning",
    title="`on_uncertain: hold` without effect",
    explanation=(
        "`hold` sets a message aside when nobody knows whether its request arrived. With an idempotency key"
        " the service sorts that out, and a GET does no harm: both are sent again, whatever `on_uncertain` "
        "says."
    ),
    cure="Remove `on_uncertain`.",
    bad=pipes(pipe(1, "http_request", **_POST, **_KEY, on_uncertain="hold")),
    good=pipes(pipe(1, "http_request", **_POST, on_uncertain="hold")),
    check=_needless_hold,
)
