"""Where each record is: the subjects of the transaction stream.

Under the prefix of the installation, a name in angle brackets being a token:

    unit.message.<message>            a message: state, attempts, outcome, journal
    unit.job.<job>                    a job, likewise
    work.message.<launch>.<message>   what is to be sent, with its payload; gone once it is settled
    work.job.<channel>.<job>          a job that is due, likewise
    at.<channel>.<digits>.<job>       a job that is not due yet; the server moves it to `work` in time
    launch.<mailing>.<launch>         a launch
    control.<message>.<control>       a control run
    dead.<launch>.<kind>.<id>         a dead letter
    event.<message>.<digest>          an event
    trace.<unit>.<any>                a trace
    accepted.<key>                    what came under an idempotency key
    channel.<name>                    a channel that jobs were stored for
    tally.launch.<launch>.<instance>  what one instance added to a launch's counts
    tally.job.<instance>, tally.dead.<instance>
                                      … to those of jobs and of dead letters
    claim.<what>                      the instance that does what one of them is to do
    member.<instance>                 what a process that runs tells of itself
    rate.<bucket>                     the tokens of a bucket that all instances share
    guard.<what>                      rewritten by whoever changes a set that must stay consistent as a whole
    batch.<instance>                  the latest transaction of an instance

That there is something to do is published beside the stream, under `<prefix>_news`, and stored nowhere.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from akrun.backend.errors import RecordError
from akrun.backend.sharing import News

LONGEST: Final = 120
"""Characters of a token; a longer one is the digest of its text."""

NONE: Final = "=none"
"""The token that stands where there is nothing to name; no text has it."""

DUE_DIGITS: Final = 19
"""Decimal digits of a due time in microseconds, each a token of its own."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


