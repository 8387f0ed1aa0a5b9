"""A sending job: channel, mailing and audience read, checked and compiled before anything is sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.errors import AkrunError, FileFaults
from akrun.exact_json import encode
from akrun.mailing.constants import about
from akrun.mailing.ids import message_id
from akrun.model import (
    AudienceRow,
    Channel,
    Mailing,
    load_channel_file,
    load_mailing_file,
    read_audience,
    validate_audience,
)
from akrun.model.located import LocatedDocument, read_with_faults
from akrun.pipes.spec import PipeDefaults
from akrun.sql import Connector, NoConnectors, Sql
from akrun.sql.audience import QueryAudience, query_audience

PIPELINE = "message"
PLACEMENT = "placement"
"""The kind of mailing that runs until it is stopped."""
WHOLE = AudienceRow(0, "", {}, {})
"""What stands for the audience of an indirect channel, which sends one message for the whole mailing."""


class JobError(AkrunError):
    """The files are right, but the job cannot be done; says what is missing."""


@dataclass(frozen=True, slots=True)
class Job:
    """What it takes to send a mailing.

    Attributes:
        compiled: the channel.
        mailing: with its values checked against the channel's fields.
        audience: the audience's file or query; None where the mailing has one message, or its audience is
            stored.
        rows: how many rows it has, those to be skipped included.
        document: the channel's file as it was read.
        constants: values of the roots that are the same for all messages.
        connectors: those of the configuration that the files were read with.
    """

    compiled: CompiledChannel
    mailing: Mailing
    audience: Path | QueryAudience | None
    rows: int
    document: bytes
    constants: Mapping[str, Any] = field(repr=False)
    connectors: Mapping[str, Connector] = field(default_factory=dict, repr=False)

    @property
    def channel(self) -> Channel:
        """The channel's model."""
        return self.compiled.channel

    @property
    def is_placement(self) -> bool:
        """Whether the mailing goes on running when its message is sent, until it is stopped."""
        return (self.mailing.campaign_type or self.channel.campaign_types[0]) == PLACEMENT

    @property
    def masker(self) -> Masker:
        """Hides the mailing's secrets."""
        return self.compiled.masker(self.constants)

    def audience_rows(self) -> Iterator[AudienceRow]:
        """The audience, streamed.

        Raises:
            FileFaults: A row is at fault; it was right when the job was read, so the audience has changed.
            PipeFailure: The database does not answer the audience's query.
        """
        if self.audience is None:
            yield WHOLE
            return
        if isinstance(self.audience, QueryAudience):
            rows = self.audience.rows()
        else:
            rows = read_audience(self.audience, self.channel)
        for row in rows:
            if not isinstance(row, AudienceRow):
                raise FileFaults([row])
            yield row

    def row(self, profile_id: str) -> AudienceRow:
        """The audience's first row with that profile id; raises JobError when there is none."""
        for row in self.audience_rows():
            if row.profile_id == profile_id:
                return row
        raise JobError(f"{self.audience} has no profile with the id {profile_id!r}")

    def event(
        self,
        launch: str,
        profile_id: str,
        row: Mapping[str, Any],
        services: Services,
        id: str | None = None,  # noqa: A002 - what it is
    ) -> Event:
        """The event that sends one message: `row` holds the roots `profile` and `subscription`.

        The subscription's secrets are masked as well, in the trace too. `id` is the message's, if known.
        """
        services = services.masking(self.compiled.secrets_of(row))
        origin: dict[str, Any] = {
            "send_message_id": id or message_id(launch, profile_id),
            "launch_id": launch,
            "a_id": self.mailing.a_id,
            "c_id": self.mailing.id,
        }
        if self.channel.communication == "direct":
            origin["profile_id"] = profile_id
        return Event(origin, services, roots=row)

    def traced_event(
        self, launch: str, profile_id: str, row: Mapping[str, Any], services: Services
    ) -> tuple[Event, Trace]:
        """The same, with a trace that hides what its services hide."""
        event = self.event(launch, profile_id, row, services)
        event.trace = Trace(event.services.masker, event.services.clock)
        return event, event.trace


