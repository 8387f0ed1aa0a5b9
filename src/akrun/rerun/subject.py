"""What is run again: a message or job as it is stored, or a test-send as it was printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from akrun.backend import Backend, JobStatus, MessageStatus
from akrun.engine.compile import CompiledChannel
from akrun.engine.event import Event, Services
from akrun.engine.payload import SealError, decode_payload, show_payload
from akrun.engine.secrets import Masker, secrets_in
from akrun.engine.trace_record import decode_trace
from akrun.engine.worker import MESSAGE, merged
from akrun.errors import AkrunError
from akrun.exact_json import decode
from akrun.mailing.job import PIPELINE, Job
from akrun.model import Mailing

_OF_ONE: Final = ("profile", "subscription")


@dataclass(frozen=True, slots=True)
class Kept:
    """The constant roots that are stored of a subject.

    Attributes:
        roots: Root name → value.
        whole: Whether secrets stand there as `***`; else they were left out, or all was given to a process.
    """

    roots: Mapping[str, Any] = field(repr=False)
    whole: bool


class Subject(Protocol):
    """A message or job that can be run again."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def channel(self) -> str:
        """The channel's string id."""
        ...

    @property
    def pipeline(self) -> str:
        """The pipeline it runs through."""
        ...

    @property
    def entry(self) -> int | None:
        """The pipe at which it enters; None for the first."""
        ...

    @property
    def constants(self) -> Kept:
        """What is stored of its constant roots."""
        ...

    @property
    def traces(self) -> Sequence[Mapping[str, Any]]:
        """Its traces by attempt, as `akrun.engine.trace_record.trace_to_dict` gives them."""
        ...

    def event(
        self, compiled: CompiledChannel, constants: Mapping[str, Any], services: Services, *, exact: bool
    ) -> Event:
        """A new event of it, at its start.

        Raises:
            AkrunError: What entered it is not kept, or with `exact` a secret in it is not known.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message of a mailing."""

    status: MessageStatus
    mailing: Mailing
    channel: str
    constants: Kept
    traces: Sequence[Mapping[str, Any]] = field(repr=False)
    pipeline: str = PIPELINE
    entry: int | None = None

    @property
    def id(self) -> str:
        """See `Subject`."""
        return self.status.id

    def event(
        self, compiled: CompiledChannel, constants: Mapping[str, Any], services: Services, *, exact: bool
    ) -> Event:
        """See `Subject.event`."""
        del exact  # a row of an audience is kept as it was handed in
        status = self.status
        if not status.payload:
            raise AkrunError(f"what message {self.id} was sent with is not kept: its dead letter was dropped")
        job = Job(compiled, self.mailing, None, 1, b"", constants)
        return job.event(status.launch_id, status.profile_id, decode(status.payload), services, status.id)


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job: a single message, a callback, a hand-over, a run of `moderate` or `stop`."""

    status: JobStatus
    constants: Kept
    traces: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def id(self) -> str:
        """See `Subject`."""
        return self.status.id

    @property
    def channel(self) -> str:
        """See `Subject`."""
        return self.status.channel

    @property
    def pipeline(self) -> str:
        """See `Subject`."""
        return self.status.pipeline

    @property
    def entry(self) -> int | None:
        """See `Subject`."""
        return self.status.pipe

    def event(
        self, compiled: CompiledChannel, constants: Mapping[str, Any], services: Services, *, exact: bool
    ) -> Event:
        """See `Subject.event`."""
        origin, roots = self._payload(services.masker, exact=exact), dict(constants)
        if self.pipeline == MESSAGE:
            own = {name: origin["roots"].get(name, {}) for name in _OF_ONE}
            origin, roots = origin["origin"], merged(roots, own)
        services = services.masking(secrets_in(roots, compiled.secrets))
        return Event(origin, services, roots=roots, id=self.id, message_id=self.status.origin_message)

    def _payload(self, masker: Masker, *, exact: bool) -> dict[str, Any]:
        if self.status.payload:
            return dict(opened(self.status.payload, masker, exact=exact))
        for trace in self.traces:
            if trace["resumed_from"] is None and trace["steps"]:
                return with_bytes(trace["steps"][0]["input"])
        raise AkrunError(f"what entered job {self.id} is not kept: it is done, and no trace is stored")


@dataclass(frozen=True, slots=True)
class PrintedSend:
    """A test-send: the trace that `akrun send --one --json` printed, and the job it was of."""

    trace: Mapping[str, Any] = field(repr=False)
    job: Job = field(repr=False)
    pipeline: str = PIPELINE
    entry: int | None = None

    @property
    def origin(self) -> Mapping[str, Any]:
        """What entered its pipeline."""
        return with_bytes(self.trace["steps"][0]["input"])

    @property
    def id(self) -> str:
        """See `Subject`."""
        return str(self.origin.get("send_message_id"))

    @property
    def channel(self) -> str:
        """See `Subject`."""
        return self.job.channel.string_id

    @property
    def constants(self) -> Kept:
        """See `Subject`."""
        return Kept(self.job.constants, whole=True)

    @property
    def traces(self) -> Sequence[Mapping[str, Any]]:
        """See `Subject`."""
        return [{"attempt": 1, **self.trace}]

    def event(
        self, compiled: CompiledChannel, constants: Mapping[str, Any], services: Services, *, exact: bool
    ) -> Event:
        """See `Subject.event`."""
        del exact, constants
        indirect = self.job.channel.communication == "indirect"
        profile = "" if indirect else str(self.origin.get("profile_id"))
        row = next(iter(self.job.audience_rows())) if indirect else self.job.row(profile)
        roots = {"profile": row.profile, "subscription": row.subscription}
        return Event(self.origin, services.masking(compiled.secrets_of(roots)), roots=roots)


async def stored_subject(backend: Backend, unit: str) -> StoredMessage | StoredJob | None:
    """The message or job of that id; None if there is none."""
    traces = [{"attempt": each.attempt, **decode_trace(each.body)} for each in await backend.traces(unit)]
    message = await backend.message(unit)
    if message is None:
        job = await backend.job(unit)
        return None if job is None else StoredJob(job, await _constants(backend, job), traces)
    launch = await backend.find_launch(message.launch_id)
    assert launch is not None
    record = await backend.mailing(launch.mailing_id)
    assert record is not None
    mailing = Mailing.model_validate(decode(record.document))
    kept = Kept(decode(launch.constants), whole=True)
    return StoredMessage(message, mailing, record.channel, kept, traces)


async def _constants(backend: Backend, job: JobStatus) -> Kept:
    """What is stored for a job: of its mailing, or of the single message that it goes back to."""
    if job.origin_message is None:
        return Kept({}, whole=False)
    message = await backend.message(job.origin_message)
    launch = None if message is None else await backend.find_launch(message.launch_id)
    kept = launch or await backend.control_of(job.origin_message)
    if kept is not None:
        return Kept(decode(kept.constants), whole=True)
    single = job if job.pipeline == MESSAGE else await backend.job(job.origin_message)
    if single is None or single.pipeline != MESSAGE or not single.payload:
        return Kept({}, whole=False)
    roots = show_payload(single.payload)["roots"]
    return Kept({name: each for name, each in roots.items() if name not in _OF_ONE}, whole=False)


def opened(body: bytes, masker: Masker, *, exact: bool) -> Any:
    """What was encoded, with the secrets that the masker knows.

    Where one is not known, all of them are `***`; with `exact` that is an error.

    Raises:
        AkrunError: A secret is not known, or it cannot be read.
    """
    try:
        try:
            return decode_payload(body, masker)
        except SealError as error:
            if exact:
                raise AkrunError(f"{error}: give it by --set or --mailing") from error
            return show_payload(body)
    except ValueError as error:
        raise AkrunError(f"what is stored cannot be read: {error}") from error


def with_bytes(data: Mapping[str, Any]) -> dict[str, Any]:
    """`$in` of a trace, where bytes stand as text: `body` is bytes, as pipes and the listener leave it."""
    body = data.get("body")
    return {**data, "body": body.encode()} if isinstance(body, str) else dict(data)
