"""`/api/mailings`: mailings are made, launched, looked at, paused, resumed and stopped."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StrictStr
from starlette.responses import Response

from akrun.backend import LaunchState
from akrun.engine.host import Host
from akrun.mailing.job import PIPELINE, Job, JobError, constants_of
from akrun.mailing.life import MailingStatus, status
from akrun.mailing.register import mailing_record
from akrun.mailing.stop import BY_PERSON
from akrun.model import Mailing, load_mailing, parse_located
from akrun.model.base import Model
from akrun.server.api.answers import Document, Page, answer
from akrun.server.api.auth import READ, SEND
from akrun.server.api.body import Body, json_body, takes
from akrun.server.api.context import Api, Context, MailingId
from akrun.server.api.problems import Problem
from akrun.server.api.spool import Spooled, spooled
from akrun.server.api.values import defaults_for, references_in, require
from akrun.sql.audience import query_audience

router = APIRouter(tags=["mailings"])

UNDER_WAY: Final = (LaunchState.LOADING, LaunchState.READY, LaunchState.SENDING, LaunchState.PAUSED)


class NewMailing(Model):
    """A mailing to be made."""

    channel: StrictStr
    """The channel's string id."""
    mailing: dict[str, Any] = Field(repr=False)
    """The mailing, as in a mailing's file (`akrun schema mailing`). What the server was given by --set may be
    left out; references to secrets (`env:`, `file:`) are not taken."""


class CountsDocument(Document):
    """Messages of a launch by state; `total` is the sum of the others."""

    total: int
    """All of them."""
    done: int
    """Sent to their end."""
    failed: int
    """Failed; see the dead letters."""
    skipped: int
    """Not sent: a required subscription field was missing."""
    uncertain: int
    """Nobody knows whether they were sent; see the dead letters."""
    pending: int
    """Still to be sent."""
    in_progress: int
    """Being sent."""


class MailingDocument(Document):
    """Where a mailing stands."""

    id: int | str
    """Its id."""
    name: str
    """What people are shown."""
    channel: str
    """The channel's string id."""
    state: str
    """`draft`, `moderating`, `ready`, `sending`, `paused`, `finished`, `stopped` or `rejected`."""
    reason: str | None
    """Why it was rejected."""
    stopping: bool
    """Whether its service was asked to stop it, and has not confirmed that yet."""
    launch_id: str | None
    """Its latest launch."""
    counts: CountsDocument | None
    """The messages of that launch."""


_EXAMPLE: Final = {
    "channel": "demo_sms",
    "mailing": {
        "id": 501,
        "name": "Bakery newsletter, week 23",
        "template": {"greeting": "Hello", "impersonal": "Hello", "body": "Rye bread is back."},
    },
}


@router.post(
    "/api/mailings",
    operation_id="create_mailing",
    summary="Make a mailing, or change one",
    status_code=201,
    response_model=MailingDocument,
    responses={200: {"model": MailingDocument, "description": "It was there, and is as it was sent now."}},
    dependencies=SEND,
    openapi_extra=takes(NewMailing, _EXAMPLE),
)
async def create_mailing(
    api: Api, body: Annotated[Body[NewMailing], Depends(json_body(NewMailing))]
) -> Response:
    """Check a mailing, and register it as a draft.

    While a launch of it is under way it cannot be changed; to send the same document again is no fault.
    """
    host = api.host(body.model.channel)
    mailing = _mailing(api, host, body)
    known = await api.backend.mailing(mailing.id)
    job = Job(host.compiled, mailing, None, 1, b"", constants_of(host.compiled.channel, mailing))
    if known is not None and known.sha256 != mailing_record(job).sha256:
        await _require_changeable(api, mailing.id)
    found = await api.keeper.draft(job)
    place = {"Location": f"/api/mailings/{mailing.id}"}
    return answer(_document(found), 200 if known is not None else 201, place)


