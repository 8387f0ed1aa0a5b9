"""Single messages: handed in, each once however often it is sent, and looked at."""

import hashlib
import json
from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson
from fastapi import APIRouter, Depends, Header
from pydantic import Field, StrictInt
from starlette.responses import Response

from akrun.backend import Accepted, EventRecord, NewJob, Outcome
from akrun.engine.host import Host
from akrun.engine.payload import encode_payload
from akrun.engine.trace_record import decode_trace
from akrun.engine.worker import MESSAGE
from akrun.errors import Fault
from akrun.model import AudienceRow, Channel, LocatedDocument, codes
from akrun.model.audience_row import RowReader
from akrun.model.positions import to_pointer
from akrun.server.api.answers import Document, Page, answer, moment
from akrun.server.api.auth import READ, SEND
from akrun.server.api.body import NAME, Body, json_body, takes
from akrun.server.api.context import Api, ChannelName, Context, MessageId
from akrun.server.api.problems import Problem
from akrun.server.api.values import ConstantRoots, constants_in, require, without_secrets

router = APIRouter(tags=["messages"])

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://akrun/api/message")
_ROUTE: Final = "/api/channels/{string_id}/messages"


class NewMessage(ConstantRoots):
    """A single message. What the server was given by --set may be left out, and secrets have to be."""

    profile: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Whom it is for: the fields of a profile, of which `id` has to be there. Direct channels only."""
    subscription: dict[str, Any] = Field(default_factory=dict, repr=False)
    """How the profile is reached: values of the channel's subscription fields. Direct channels only."""
    a_id: StrictInt = Field(default=1, ge=0)
    """`$origin.a_id`: the account."""


class AcceptedMessage(Document):
    """A message that was taken on, and will be sent whatever happens."""

    id: str
    """Its id; `$origin.send_message_id`."""
    channel: str
    """The channel's string id."""


class OutcomeDocument(Document):
    """How a message ended."""

    state: str
    """`done`, `failed`, `skipped` or `uncertain`."""
    pipe: int | None
    """The pipe it ended in."""
    error: dict[str, Any] | None
    """The `$error` it failed with: code, message, kind, pipe, status, retryable."""
    finished_at: str
    """When."""
    resent: int
    """Requests that were sent again though nobody knew what became of the one before."""


class EventOfMessage(Document):
    """What happened to a message."""

    event_type: str
    """`send`, `deliv`, `undeliv`, …."""
    action_type: int | None
    """The channel's event."""
    time: str
    """When."""
    reason: str | None
    """The service's reason."""
    data: Any
    """What else it said."""


class MessageDocument(Document):
    """What is known of a message, of a mailing or a single one."""

    id: str
    """Its id."""
    channel: str | None
    """The channel's string id."""
    mailing_id: int | str | None
    """The mailing it is of; null for a single one."""
    launch_id: str | None
    """The launch it is of."""
    profile_id: str | None
    """Whom it is for."""
    state: str
    """`pending`, `in_progress`, or how it ended."""
    attempts: int
    """Attempts begun."""
    resent: int
    """See `outcome`."""
    outcome: OutcomeDocument | None
    """How it ended; null until it has."""
    events: list[EventOfMessage]
    """What happened to it, by time."""


class TraceDocument(Document):
    """What every pipe saw, did and answered in one attempt."""

    attempt: int
    """Which attempt, from 1."""
    time: str
    """When it ended."""
    trace: dict[str, Any]
    """`state`, `pipe`, `error`, `events`, `handed_over`, and the `steps`; secrets are masked."""


_EXAMPLE: Final = {
    "profile": {"id": "p1", "first_name": "Ann"},
    "subscription": {"phone": "+447700900001"},
    "template": {"greeting": "Hello", "impersonal": "Hello", "body": "Your order is ready."},
}


