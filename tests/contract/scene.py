"""Launch `L` of mailing 7, and calls that the contract's tests make often."""

from dataclasses import dataclass
from typing import Any

from akrun.backend import (
    Backend,
    ChannelRecord,
    DeadLetter,
    EventRecord,
    JournalEntry,
    LaunchState,
    MailingRecord,
    Message,
    MessageState,
    NewJob,
    NewMessage,
    Outcome,
)
from tests.contract.engines import MAX_ATTEMPTS

DONE = Outcome(MessageState.DONE, 3, None, 10.0)
FAILED = Outcome(MessageState.FAILED, 4, {"kind": "http"}, 11.0)
UNCERTAIN = Outcome(MessageState.UNCERTAIN, 4, {"kind": "uncertain"}, 12.0, resent=1)


@dataclass
class Now:
    """The time that a backend is told; a test may change it."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def registered(backend: Backend) -> None:
    """Register channel 1 `sms` and its mailing 7."""
    await backend.register_channel(ChannelRecord(1, "sms", "SMS", b'{"id":1}', "aa"))
    await backend.register_mailing(MailingRecord(7, "sms", "Spring", b'{"id":7}', "bb"))


async def sending(backend: Backend, size: int) -> None:
    """Bring launch `L` to `sending` with messages m0, m1, … to profiles p0, p1, …"""
    await registered(backend)
    await backend.launch(7, "L", b"{}")
    await backend.load("L", [NewMessage(f"m{n}", f"p{n}", b"payload %d" % n) for n in range(size)])
    await backend.set_launch_state("L", LaunchState.SENDING)


async def leased(backend: Backend, limit: int = 1) -> list[Message]:
    """Take messages of launch `L`."""
    return await backend.lease("L", limit)


def job(number: int, **changes: Any) -> NewJob:
    """Job `j1`, `j2`, …, due at once."""
    given: dict[str, Any] = {
        "id": f"j{number}",
        "channel": "sms",
        "pipeline": "schedule",
        "pipe": 1,
        "payload": b"payload %d" % number,
        "due": 0.0,
    }
    return NewJob(**given | changes)


def single_message(name: str, profile_id: str | None = "p9") -> NewJob:
    """A message that is handed in by itself."""
    return NewJob(name, "sms", "message", None, b"{}", 0.0, name, profile_id)


def letter(pipe: int | None = 4, entered: bytes = b"entered") -> DeadLetter:
    """A dead letter as its run leaves it."""
    return DeadLetter(None, "message", pipe, entered, {"kind": "http"}, 1, 11.0)


def entry(unit: str, event: str = "", **changes: Any) -> JournalEntry:
    """What the journal has of a unit's own event, or of a branch of it."""
    given: dict[str, Any] = {"checkpoint": b"reached", "intent": None}
    return JournalEntry(event=unit + event, unit=unit, **given | changes)


def event(message: str, kind: str = "send", key: str = "") -> EventRecord:
    """An event of a message."""
    return EventRecord(message, 1, kind, None, key, 5.0)


async def use_up_attempts(backend: Backend, record: JournalEntry | None = None) -> None:
    """Begin the only pending message or job as often as it may be, and let it record once."""
    for attempt in range(MAX_ATTEMPTS):
        names = [message.id for message in await backend.lease("L", 1)]
        names += [job.id for job in await backend.lease_jobs(1e6, 1)]
        assert len(names) == 1
        if record is not None and attempt == 0:
            await backend.record(record)
        await backend.release(names, started=True)
        await backend.release_jobs(names, started=True)


async def only_letter(backend: Backend) -> DeadLetter:
    """The one dead letter that there is."""
    [found] = await backend.dead_letters()
    return found
