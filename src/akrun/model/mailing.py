"""A mailing: one launchable use of a channel, with its values, schedule, audience and options."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, JsonValue, StrictFloat, StrictInt, StrictStr

from akrun.model import codes
from akrun.model.base import FileModel, Finding, Model
from akrun.model.events import Identifier

_MOMENT: dict[str, JsonValue] = {"pattern": r"^[0-9]{4}-?[0-9W]"}
"""What editors are told of a date and time: how it begins."""

VALUE_OBJECTS = ("template", "campaign", "resource", "sender", "account")
"""The objects for which a mailing carries values."""


class MailingState(StrEnum):
    """Where a mailing is in its life: draft → moderating → ready → sending ⇄ paused → an end."""

    DRAFT = "draft"
    MODERATING = "moderating"
    READY = "ready"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    REJECTED = "rejected"


def _is_moment(text: str | None) -> bool:
    if text is None:
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class Schedule(Model):
    """When a mailing runs; templates read it as `$camp_schedule`."""

    start_time: StrictStr | None = Field(default=None, json_schema_extra=_MOMENT)
    """ISO 8601; without an offset it is in `time_zone`. At once when absent."""
    stop_time: StrictStr | None = Field(default=None, json_schema_extra=_MOMENT)
    """ISO 8601; nothing is sent after it."""
    time_zone: StrictStr = "UTC"
    """Name of the tz database, such as `Europe/Moscow`."""

    @property
    def starts_at(self) -> datetime | None:
        """The start, with its offset."""
        return self._moment(self.start_time)

    @property
    def stops_at(self) -> datetime | None:
        """The end, with its offset."""
        return self._moment(self.stop_time)

    def to_scope(self) -> dict[str, Any]:
        """The value of `$camp_schedule`."""
        return {"start_time": self.start_time, "stop_time": self.stop_time, "time_zone": self.time_zone}

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        fine = True
        for key in ("start_time", "stop_time"):
            if not _is_moment(getattr(self, key)):
                fine = False
                hint = "write it as 2026-01-31T09:00:00+03:00"
                yield Finding(codes.SCHEDULE, f"`{key}` is no date and time of ISO 8601", (key,), hint)
        if _zone(self.time_zone) is None:
            fine = False
            hint = "a name such as Europe/Moscow or UTC"
            yield Finding(
                codes.SCHEDULE, f"`{self.time_zone[:80]}` is no known time zone", ("time_zone",), hint
            )
        if fine and self.starts_at and self.stops_at and self.stops_at <= self.starts_at:
            yield Finding(codes.SCHEDULE, "the mailing would stop before it starts", ("stop_time",))

    def _moment(self, text: str | None) -> datetime | None:
        if text is None:
            return None
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=_zone(self.time_zone))


class Audience(Model):
    """Whom a mailing is for: a file, or a query over a connector."""

    file: StrictStr | None = None
    """A `.jsonl` or `.csv` file; a relative path is seen from the mailing's file."""
    connector_id: StrictStr | StrictInt | None = None
    """The connector of `query`."""
    query: StrictStr | None = None
    """SQL whose rows are the audience."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        if (self.file is None) == (self.query is None):
            yield Finding(codes.MAILING_WRONG_VALUE, "an audience is either a `file` or a `query`")
        if (self.connector_id is None) != (self.query is None):
            yield Finding(codes.MAILING_WRONG_VALUE, "`query` and `connector_id` go together")


class Options(Model):
    """How a mailing is sent."""

    rate: StrictFloat | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Most messages a second; without it only the pipes' own limits hold."""
    concurrency: StrictInt = Field(default=64, ge=1, le=10_000)
    """Most messages at once."""
    pause_threshold: StrictFloat | None = Field(default=None, gt=0, le=1)
    """The mailing pauses itself when failed / (done + failed) passes this share."""


def _as_file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


class Mailing(FileModel):
    """A mailing, as one file describes it."""

    id: StrictInt = Field(ge=0)
    """`$origin.c_id`; unique among the mailings of an account."""
    a_id: StrictInt = Field(default=1, ge=0)
    """`$origin.a_id`: the account."""
    name: StrictStr = Field(min_length=1)
    """Shown to people."""
    campaign_type: Identifier | None = None
    """One of the channel's `campaign_types`; the first of them when absent. A `placement` runs until it is
    stopped."""
    template: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's template fields: the message."""
    campaign: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's campaign fields."""
    resource: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's resource fields."""
    sender: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's sender fields."""
    account: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's account fields."""
    schedule: Schedule = Schedule()
    """When it runs."""
    audience: Annotated[
        Audience | None, BeforeValidator(_as_file, json_schema_input_type=Audience | str | None)
    ] = None
    """Whom it is for: a file's path, or an object; may also be given when it is launched."""
    options: Options = Options()
    """How it is sent."""

    def values(self) -> dict[str, dict[str, Any]]:
        """The values by object, as roots of a scope."""
        return {name: getattr(self, name) for name in VALUE_OBJECTS}
