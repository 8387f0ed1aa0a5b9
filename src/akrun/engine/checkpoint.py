"""A checkpoint: all that an event needs to go on at a pipe, in this process or in a later one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from akrun.backend.records import EventRecord, NewJob
from akrun.engine.payload import decode_payload, encode_leniently, show_payload
from akrun.engine.secrets import Masker


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where an event stands.

    Attributes:
        pipe: the pipe that it enters next; of an event that has ended, the pipe it ended in.
        data: `$in`.
        error: `$error`, when there is one.
        effects: events that its pipes registered and that are not stored yet.
        jobs: hand-overs that are not stored yet.
        used: pipes entered so far.
        branches: branches made so far.
        handed_over: hand-overs made so far, those that are stored included.
        ended: whether it is at its end; only of branches, whose end is not the end of their message.
    """

    pipe: int
    data: dict[str, Any]
    error: Mapping[str, Any] | None = None
    effects: Sequence[EventRecord] = ()
    jobs: Sequence[NewJob] = ()
    used: int = 0
    branches: int = 0
    handed_over: int = 0
    ended: bool = False


def encode_checkpoint(checkpoint: Checkpoint, masker: Masker) -> bytes:
    """A checkpoint as a backend keeps it, without the secrets that the masker knows."""
    parts = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    parts["effects"] = [asdict(each) for each in checkpoint.effects]
    parts["jobs"] = [asdict(each) for each in checkpoint.jobs]
    return encode_leniently(parts, masker)


def decode_checkpoint(body: bytes, masker: Masker) -> Checkpoint:
    """The checkpoint that was encoded, with the secrets as they are now.

    Raises:
        SealError: a secret in it is not known, or was not kept.
        ValueError: no such checkpoint.
    """
    try:
        parts = decode_payload(body, masker)
        effects = [EventRecord(**each) for each in parts.pop("effects")]
        jobs = [NewJob(**each) for each in parts.pop("jobs")]
        return Checkpoint(**parts, effects=effects, jobs=jobs)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"this is no checkpoint: {error}") from error


def show_checkpoint(body: bytes) -> dict[str, Any]:
    """What of a checkpoint people want to see: `pipe`, `in` and `error`, with `***` for secrets.

    Raises:
        ValueError: no such checkpoint.
    """
    parts = show_payload(body)
    if not isinstance(parts, dict):
        raise ValueError("this is no checkpoint")  # noqa: TRY004 - as of what is no JSON
    return {"pipe": parts.get("pipe"), "in": parts.get("data"), "error": parts.get("error")}
