"""L203, L204: `$error` is read where no pipe has failed, or perhaps none has."""

from collections.abc import Iterator
from typing import Any

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Subject


def _check(subject: Subject, *, surely: bool) -> Iterator[Complaint]:
    for placed in subject.templates:
        if placed.view is None:
            continue
        for read in placed.reads:
            if read.root != "error" or read.root_guarded:
                continue
            missing = placed.view.missing(read)
            if missing is True and surely:
                message = "`$error` is read where no event comes after a failure"
                hint = "it is there behind `outs.error` of a pipe"
                yield Complaint(message, read.source, read.span, hint)
            elif missing is None and not surely:
                message = "`$error` is there only on some of the ways to this pipe"
                hint = "give a default: `${error.message ?? …}`, or end the ways after a failure elsewhere"
                yield Complaint(message, read.source, read.span, hint)


_REQUEST: dict[str, Any] = {"url": "https://api.example/users"}

NEVER = Rule(
    id="L203",
    severity="error",
    title="`$error` where nothing has failed",
    explanation=(
        "`$error` is set when a pipe fails, for the pipes behind its error exit. No way to this pipe leads "
        "over an error exit, so the pipe fails for every event."
    ),
    cure="Read it behind an error exit.",
    bad=pipes(
        pipe(1, "http_request", **_REQUEST, outs={"success": 2}),
        pipe(2, "log", message="failed: $error.message"),
    ),
    good=pipes(
        pipe(1, "http_request", **_REQUEST, outs={"error": 2}),
        pipe(2, "log", message="failed: $error.message"),
    ),
    check=lambda subject: _check(subject, surely=True),
)

PERHAPS = Rule(
    id="L204",
    severity="warning",
    title="`$error` where perhaps nothing has failed",
    explanation=(
        "Some way to this pipe leads over no error exit: events that come by it have no `$error`, and the "
        "pipe fails for them."
    ),
    cure="Give a default, or use a pipe of its own behind the error exit.",
    bad=pipes(
        pipe(1, "http_request", **_REQUEST, outs={"success": 2, "error": 2}),
        pipe(2, "log", message="ended: $error.message"),
    ),
    good=pipes(
        pipe(1, "http_request", **_REQUEST, outs={"success": 2, "error": 2}),
        pipe(2, "log", message="ended: ${error.message ?? 'well'}"),
    ),
    check=lambda subject: _check(subject, surely=False),
)