@router.get(
    "/api/mailings",
    operation_id="list_mailings",
    summary="List mailings",
    response_model=Page[MailingDocument],
    dependencies=READ,
)
async def list_mailings(
    api: Api,
    after: Annotated[str | None, Query(description="`next` of the part before.", max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most of them.")] = 100,
) -> Response:
    """Mailings in the order of their registration."""
    ids = [each.id for each in await api.backend.mailings()]
    begin = 0
    if after is not None:
        begin = next((place + 1 for place, each in enumerate(ids) if str(each) == after), len(ids))
    chosen = ids[begin : begin + limit]
    items = [_document(await status(api.backend, each)) for each in chosen]
    more = begin + limit < len(ids)
    return answer(Page[MailingDocument](items=items, next=str(chosen[-1]) if more else None))


@router.get(
    "/api/mailings/{mailing_id}",
    operation_id="get_mailing",
    summary="Get a mailing",
    response_model=MailingDocument,
    dependencies=READ,
)
async def get_mailing(mailing_id: MailingId, api: Api) -> Response:
    """Where a mailing stands, with the counts of its latest launch."""
    return answer(_document(await status(api.backend, mailing_id)))


@router.post(
    "/api/mailings/{mailing_id}/launch",
    operation_id="launch_mailing",
    summary="Launch a mailing",
    status_code=202,
    response_model=MailingDocument,
    dependencies=SEND,
    openapi_extra={
        "requestBody": {
            "description": 'The audience: one object a line, `{"profile": {…}, "subscription": {…}}` or the '
            "profile's fields alone. Empty for an indirect channel, and where the audience is a query.",
            "content": {"application/jsonl": {"schema": {"type": "string"}}},
        }
    },
)
async def launch_mailing(
    mailing_id: MailingId,
    request: Request,
    api: Api,
    *,
    relaunch: Annotated[bool, Query(description="Send a mailing that has ended once more.")] = False,
) -> Response:
    """Store the audience; the mailing is sent when its start time comes, with moderation when it has passed.

    A launch that is under way goes on, if the audience is the same; one that has ended is left as it is.
    """
    job = await api.keeper.job(mailing_id)
    if PIPELINE not in job.compiled.pipelines:
        raise JobError(
            f"the channel {job.channel.string_id} has no `message` pipeline, so it can send nothing"
        )
    async with spooled(request, api, job.channel) as audience:
        job = await _with_audience(api, job, audience)
        try:
            found = await api.keeper.submit(job, relaunch=relaunch)
        except JobError as error:
            shown = str(error).replace(str(job.audience), "the body")
            raise JobError(shown) from error
    api.wake()
    return answer(_document(found), 202)


@router.post(
    "/api/mailings/{mailing_id}/pause",
    operation_id="pause_mailing",
    summary="Pause a mailing",
    response_model=MailingDocument,
    dependencies=SEND,
)
async def pause_mailing(mailing_id: MailingId, api: Api) -> Response:
    """Pause a mailing that is being sent; messages under way come to their end first."""
    return answer(_document(await api.keeper.pause(mailing_id)))


@router.post(
    "/api/mailings/{mailing_id}/resume",
    operation_id="resume_mailing",
    summary="Resume a mailing",
    response_model=MailingDocument,
    dependencies=SEND,
)
async def resume_mailing(mailing_id: MailingId, api: Api) -> Response:
    """Go on with a paused mailing."""
    return answer(_document(await api.keeper.resume(mailing_id)))


@router.post(
    "/api/mailings/{mailing_id}/stop",
    operation_id="stop_mailing",
    summary="Stop a mailing",
    response_model=MailingDocument,
    dependencies=SEND,
)
async def stop_mailing(mailing_id: MailingId, api: Api) -> Response:
    """Stop a mailing for good; a placement stops when its service has confirmed it."""
    found = await api.keeper.stop_mailing(mailing_id, BY_PERSON)
    api.wake()
    return answer(_document(found))


def _document(found: MailingStatus) -> MailingDocument:
    return MailingDocument.model_validate(found.to_dict())


def _mailing(api: Context, host: Host, body: Body[NewMailing]) -> Mailing:
    """The mailing of a body, with the process's values where it has none."""
    channel = host.compiled.channel
    document = body.part("mailing")
    require(references_in(channel, document))
    given = defaults_for(channel, document, api.values.get(channel.string_id, {}))
    return load_mailing(document, channel, given)[0]


async def _require_changeable(api: Context, mailing_id: int) -> None:
    found = await status(api.backend, mailing_id)
    if found.launch is not None and found.launch.state in UNDER_WAY:
        hint = "stop it first, or send the change under another id"
        detail = f"mailing {mailing_id} is {found.state}, and cannot be changed while a launch is under way"
        raise Problem(409, "conflict", detail, hint)


async def _with_audience(api: Context, job: Job, audience: Spooled | None) -> Job:
    """The job with the audience that was sent, or that the mailing describes by a query.

    Raises:
        Problem: there is none, or one too many.
        FileFaults: faults of the query.
    """
    if job.channel.communication == "indirect":
        if audience is not None:
            detail = (
                f"{job.channel.string_id} is an indirect channel: it sends one message, and to no audience"
            )
            raise Problem(422, "audience", detail, "send no body")
        return job
    if audience is not None:
        return replace(job, audience=audience.path, rows=audience.rows)
    described = job.mailing.audience
    if described is None or described.query is None:
        hint = "send it as the body: one profile a line, `Content-Type: application/jsonl`"
        raise Problem(422, "audience", f"mailing {job.mailing.id} has no audience", hint)
    record = await api.backend.mailing(job.mailing.id)
    assert record is not None
    located, _ = parse_located(record.document.decode(), "<mailing>")
    sql = api.hosts[job.channel.string_id].services.sql
    queried = query_audience(
        described,
        job.channel,
        located,
        constants=job.constants,
        connectors=api.settings.connectors,
        sql=sql,
    )
    return replace(job, audience=queried, rows=await asyncio.to_thread(queried.validate))