def payload(row: AudienceRow) -> bytes:
    """What is stored of a row until its message is sent: the roots `profile` and `subscription`."""
    return encode({"profile": row.profile, "subscription": row.subscription})


def read_job(  # noqa: PLR0913, PLR0917 - the three files, what is given, and what the configuration has
    channel_file: Path,
    mailing_file: Path,
    audience_file: Path | None = None,
    given: Mapping[str, Any] | None = None,
    defaults: PipeDefaults | None = None,
    sql: Sql | None = None,
) -> Job:
    """Read and check everything a mailing needs.

    Args:
        channel_file: The channel, JSON or YAML.
        mailing_file: The mailing, JSON or YAML.
        audience_file: The audience, JSONL or CSV; the one the mailing names when None.
        given: Values that take the place of the mailing's, by dotted path: `sender.api_key`.
        defaults: Defaults of pipe parameters from the configuration, and its connectors.
        sql: Answers an audience's query.

    Raises:
        FileFaults: Every fault of all the files, as far as one does not hide another.
        JobError: The channel cannot send mailings of this kind, or no audience is named.
        PipeFailure: The database does not answer the audience's query.
    """
    channel, located = load_channel_file(channel_file)
    connectors = (defaults and defaults.connectors) or {}
    faults: list[Any] = []
    compiled: CompiledChannel | None = None
    mailing: Mailing | None = None
    try:
        compiled = compile_channel(channel, located, defaults)
    except FileFaults as found:
        faults.extend(found.faults)
    document: LocatedDocument | None = None
    try:
        mailing, document = load_mailing_file(mailing_file, channel, given)
    except FileFaults as found:
        faults.extend(found.faults)
    indirect = channel.communication == "indirect"
    audience: Path | QueryAudience | None = None
    rows, omitted = int(indirect), 0
    try:
        if indirect:
            pass
        elif file := audience_file or _named_audience(mailing_file):
            audience, rows = file, validate_audience(file, channel)
        elif mailing is not None and document is not None and mailing.audience is not None:
            audience = _queried(channel, mailing, document, connectors, sql or NoConnectors())
            rows = audience.validate()
    except FileFaults as found:
        faults.extend(found.faults)
        omitted = found.omitted
    if faults:
        raise FileFaults(faults, omitted)
    assert compiled is not None
    assert mailing is not None
    if audience is None and not indirect:
        raise JobError(f"{mailing_file} names no audience: add `audience`, or name a file by --audience")
    if indirect and audience_file is not None:
        raise JobError(f"{channel_file} is an indirect channel: it sends one message, and to no audience")
    if PIPELINE not in compiled.pipelines:
        raise JobError(f"{channel_file} has no pipes in `pipelines.message`, so it can send nothing")
    return Job(
        compiled=compiled,
        mailing=mailing,
        audience=audience,
        rows=rows,
        document=located.source.text.encode(),
        constants=constants_of(channel, mailing),
        connectors=connectors,
    )


def _queried(
    channel: Channel,
    mailing: Mailing,
    document: LocatedDocument,
    connectors: Mapping[str, Connector],
    sql: Sql,
) -> QueryAudience:
    """The audience of a mailing that describes it by a query."""
    assert mailing.audience is not None
    constants = constants_of(channel, mailing)
    return query_audience(
        mailing.audience, channel, document, constants=constants, connectors=connectors, sql=sql
    )


def _named_audience(mailing_file: Path) -> Path | None:
    """The file that the mailing names, relative to its own; also that of a mailing with faults elsewhere."""
    try:
        document = read_with_faults(mailing_file)[0].value
    except FileFaults:
        return None
    named = document.get("audience") if isinstance(document, dict) else None
    file = named.get("file") if isinstance(named, dict) else named
    return mailing_file.parent / file if isinstance(file, str) else None


def constants_of(channel: Channel, mailing: Mailing) -> dict[str, Any]:
    """The roots that are the same for all messages of a mailing."""
    return {**mailing.values(), "camp_schedule": mailing.schedule.to_scope(), "channel": about(channel)}
