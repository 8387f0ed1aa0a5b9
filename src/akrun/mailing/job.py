"""A sending job: channel, mailing and audience read, checked and compiled before anything is sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.errors import AkrunError, FileFaults
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
from akrun.pipes.spec import PipeDefaults

PIPELINE = "message"


class JobError(AkrunError):
    """The files are right, but the job cannot be done; says what is missing."""


@dataclass(frozen=True, slots=True)
class Job:
    """What it takes to send a mailing.

    Attributes:
        compiled: the channel.
        mailing: with its values checked against the channel's fields.
        audience: the audience's file.
        rows: how many rows it has, those to be skipped included.
        document: the channel's file as it was read.
        constants: values of the roots that are the same for all messages.
    """

    compiled: CompiledChannel
    mailing: Mailing
    audience: Path
    rows: int
    document: bytes
    constants: Mapping[str, Any]

    @property
    def channel(self) -> Channel:
        """The channel's model."""
        return self.compiled.channel

    @property
    def masker(self) -> Masker:
        """Hides the mailing's secrets."""
        return self.compiled.masker(self.constants)

    def audience_rows(self) -> Iterator[AudienceRow]:
        """The audience, streamed.

        Raises:
            FileFaults: A row is at fault; it was right when the job was read, so the file has changed.
        """
        for row in read_audience(self.audience, self.channel):
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
        trace: Trace | None = None,
    ) -> Event:
        """The event that sends one message: `row` holds the roots `profile` and `subscription`."""
        origin = {
            "send_message_id": message_id(launch, profile_id),
            "launch_id": launch,
            "a_id": self.mailing.a_id,
            "c_id": self.mailing.id,
            "profile_id": profile_id,
        }
        return Event(origin, services, roots=row, trace=trace)


def payload(row: AudienceRow) -> bytes:
    """What is stored of a row until its message is sent: the roots `profile` and `subscription`."""
    return orjson.dumps({"profile": row.profile, "subscription": row.subscription})


def read_job(
    channel_file: Path,
    mailing_file: Path,
    audience_file: Path | None = None,
    given: Mapping[str, Any] | None = None,
    defaults: PipeDefaults | None = None,
) -> Job:
    """Read and check everything a mailing needs.

    Args:
        channel_file: The channel, JSON or YAML.
        mailing_file: The mailing, JSON or YAML.
        audience_file: The audience, JSONL or CSV; the one the mailing names when None.
        given: Values that take the place of the mailing's, by dotted path: `sender.api_key`.
        defaults: Defaults of pipe parameters from the configuration.

    Raises:
        FileFaults: Every fault of all the files, as far as one does not hide another.
        JobError: The channel cannot send mailings of this kind, or no audience is named.
    """
    channel, located = load_channel_file(channel_file)
    faults: list[Any] = []
    compiled: CompiledChannel | None = None
    mailing: Mailing | None = None
    try:
        compiled = compile_channel(channel, located, defaults)
    except FileFaults as found:
        faults.extend(found.faults)
    try:
        mailing, _ = load_mailing_file(mailing_file, channel, given)
    except FileFaults as found:
        faults.extend(found.faults)
    audience = audience_file or _named_audience(mailing, mailing_file)
    rows, omitted = 0, 0
    if audience is not None:
        try:
            rows = validate_audience(audience, channel)
        except FileFaults as found:
            faults.extend(found.faults)
            omitted = found.omitted
    if faults:
        raise FileFaults(faults, omitted)
    assert compiled is not None
    assert mailing is not None
    if audience is None:
        raise JobError(f"{mailing_file} names no audience: add `audience`, or name a file by --audience")
    _check_sendable(compiled, channel_file)
    document = located.source.text.encode()
    return Job(compiled, mailing, audience, rows, document, _constants(channel, mailing))


def _named_audience(mailing: Mailing | None, mailing_file: Path) -> Path | None:
    """The file that the mailing names, relative to the mailing's own."""
    if mailing is None or mailing.audience is None or mailing.audience.file is None:
        return None
    return mailing_file.parent / mailing.audience.file


def _check_sendable(compiled: CompiledChannel, channel_file: Path) -> None:
    if compiled.channel.communication != "direct":
        raise JobError(
            f"{channel_file} is an indirect channel: it sends one content per mailing, not one per profile"
        )
    if PIPELINE not in compiled.pipelines:
        raise JobError(f"{channel_file} has no pipes in `pipelines.message`, so it can send nothing")


def _constants(channel: Channel, mailing: Mailing) -> dict[str, Any]:
    about = {"id": channel.id, "string_id": channel.string_id, "name": channel.name}
    return {**mailing.values(), "camp_schedule": mailing.schedule.to_scope(), "channel": about}