@router.post(
    _ROUTE,
    operation_id="send_message",
    summary="Send a single message",
    status_code=202,
    response_model=AcceptedMessage,
    responses={
        202: {
            "description": "The message is on the disk, and will be sent.",
            "headers": {
                "Location": {"description": "Where the message is.", "schema": {"type": "string"}},
                "Idempotent-Replayed": {
                    "description": "`true` where the key was known: the answer is the stored one.",
                    "schema": {"type": "string"},
                },
            },
        }
    },
    dependencies=SEND,
    openapi_extra=takes(NewMessage, _EXAMPLE),
)
async def send_message(
    string_id: ChannelName,
    api: Api,
    body: Annotated[Body[NewMessage], Depends(json_body(NewMessage))],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Tells messages apart: the same key with the same body is the same message, sent "
            "once, and answered as the first time. Without a key each request is a message of its own.",
        ),
    ] = None,
) -> Response:
    """Take on a message to one profile; it is on the disk before it is answered.

    `GET /api/messages/{id}` tells what becomes of it. With an `Idempotency-Key` that was used for another
    body it is refused (422); while the first request with the key is being handled, too (409). Keys are
    remembered for as many days as the setting `api_key_days` says.
    """
    if key is None:
        return await _take_on(api, string_id, body)
    scoped = f"{string_id}:{key}"
    if scoped in api.handling:
        detail = "the first request with this Idempotency-Key is still being handled"
        raise Problem(409, "in_progress", detail, "send it again in a second", headers={"Retry-After": "1"})
    api.handling.add(scoped)
    try:
        return await _take_on_once(api, string_id, body, scoped)
    finally:
        api.handling.discard(scoped)


@router.get(
    "/api/messages/{message_id}",
    operation_id="get_message",
    summary="Get a message",
    response_model=MessageDocument,
    dependencies=READ,
)
async def get_message(message_id: MessageId, api: Api) -> Response:
    """Where a message stands, of a mailing or a single one, and what happened to it."""
    events = [_event(each) for each in await api.backend.message_events(message_id)]
    found = await api.backend.message(message_id)
    if found is not None:
        launch = await api.backend.find_launch(found.launch_id)
        mailing = None if launch is None else await api.backend.mailing(launch.mailing_id)
        channel = None if mailing is None else mailing.channel
        known = {
            "channel": channel,
            "mailing_id": None if launch is None else launch.mailing_id,
            "launch_id": found.launch_id,
        }
        return answer(_document(found, known, events))
    job = await api.backend.job(message_id)
    if job is None or job.pipeline != MESSAGE:
        raise _unknown(message_id)
    known = {"channel": job.channel, "mailing_id": None, "launch_id": None}
    return answer(_document(job, known, events))


@router.get(
    "/api/messages/{message_id}/trace",
    operation_id="get_message_trace",
    summary="Get the traces of a message",
    response_model=Page[TraceDocument],
    dependencies=READ,
)
async def get_message_trace(message_id: MessageId, api: Api) -> Response:
    """What every pipe saw, did and answered, by attempt; the setting `traces` says which are kept."""
    found = await api.backend.traces(message_id)
    if (
        not found
        and await api.backend.message(message_id) is None
        and await api.backend.job(message_id) is None
    ):
        raise _unknown(message_id)
    items = [
        TraceDocument(attempt=each.attempt, time=moment(each.time), trace=decode_trace(each.body))
        for each in found
    ]
    return answer(Page[TraceDocument](items=items, next=None))


def _host(api: Context, string_id: str) -> Host:
    """The channel, which must be one that sends single messages."""
    host = api.host(string_id)
    channel = host.compiled.channel
    if MESSAGE not in host.compiled.pipelines:
        detail = f"the channel {channel.string_id} has no `message` pipeline, so it can send nothing"
        raise Problem(409, "conflict", detail)
    if channel.moderation:
        detail = f"messages of {channel.string_id} pass moderation first"
        raise Problem(409, "conflict", detail, "make a mailing of it")
    return host


async def _take_on(api: Context, string_id: str, body: Body[NewMessage]) -> Response:
    """A message of its own."""
    job = _job(api, _host(api, string_id), body, str(uuid4()))
    await api.backend.enqueue([job])
    api.wake()
    return _accepted(_stored(job), replayed=False)


async def _take_on_once(api: Context, string_id: str, body: Body[NewMessage], key: str) -> Response:
    """The message that this key stands for; the first answer holds, whatever became of the channel since."""
    digest = _digest(body.document.value)
    known = await api.backend.accepted(key)
    if known is not None:
        return _replayed(known, digest)
    host = _host(api, string_id)
    name = str(uuid5(_NAMESPACE, key))
    if await api.backend.job(name) is not None:  # the key was used before; if it is forgotten, this is new
        name = str(uuid4())
    job = _job(api, host, body, name)
    accepted = await api.backend.accept(key, digest, _stored(job), [job])
    if not accepted.new:  # another process was first
        return _replayed(accepted, digest)
    api.wake()
    return _accepted(accepted.answer, replayed=False)


