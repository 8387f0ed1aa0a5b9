"""Reports: what became of mailings and launches, all events by kind, and one profile's history."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from akrun.backend import EventSummary
from akrun.mailing.report import launch_report, make_report
from akrun.server.api.answers import Document, Page, answer, moment
from akrun.server.api.auth import READ
from akrun.server.api.context import Api, MailingId
from akrun.server.api.mailings import CountsDocument
from akrun.server.api.problems import Problem

router = APIRouter(tags=["reports"])


class EventCount(Document):
    """One kind of event."""

    channel_id: int
    """The channel's number."""
    event_type: str
    """`send`, `deliv`, `undeliv`, …."""
    action_type: int | None
    """The channel's event."""
    count: int
    """Events."""
    messages: int
    """Messages that have one."""
    first: str
    """When the first came."""
    last: str
    """When the last came."""
    reasons: dict[str, int]
    """Counts by the services' reasons, most frequent first."""


class AllEvents(Document):
    """All events there are, by kind."""

    events: list[EventCount]
    """By kind."""
    unknown_events: int
    """Events of messages that were never sent."""


class ReportedEvent(Document):
    """One kind of event in a mailing's report."""

    event_type: str
    """`send`, `deliv`, `undeliv`, …."""
    action_type: int | None
    """The channel's event."""
    name: str
    """What people are shown."""
    color: str | None
    """Of its graph."""
    count: int
    """Events."""
    messages: int
    """Messages that have one."""
    share: float
    """Of messages with the event among those that were tried, 0 to 1."""
    first: str
    """When the first came."""
    last: str
    """When the last came."""
    reasons: dict[str, int]
    """Counts by the service's reasons, most frequent first."""


class ReportedFailure(Document):
    """Messages that failed with the same error in the same pipe."""

    pipe: int | None
    """The pipe."""
    kind: str
    """The family: `http`, `timeout`, …."""
    code: str
    """The error's code."""
    message: str
    """Its text, of the first of them."""
    count: int
    """How many."""


class ReportDocument(Document):
    """What became of a launch."""

    mailing_id: int | str
    """The mailing."""
    name: str
    """What people are shown."""
    channel: str
    """The channel's string id."""
    launch_id: str
    """The launch."""
    state: str
    """Of the launch: `loading`, `ready`, `sending`, `paused`, `finished` or `stopped`."""
    started: str | None
    """When it was first sent."""
    finished: str | None
    """When it ended."""
    counts: CountsDocument
    """Messages by state."""
    events: list[ReportedEvent]
    """By kind."""
    failures: list[ReportedFailure]
    """By pipe and error, most frequent first."""
    unknown_events: int
    """Events of messages that were never sent, of all mailings."""


class HistoryEvent(Document):
    """Something that happened to a message of a profile."""

    send_message_id: str
    """The message."""
    channel_id: int
    """The channel's number."""
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
    mailing_id: int | str | None
    """The mailing; null for single messages."""
    launch_id: str | None
    """The launch."""


@router.get(
    "/api/reports",
    operation_id="report_all",
    summary="Report on everything",
    response_model=AllEvents,
    dependencies=READ,
)
async def report_all(api: Api) -> Response:
    """All events, of mailings and single messages, by kind."""
    found = await api.backend.report()
    events = [_count(each) for each in found.events]
    return answer(AllEvents(events=events, unknown_events=found.unknown))


@router.get(
    "/api/reports/mailings/{mailing_id}",
    operation_id="report_mailing",
    summary="Report on a mailing",
    response_model=ReportDocument,
    dependencies=READ,
)
async def report_mailing(mailing_id: MailingId, api: Api) -> Response:
    """What became of a mailing's latest launch."""
    found = await make_report(api.backend, mailing_id)
    return answer(ReportDocument.model_validate(found.to_dict()))


@router.get(
    "/api/reports/launches/{launch_id}",
    operation_id="report_launch",
    summary="Report on a launch",
    response_model=ReportDocument,
    dependencies=READ,
)
async def report_launch(
    launch_id: Annotated[str, Path(description="The launch's id.")], api: Api
) -> Response:
    """What became of one launch of a mailing."""
    launch = await api.backend.find_launch(launch_id)
    mailing = None if launch is None else await api.backend.mailing(launch.mailing_id)
    if launch is None or mailing is None:
        raise Problem(404, "not_found", f"there is no launch {launch_id[:80]}")
    found = await launch_report(api.backend, mailing, launch)
    return answer(ReportDocument.model_validate(found.to_dict()))


@router.get(
    "/api/profiles/{profile_id}/history",
    operation_id="get_history",
    summary="Get a profile's history",
    response_model=Page[HistoryEvent],
    dependencies=READ,
)
async def get_history(
    profile_id: Annotated[str, Path(description="The profile's id.")], api: Api
) -> Response:
    """What happened to the messages of a profile, by time."""
    items = [
        HistoryEvent(
            send_message_id=each.send_message_id,
            channel_id=each.channel_id,
            event_type=each.event_type,
            action_type=each.action_type,
            time=moment(each.time),
            reason=each.reason,
            data=each.data,
            mailing_id=each.mailing_id,
            launch_id=each.launch_id,
        )
        for each in await api.backend.history(profile_id)
    ]
    return answer(Page[HistoryEvent](items=items, next=None))


def _count(summary: EventSummary) -> EventCount:
    return EventCount(
        channel_id=summary.channel_id,
        event_type=summary.event_type,
        action_type=summary.action_type,
        count=summary.count,
        messages=summary.messages,
        first=moment(summary.first),
        last=moment(summary.last),
        reasons=dict(summary.reasons),
    )