@lru_cache(maxsize=4096)
def token(text: str) -> str:
    """A text as one token of a subject; different texts have different tokens.

    Raises:
        RecordError: the text is not Unicode.

    >>> token("m-1"), token("a.b"), token("")
    ('m-1', 'a=2Eb', '=')
    """
    if not text:
        return "="
    try:
        encoded = _UNSAFE.sub(lambda found: "".join(f"={byte:02X}" for byte in found[0].encode()), text)
    except UnicodeEncodeError:
        raise RecordError(f"text that is not Unicode cannot be stored: {text[:60]!r}") from None
    if len(encoded) <= LONGEST:
        return encoded
    return f"=h{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects under a prefix; `*` may stand where a token is asked for."""

    prefix: str

    def unit(self, kind: str, name: str) -> str:
        """Of a message or job."""
        return f"{self.prefix}.unit.{kind}.{token(name)}"

    @property
    def messages(self) -> str:
        """All messages."""
        return f"{self.prefix}.unit.message.*"

    def work(self, kind: str, queue: str, name: str) -> str:
        """Of a work item; the queue is a launch or a channel."""
        return f"{self.queue(kind, queue)}.{token(name)}"

    def queue(self, kind: str, queue: str) -> str:
        """What the work items of a launch or channel begin with."""
        return f"{self.prefix}.work.{kind}.{token(queue)}"

    def at(self, channel: str, due: int, name: str) -> str:
        """Of a job that is due at that microsecond."""
        return f"{self.at_prefix(channel, f'{due:0{DUE_DIGITS}}')}.{token(name)}"

    def at_prefix(self, channel: str, digits: str) -> str:
        """What the subjects of jobs begin with whose due time begins with these digits."""
        return ".".join((self.prefix, "at", token(channel), *digits))

    def launch(self, mailing: str, launch: str) -> str:
        """Of a launch."""
        return f"{self.prefix}.launch.{token(mailing)}.{token(launch)}"

    def find_launch(self, launch: str) -> str:
        """A launch of whichever mailing."""
        return f"{self.prefix}.launch.*.{token(launch)}"

    def launches(self, mailing: str | None = None) -> str:
        """All launches, or those of a mailing."""
        return f"{self.prefix}.launch.{'*' if mailing is None else token(mailing)}.*"

    def control(self, message: str, control: str) -> str:
        """Of a control run."""
        return f"{self.prefix}.control.{token(message)}.{token(control)}"

    def controls_of(self, message: str) -> str:
        """The control runs of a message."""
        return f"{self.prefix}.control.{token(message)}.*"

    @property
    def controls(self) -> str:
        """All control runs."""
        return f"{self.prefix}.control.*.*"

    def find_control(self, control: str) -> str:
        """A control run of whichever message."""
        return f"{self.prefix}.control.*.{token(control)}"

    def dead(self, launch: str | None, kind: str, name: str) -> str:
        """Of the dead letter of a message or job."""
        return f"{self.dead_of(launch)}.{kind}.{token(name)}"

    def dead_of(self, launch: str | None) -> str:
        """What the dead letters of a launch begin with; None for those of no launch."""
        return f"{self.prefix}.dead.{NONE if launch is None else token(launch)}"

    @property
    def all_dead(self) -> str:
        """All dead letters."""
        return f"{self.prefix}.dead.>"

    def event(self, message: str, digest: str) -> str:
        """Of an event of a message."""
        return f"{self.prefix}.event.{token(message)}.{digest}"

    def events_of(self, message: str) -> str:
        """The events of a message."""
        return f"{self.prefix}.event.{token(message)}.*"

    @property
    def events(self) -> str:
        """All events."""
        return f"{self.prefix}.event.*.*"

    def trace(self, unit: str, number: str) -> str:
        """Of a trace."""
        return f"{self.prefix}.trace.{token(unit)}.{number}"

    def traces_of(self, unit: str) -> str:
        """The traces of a message or job."""
        return f"{self.prefix}.trace.{token(unit)}.*"

    @property
    def traces(self) -> str:
        """All traces."""
        return f"{self.prefix}.trace.*.*"

    def accepted(self, key: str) -> str:
        """Of what came under an idempotency key."""
        return f"{self.prefix}.accepted.{token(key)}"

    @property
    def all_accepted(self) -> str:
        """All of these."""
        return f"{self.prefix}.accepted.*"

    def channel(self, name: str) -> str:
        """Of a channel that jobs were stored for."""
        return f"{self.prefix}.channel.{token(name)}"

    @property
    def channels(self) -> str:
        """All of these."""
        return f"{self.prefix}.channel.*"

    def launch_tally(self, launch: str, instance: str = "*") -> str:
        """What an instance, or any, added to a launch's counts."""
        return f"{self.prefix}.tally.launch.{token(launch)}.{instance}"

    def job_tally(self, instance: str = "*") -> str:
        """… to the counts of jobs."""
        return f"{self.prefix}.tally.job.{instance}"

    def dead_tally(self, instance: str = "*") -> str:
        """… to the number of dead letters."""
        return f"{self.prefix}.tally.dead.{instance}"

    def guard(self, what: str) -> str:
        """Of the guard of a set of records."""
        return f"{self.prefix}.guard.{what}"

    def claim(self, what: str) -> str:
        """Of the instance that does something which one of them is to do."""
        return f"{self.prefix}.claim.{token(what)}"

    def member(self, instance: str = "*") -> str:
        """Of what a process, or any, tells of itself."""
        return f"{self.prefix}.member.{instance}"

    def rate(self, bucket: str) -> str:
        """Of the tokens that a bucket holds."""
        return f"{self.prefix}.rate.{token(bucket)}"

    def batch(self, instance: str) -> str:
        """Of an instance's latest transaction."""
        return f"{self.prefix}.batch.{instance}"

    def news(self, about: str) -> str:
        """Where processes tell each other that there is something to do."""
        return f"{self.prefix}_news.{about}"

    @property
    def stirring(self) -> dict[News, tuple[str, ...]]:
        """What the subjects begin with of which a new record is news."""
        mailings = f"{self.prefix}.launch.", f"{self.prefix}.control."
        return {"jobs": (f"{self.prefix}.work.job.",), "mailings": mailings}