def _replayed(known: Accepted, digest: str) -> Response:
    """The answer that a key has, for a body with that digest."""
    if known.digest != digest:
        detail = "this Idempotency-Key was used for another body"
        raise Problem(422, "key_reused", detail, "use a new key for a new message")
    return _accepted(known.answer, replayed=True)


def _job(api: Context, host: Host, body: Body[NewMessage], name: str) -> NewJob:
    """The message as it is kept.

    Raises:
        FileFaults: every fault of the body.
    """
    channel = host.compiled.channel
    values = api.values.get(channel.string_id, {})
    constants, faults = constants_in(channel, body.document, values)
    origin: dict[str, Any] = {
        "send_message_id": name,
        "launch_id": None,
        "a_id": body.model.a_id,
        "c_id": None,
    }
    roots = without_secrets(channel, constants)
    profile_id: str | None = None
    if channel.communication == "direct":
        row = _row(channel, body.document)
        if isinstance(row, list):
            faults += row
        else:
            profile_id = origin["profile_id"] = row.profile_id
            roots |= {"profile": row.profile, "subscription": row.subscription}
    else:
        faults += [_not_taken(body.document, each) for each in ("profile", "subscription")
                   if each in body.document.value]  # fmt: skip
    require(faults)
    payload = encode_payload({"origin": origin, "roots": roots})
    return NewJob(name, channel.string_id, MESSAGE, None, payload, api.now(), name, profile_id)


def _row(channel: Channel, document: LocatedDocument) -> AudienceRow | list[Fault]:
    """Whom the message is for, or everything that is wrong with that."""
    value = document.value
    reader = RowReader(NAME, channel)
    subscription = value.get("subscription", {})
    document = document.masked(to_pointer(("subscription", *at)) for at in reader.form.secrets(subscription))
    found = reader.row(1, value.get("profile", {}), subscription)
    if isinstance(found, list):
        return [
            document.fault(each.code, each.message, to_pointer(each.at), each.hint, key=each.on_key)
            for each in found
        ]
    if found.skip_reason is not None:
        return [document.fault(codes.VALUE_MISSING, found.skip_reason, "/subscription")]
    return found


def _not_taken(document: LocatedDocument, key: str) -> Fault:
    message = f"the channel is an indirect one: its messages have no `{key}`"
    return document.fault(codes.REQUEST_KEY_UNKNOWN, message, f"/{key}", "leave it out", key=True)


def _digest(value: Any) -> str:
    """What bodies that mean the same have in common."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stored(job: NewJob) -> bytes:
    return orjson.dumps({"id": job.id, "channel": job.channel})


def _accepted(stored: bytes, *, replayed: bool) -> Response:
    found = AcceptedMessage.model_validate_json(stored)
    headers = {"Location": f"/api/messages/{found.id}"}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return answer(found, 202, headers)


def _unknown(message_id: str) -> Problem:
    return Problem(404, "not_found", f"there is no message {message_id[:80]}")


def _document(found: Any, known: dict[str, Any], events: list[EventOfMessage]) -> MessageDocument:
    outcome: Outcome | None = found.outcome
    return MessageDocument(
        id=found.id,
        **known,
        profile_id=found.profile_id,
        state=found.state,
        attempts=found.attempts,
        resent=0 if outcome is None else outcome.resent,
        outcome=None if outcome is None else _outcome(outcome),
        events=events,
    )


def _outcome(outcome: Outcome) -> OutcomeDocument:
    about = asdict(outcome)
    error = None if outcome.error is None else dict(outcome.error)
    return OutcomeDocument(**about | {"error": error, "finished_at": moment(outcome.finished_at)})


def _event(event: EventRecord) -> EventOfMessage:
    return EventOfMessage(
        event_type=event.event_type,
        action_type=event.action_type,
        time=moment(event.time),
        reason=event.reason,
        data=event.data,
    )
