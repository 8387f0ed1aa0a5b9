"""What the runtime writes to a channel's log, and where it goes."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Level = Literal["trace", "debug", "info", "warn", "error"]

_NUMBERS: dict[str, int] = {
    "trace": logging.DEBUG,  # no logging library has a trace level; the record keeps the word
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the log; secrets are masked in it already.

    Attributes:
        prefix: says where it comes from, by default `<channel id>|<pipe id>`.
        time: seconds since the Unix epoch.
        traceback: of an unexpected exception, in Python's form.
        fields: what else there is to say, by name.
    """

    level: Level
    prefix: str
    message: str
    channel_id: int
    pipe: int
    time: float
    traceback: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


LogSink = Callable[[LogRecord], None]

SERVER = "akrun"
"""The prefix of what the process says of itself."""


def server_record(message: str, time: float, level: Level = "info", **fields: Any) -> LogRecord:
    """A record of the process itself: of no channel and no pipe."""
    return LogRecord(level, SERVER, message, 0, 0, time, fields=fields)


class StructuredLogger(Protocol):
    """The part of a structlog logger that is used here."""

    def log(self, level: int, event: str, **fields: Any) -> Any:
        """Write an event with its fields."""
        ...


def structured(logger: StructuredLogger) -> LogSink:
    """A sink that writes to a structlog logger: the message as the event, the rest as fields."""

    def write(record: LogRecord) -> None:
        fields: dict[str, Any] = {
            "prefix": record.prefix,
            "channel_id": record.channel_id,
            "pipe": record.pipe,
            **record.fields,
        }
        if record.level == "trace":
            fields["trace"] = True
        if record.traceback is not None:
            fields["exception"] = record.traceback
        logger.log(_NUMBERS[record.level], record.message, **fields)

    return write
