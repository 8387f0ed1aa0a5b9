"""L205, L206, L207: a pipe that works on a field of `$in` which is not there, perhaps not, or no bytes."""

from collections.abc import Iterator
from typing import Any, Literal

from akrun.lint.effects import effect_of, wrong_bytes
from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.state import absence
from akrun.lint.subject import Pipe, Subject
from aktmpl.infer_paths import described
from aktmpl.schema import NEVER as NOTHING

_Kind = Literal["never", "perhaps", "type"]


def _check(subject: Subject, kind: _Kind) -> Iterator[Complaint]:
    for each in subject.pipes:
        yield from _of_pipe(subject, each, kind)


def _of_pipe(subject: Subject, each: Pipe, kind: _Kind) -> Iterator[Complaint]:
    if each.view is None or each.spec is None or each.compiled is None:
        return
    effect = effect_of(each.spec, each.compiled, each.view, lambda _: NOTHING)
    data = each.view.state.fields["in"].type
    for name in effect.needs:
        at, who = (*each.at, "type"), f"`{each.spec.name}`"
        missing = absence(data, name)
        if missing is True and kind == "never":
            yield subject.at(
                at, f"{who} works on `$in.{name}`, and nothing before it sets that", _SETTERS[name]
            )
        elif missing is None and kind == "perhaps":
            message = f"{who} works on `$in.{name}`, and only some of the ways to it set that"
            yield subject.at(at, message, _SETTERS[name])
        elif missing is False and kind == "type":
            found = data.fields[name].type if name in data.fields else NOTHING
            if found.kinds == {"null"} or wrong_bytes(effect, found):
                message = f"{who} works on the bytes in `$in.{name}`, and this is {described(found)}"
                yield subject.at(at, message, _SETTERS[name])


_SETTERS = {
    "body": "a `pack` makes a body, an `http_request` or a callback brings one",
    "data": "an `unpack` sets it; or name the result by `path`",
}
_GET: dict[str, Any] = {"url": "https://api.example/users"}
_POST: dict[str, Any] = {"url": "https://api.example/users", "method": "POST", "content_type": "json"}

NEVER = Rule(
    id="L205",
    severity="error",
    title="A pipe without what it works on",
    explanation=(
        "`unpack` parses `$in.body`, an `http_request` with a body sends it, `result` gives `$in.data` back"
        " unless it has a `path`. Nothing before this pipe sets that field, so the pipe fails for every "
        "event."
    ),
    cure="Add the pipe that sets it.",
    bad=pipes(pipe(1, "http_request", **_POST)),
    good=pipes(
        pipe(1, "pack", template={"phone": "$subscription.phone"}, outs={"success": 2}),
        pipe(2, "http_request", **_POST),
    ),
    check=lambda subject: _check(subject, "never"),
)

PERHAPS = Rule(
    id="L206",
    severity="warning",
    title="A pipe that perhaps lacks what it works on",
    explanation="As L205, but for events that come by some of the ways only. Behind the error exit of an "
    "`http_request` there is a body only if the service has answered.",
    cure=(
        "Set the field on every way, or lead the others elsewhere: a `selector` with `in.body is defined` "
        "decides."
    ),
    bad=pipes(pipe(1, "http_request", **_GET, outs={"success": 2, "error": 2}), pipe(2, "unpack")),
    good=pipes(
        pipe(1, "http_request", **_GET, outs={"success": 3, "error": 2}),
        pipe(2, "selector", outs={"success": 4})
        | {"params": {"outs": [{"query": "in.body is defined", "out": 3}]}},
        pipe(3, "unpack"),
        pipe(4, "log", message="no answer"),
    ),
    check=lambda subject: _check(subject, "perhaps"),
)

TYPE = Rule(
    id="L207",
    severity="error",
    title="A body that is no bytes",
    explanation=(
        "`unpack` parses bytes, as `pack`, `http_request` and the listener leave them in `$in.body`. Here "
        "the field was set to something else, so the pipe fails for every event."
    ),
    cure="Give the value another name than `body`; there is nothing to unpack in it.",
    bad=pipes(pipe(1, "set", data={"body": "hello"}, outs={"success": 2}), pipe(2, "unpack")),
    good=pipes(pipe(1, "pack", template={"text": "hello"}, outs={"success": 2}), pipe(2, "unpack")),
    check=lambda subject: _check(subject, "type"),
)
