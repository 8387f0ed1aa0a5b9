"""The report of a mailing: how many messages ended how, and what their events say."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from akrun.backend import Backend, ChannelRecord, Counts, Launch, MailingRecord, Report
from akrun.channels import channel_of
from akrun.errors import AkrunError, FileFaults
from akrun.model import Channel

_PAGE = 1_000


class ReportError(AkrunError):
    """There is nothing to report on."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One kind of event.

    Attributes:
        name, color: as the channel defines the event; the type's own name for unregistered ones.
        share: of messages with the event among those that were tried (done, failed or uncertain), 0 to 1.
        first, last: when the first and the last came, seconds since the Unix epoch.
        reasons: counts by the provider's reason, most frequent first.
    """

    event_type: str
    action_type: int | None
    name: str
    color: str | None
    count: int
    messages: int
    share: float
    first: float
    last: float
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Messages that failed with the same error in the same pipe."""

    pipe: int | None
    kind: str
    code: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class MailingReport:
    """What became of a launch.

    Attributes:
        unknown_events: events of messages that were never sent. They belong to no mailing, so these are all
            that there are.
    """

    mailing_id: int | str
    name: str
    channel: str
    launch_id: str
    state: str
    started: float | None
    finished: float | None
    counts: Counts
    events: list[EventRow]
    failures: list[FailureRow]
    unknown_events: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; times are ISO 8601 in UTC."""
        data = asdict(self)
        for row in (data, *data["events"]):
            for key in ("started", "finished", "first", "last"):
                if row.get(key) is not None:
                    row[key] = datetime.fromtimestamp(row[key], UTC).isoformat(timespec="milliseconds")
        return data


async def make_report(backend: Backend, mailing_id: int | str | None = None) -> MailingReport:
    """Report on a mailing's latest launch; without an id, on the mailing that was launched last.

    Raises:
        ReportError: There is no such mailing, or nothing was launched yet.
    """
    return await launch_report(backend, *await _find(backend, mailing_id))


async def launch_report(backend: Backend, mailing: MailingRecord, launch: Launch) -> MailingReport:
    """Report on one launch of a mailing."""
    record = await backend.channel(mailing.channel)
    counts = await backend.counts(launch.launch_id)
    summary = await backend.report(launch_id=launch.launch_id)
    return MailingReport(
        mailing_id=mailing.id,
        name=mailing.name,
        channel=mailing.channel,
        launch_id=launch.launch_id,
        state=launch.state,
        started=launch.started,
        finished=launch.finished,
        counts=counts,
        events=_event_rows(summary, counts, _channel(record)),
        failures=await _failures(backend, launch),
        unknown_events=(await backend.report()).unknown,
    )


async def _find(backend: Backend, mailing_id: int | str | None) -> tuple[MailingRecord, Launch]:
    if mailing_id is not None:
        mailing = await backend.mailing(mailing_id)
        if mailing is None:
            known = ", ".join(str(each.id) for each in await backend.mailings()) or "none yet"
            raise ReportError(f"there is no mailing {mailing_id}; known: {known}")
        launch = await backend.latest_launch(mailing.id)
        if launch is None:
            raise ReportError(f"mailing {mailing_id} was not launched yet")
        return mailing, launch
    found = [
        (launch.created, mailing, launch)
        for mailing in await backend.mailings()
        if (launch := await backend.latest_launch(mailing.id)) is not None
    ]
    if not found:
        raise ReportError("nothing was sent yet")
    _, mailing, launch = max(found, key=lambda each: each[0])
    return mailing, launch


def _channel(record: ChannelRecord | None) -> Channel | None:
    """The channel as it is registered now, for its events' names and colours.

    None where there is none that can be read any more: the figures do not depend on it.
    """
    if record is None:
        return None
    try:
        return channel_of(record)
    except (FileFaults, ValidationError):
        return None


def _event_rows(summary: Report, counts: Counts, channel: Channel | None) -> list[EventRow]:
    defined = {event.id: event for event in channel.events} if channel else {}
    tried = counts.done + counts.failed + counts.uncertain
    rows = []
    for event in summary.events:
        known = defined.get(event.action_type) if event.action_type is not None else None
        if known is not None and known.event_type != event.event_type:
            known = None  # the id was given to another event since
        rows.append(
            EventRow(
                event_type=event.event_type,
                action_type=event.action_type,
                name=known.name if known else event.event_type,
                color=known.color if known else None,
                count=event.count,
                messages=event.messages,
                share=event.messages / tried if tried else 0.0,
                first=event.first,
                last=event.last,
                reasons=dict(event.reasons),
            )
        )
    return rows


async def _failures(backend: Backend, launch: Launch) -> list[FailureRow]:
    """Failed messages by pipe and error, most frequent first; read in pages, so memory stays flat."""
    counted: Counter[tuple[int | None, str, str]] = Counter()
    messages: dict[tuple[int | None, str, str], str] = {}
    after = 0
    while page := await backend.dead_letters(launch.launch_id, after=after, limit=_PAGE):
        after = page[-1].id
        for letter in page:
            key = (letter.pipe, str(letter.error.get("kind", "")), str(letter.error.get("code", "")))
            counted[key] += 1
            messages.setdefault(key, str(letter.error.get("message", "")))
    return [FailureRow(*key, messages[key], count) for key, count in counted.most_common()]
