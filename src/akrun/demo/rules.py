"""What the demo gateway answers to a message: its validation, and its rules on the number.

The last two digits of the recipient's number decide what becomes of a valid message:

    ..95  200  undeliverable: the subscriber is out of reach
    ..96  200  undeliverable: unknown subscriber
    ..97  400  rejected: the number is barred
    ..98  500  the gateway fails
    ..99  429  throttled, with Retry-After
    other 200  accepted
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import re2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from akrun.demo.segments import count_segments

MAX_SEGMENTS = 10
RETRY_AFTER = 1
"""Seconds a throttled sender is asked to wait."""

_NUMBER = re2.compile(r"\+[1-9][0-9]{7,14}")
_SENDER = re2.compile(r"[A-Za-z0-9 ]{1,11}")
_UNDELIVERABLE = {"95": "subscriber is out of reach", "96": "unknown subscriber"}


class Outcome(StrEnum):
    """What became of one request."""

    ACCEPTED = "accepted"
    UNDELIVERABLE = "undeliverable"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: its outcome, HTTP status, JSON body and extra headers."""

    outcome: Outcome
    status: int
    body: dict[str, Any]
    headers: dict[str, str] | None = None


class Attachment(BaseModel):
    """A link that goes with a message."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)]
    title: Annotated[str, Field(min_length=1, max_length=100)]


class Message(BaseModel):
    """The body of `POST /v1/messages`."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    id: Annotated[str, Field(min_length=1, max_length=200)]
    to: str
    sender: Annotated[str, Field(alias="from")]
    text: str
    category: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    callback_url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2048)] | None = None
    attachments: Annotated[list[Attachment], Field(max_length=10)] = []


def reject(code: str, reason: str, status: int = 400) -> Answer:
    """Return the answer to a request that the sender has to correct."""
    return Answer(Outcome.REJECTED, status, {"status": "rejected", "code": code, "reason": reason})


def read_message(body: bytes) -> Message | Answer:
    """Return the message in a request's body, or the rejection of a body that holds none."""
    try:
        return Message.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, fault["loc"]))
        return reject("bad_request", f"{path}: {fault['msg']}" if path else fault["msg"])


def judge(message: Message) -> Answer:
    """Return the answer to a well-formed message; the same message always gets the same one."""
    if not _NUMBER.fullmatch(message.to):
        return reject("bad_number", "to: not a number in international format, such as +4915112345678")
    if not _NUMBER.fullmatch(message.sender) and not _SENDER.fullmatch(message.sender):
        return reject("bad_sender", "from: neither a number nor a name of 1 to 11 letters and digits")
    if not message.text.strip():
        return reject("empty_text", "text: empty")
    segments = count_segments(message.text)
    if segments > MAX_SEGMENTS:
        return reject("too_long", f"text: {segments} segments; at most {MAX_SEGMENTS} are sent")
    return _by_number(message, segments)


def _by_number(message: Message, segments: int) -> Answer:
    ending = message.to[-2:]
    if ending == "99":
        body = {"status": "throttled", "reason": "too many messages to this number"}
        return Answer(Outcome.THROTTLED, 429, body, {"Retry-After": str(RETRY_AFTER)})
    if ending == "98":
        return Answer(Outcome.FAILED, 500, {"status": "failed", "reason": "the gateway failed"})
    if ending == "97":
        return reject("barred", "to: the number is barred")
    if reason := _UNDELIVERABLE.get(ending):
        return Answer(
            Outcome.UNDELIVERABLE,
            200,
            {"status": "undeliverable", "id": message.id, "reason": reason},
        )
    return Answer(Outcome.ACCEPTED, 200, {"status": "accepted", "id": message.id, "segments": segments})
