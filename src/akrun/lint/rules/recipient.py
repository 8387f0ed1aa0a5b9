"""L209, L210, L211: data of a recipient or of a mailing is read where there is none."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.reads import Read
from akrun.lint.rule import Rule, Sample, pipe, pipes
from akrun.lint.subject import Placed, Subject

_OF_ONE = ("profile", "subscription")
_OF_MAILING = ("template", "campaign", "camp_schedule")


def _found(subject: Subject) -> Iterator[tuple[Placed, Read]]:
    for placed in subject.templates:
        for read in placed.reads:
            if not read.root_guarded:
                yield placed, read


def _outside(subject: Subject) -> Iterator[Complaint]:
    if subject.channel.communication != "direct":
        return
    for placed, read in _found(subject):
        if read.root in _OF_ONE and placed.kind != "message":
            message = f"`${read.root}` is there in the pipeline `message` only"
            hint = "hand what is needed over in the `template` of `scheduled`, or keep it by `store_set`"
            yield Complaint(message, read.source, read.whole_span, hint)


def _indirect(subject: Subject) -> Iterator[Complaint]:
    if subject.channel.communication != "indirect":
        return
    for placed, read in _found(subject):
        if read.root in _OF_ONE or (placed.kind == "message" and _is_profile_id(read)):
            message = f"`${read.root}` is read in an indirect channel, which has no recipients"
            yield Complaint(message, read.source, read.whole_span, _CURE)


def _is_profile_id(read: Read) -> bool:
    return read.root == "origin" and read.key == "profile_id"


def _without_mailing(subject: Subject) -> Iterator[Complaint]:
    for placed, read in _found(subject):
        if read.root in _OF_MAILING and placed.kind == "listener":
            message = f"`${read.root}` is the mailing's, and a callback belongs to none"
            hint = "keep what is needed by `store_set` when the message is sent, and take it by `store_get`"
            yield Complaint(message, read.source, read.whole_span, hint)


_CURE = "make the channel direct, or use what is the same for all: `$template`, `$campaign`, `$resource`"
_GREETING = pipe(1, "pack", template={"text": "Hello, $profile.name"}, outs={"success": 2})
_SEND = pipe(2, "http_request", url="https://api.example/posts", method="POST", content_type="json")
_INDIRECT = {
    "communication": "indirect",
    "fields": {"resource": [{"type": "string", "name": "board", "required": True}], "subscription": []},
}

OUTSIDE = Rule(
    id="L209",
    severity="error",
    title="A recipient's data outside the pipeline `message`",
    explanation=(
        "`$profile` and `$subscription` are the recipient's of the message that is being sent. An event of "
        "`schedule`, `listener` or an operation has none, so the pipe fails for every event."
    ),
    cure="Hand over what is needed: in the `template` of `scheduled`, or by `store_set` and `store_get`.",
    bad=pipes(pipe(1, "log", message="called back for $subscription.phone"), pipeline="listener"),
    good=pipes(pipe(1, "log", message="called back from $origin.remote"), pipeline="listener"),
    check=_outside,
)

INDIRECT = Rule(
    id="L210",
    severity="error",
    title="An indirect channel that reads a recipient's data",
    explanation=(
        "An indirect channel sends one message for a whole mailing. It has no recipients, so there is no "
        "`$profile`, no `$subscription` and no `$origin.profile_id`."
    ),
    cure=_CURE[0].upper() + _CURE[1:] + ".",
    bad=Sample({**_INDIRECT, "pipelines": {"message": [_GREETING, _SEND]}}),
    good=Sample(
        {
            **_INDIRECT,
            "pipelines": {"message": [{**_GREETING, "params": {"template": {"text": "Hello, all"}}}, _SEND]},
        }
    ),
    check=_indirect,
)

MAILING = Rule(
    id="L211",
    severity="warning",
    title="A mailing's data in a callback",
    explanation="A callback is no part of a mailing: `$camp_schedule` is not there at all, `$template` and "
    "`$campaign` hold at most what the process was started with.",
    cure="Keep what is needed when the message is sent (`store_set`), and take it by `store_get`.",
    bad=pipes(pipe(1, "log", message="about the mailing of $camp_schedule.start_time"), pipeline="listener"),
    good=pipes(pipe(1, "log", message="about $origin.path"), pipeline="listener"),
    check=_without_mailing,
)
