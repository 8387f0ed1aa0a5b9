"""L201, L202: a field of `$in` is read that no pipe before sets, or that only some ways set."""

from collections.abc import Iterator

from akrun.graph import SCHEDULE
from akrun.lint.effects import View
from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Placed, Subject
from akrun.pipes import SPECS
from akrun.pipes.spec import OPERATION
from aktmpl.errors import nearest


def _check(subject: Subject, *, surely: bool) -> Iterator[Complaint]:
    for placed in subject.templates:
        if placed.view is not None:
            yield from _of_template(placed, placed.view, surely=surely)


def _of_template(placed: Placed, view: View, *, surely: bool) -> Iterator[Complaint]:
    for read in placed.reads:
        if read.root != "in" or read.key is None or read.guarded:
            continue
        missing = view.missing(read)
        if missing is True and surely:
            message = f"`$in.{read.key}` is never there: no way to this pipe sets it"
            yield Complaint(message, read.source, read.span, _cure(read.key, view, placed.kind))
        elif missing is None and not surely:
            message = f"`$in.{read.key}` may be missing: not every way to this pipe sets it"
            hint = f"give a default: `${{in.{read.key} ?? …}}`, or set it on every way"
            yield Complaint(message, read.source, read.span, hint)


def _cure(key: str, view: View, kind: str) -> str:
    fields = view.state.fields["in"].type.fields
    parent = fields.get("parent")
    if parent is not None and key in parent.type.fields:
        return f"a branch of `foreach` has an `$in` of its own: write `in.parent.{key}`"
    setters = [spec.name for spec in SPECS if key in spec.writes]
    if setters:
        return (
            f"it is set by {' and '.join(f'`{name}`' for name in setters)}: is one missing on the way here?"
        )
    if kind == OPERATION and not fields:
        return "declare it in the operation's `input`"
    near = nearest(key, fields)
    if near is not None:
        return near
    given = " (what `scheduled` hands over, and what pipes added)" if kind == SCHEDULE else ""
    return f"`$in` holds {', '.join(fields) or 'nothing'} here{given}"


_EXPLANATION = (
    "`$in` is what entered the pipeline, and what the pipes on the way here added: `http_request` sets "
    "`body`, `status`, `headers` and `elapsed`, `unpack` sets `data`, `set`, `store_get`, `sql_pipe` and "
    "`foreach` what they are told to. "
)

NEVER = Rule(
    id="L201",
    severity="error",
    title="A field of `$in` that no way here sets",
    explanation=_EXPLANATION
    + ("No way from an entry to this pipe sets the field, so the pipe fails for every event."),
    cure="Add the pipe that sets it, read another field, or give a default by `??`.",
    bad=pipes(
        pipe(1, "http_request", url="https://api.example/users", outs={"success": 2}),
        pipe(2, "log", message="user $in.data.name"),
    ),
    good=pipes(
        pipe(1, "http_request", url="https://api.example/users", outs={"success": 2}),
        pipe(2, "unpack", outs={"success": 3}),
        pipe(3, "log", message="user $in.data.name"),
    ),
    check=lambda subject: _check(subject, surely=True),
)

PERHAPS = Rule(
    id="L202",
    severity="warning",
    title="A field of `$in` that only some ways here set",
    explanation=_EXPLANATION
    + "Some way to this pipe does not set the field: events that come by it fail here. Nothing is said where "
    "`??`, `is defined`, `?.` or `$?` copes with it, or a `selector` has made sure.",
    cure="Set it on every way, or give a default.",
    bad=pipes(
        pipe(1, "http_request", url="https://api.example/users", outs={"success": 2, "error": 2}),
        pipe(2, "log", message="answered $in.status"),
    ),
    good=pipes(
        pipe(1, "http_request", url="https://api.example/users", outs={"success": 2, "error": 2}),
        pipe(2, "log", message="answered ${in.status ?? 'nothing'}"),
    ),
    check=lambda subject: _check(subject, surely=False),
)
