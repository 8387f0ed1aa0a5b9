"""What `akrun top` shows, as it was at one moment."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from akrun.backend import Counts, JobCounts

_TIMES: Final = frozenset({"time", "since", "last"})


@dataclass(frozen=True, slots=True)
class MailingLine:
    """A mailing.

    Attributes:
        id: its id.
        name: its name.
        channel: the string id of its channel.
        state: of its launch; `moderating` or `stopping` while its service has yet to answer.
        counts: the launch's messages by state; None while it is not launched.
        rate: messages a second that come to an outcome, of late.
    """

    id: int | str
    name: str
    channel: str
    state: str
    counts: Counts | None
    rate: float

    @property
    def left(self) -> int:
        """Messages without an outcome."""
        return 0 if self.counts is None else self.counts.pending + self.counts.in_progress

    @property
    def eta(self) -> float | None:
        """Seconds until all have one, at this rate; None while nobody can tell."""
        return self.left / self.rate if self.rate > 0 else None


@dataclass(frozen=True, slots=True)
class Process:
    """A process that sends.

    Attributes:
        kind: the command: `serve`, `worker` or `send`.
        host: its machine.
        pid: its process id there.
        since: when it began, in seconds since the Unix epoch.
        under_way: messages and jobs that it has in hand.
        settled: what it has brought to an outcome; None where it is not counted by process.
        rate: how much of that a second, of late.
    """

    kind: str
    host: str
    pid: int
    since: float
    under_way: int
    settled: int | None
    rate: float


@dataclass(frozen=True, slots=True)
class Breaker:
    """The circuit breaker of a host that processes leave alone for a while.

    Attributes:
        origin: such as `https://api.example.com`.
        processes: how many leave it alone.
        waiting: requests of all of them that wait for it.
    """

    origin: str
    processes: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Dead letters of the same pipe and error, among the latest ones.

    Attributes:
        pipeline: `message`, `listener`, …
        pipe: the pipe that failed; None when none had begun.
        code: of the error.
        message: of the latest such error.
        count: how many they are.
        last: when the latest came, in seconds since the Unix epoch.
    """

    pipeline: str
    pipe: int | None
    code: str
    message: str
    count: int
    last: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it.

    Attributes:
        time: when, in seconds since the Unix epoch.
        place: the database or the servers.
        shared: whether processes share the backend, so that any number of them can send.
        mailings: those that are not at their end, then those that ended last.
        processes: in the order of their beginning.
        jobs: all jobs by state.
        job_rate: jobs a second that come to an outcome, of late.
        dead_letters: how many there are.
        failures: what the latest of them are, the most frequent first.
        breakers: of hosts that are left alone now, by origin.
    """

    time: float
    place: str
    shared: bool
    mailings: tuple[MailingLine, ...]
    processes: tuple[Process, ...]
    jobs: JobCounts
    job_rate: float
    dead_letters: int
    failures: tuple[Failure, ...]
    breakers: tuple[Breaker, ...]

    @property
    def rate(self) -> float:
        """Messages and jobs a second that come to an outcome, of late."""
        return self.job_rate + sum(each.rate for each in self.mailings)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; times are ISO 8601 in UTC, `eta` is in seconds."""
        data = asdict(self)
        data["rate"] = self.rate
        for line, each in zip(data["mailings"], self.mailings, strict=True):
            line["left"], line["eta"] = each.left, each.eta
        for each in (data, *data["processes"], *data["failures"]):
            for name in _TIMES & each.keys():
                each[name] = datetime.fromtimestamp(each[name], UTC).isoformat(timespec="milliseconds")
        return data
