"""What `akrun rerun` and `akrun dead replay --dry-run` begin with: a subject, its channel, a backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from akrun.backend import Backend, DeadLetter
from akrun.backend.memory import MemoryStore
from akrun.backend.protocol import Store
from akrun.cli.database import reading
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.log import LogRecord
from akrun.errors import AkrunError
from akrun.exact_json import decode
from akrun.mailing.job import read_job
from akrun.model import load_channel_file
from akrun.model.settings import Settings
from akrun.rerun.plan import Begin, Given, Plan, planned, values_for
from akrun.rerun.registered import registered_channel
from akrun.rerun.subject import PrintedSend, Subject, stored_subject
from akrun.services import opened_services, pipe_defaults


@dataclass(frozen=True, slots=True)
class Source:
    """What is run on.

    Attributes:
        subject: The message or job.
        letter: Its dead letter, if it was named by that.
        backend: Where it is stored; None for a file.
    """

    subject: Subject
    letter: DeadLetter | None
    backend: Backend | None

    @property
    def store(self) -> Store:
        """What its pipes may read."""
        return MemoryStore() if self.backend is None else self.backend


@asynccontextmanager
async def stored_source(name: str, settings: Settings) -> AsyncIterator[Source]:
    """A message, a job or a dead letter by its id, while the database is open.

    Raises:
        AkrunError: There is none.
    """
    async with reading(settings) as backend:
        subject: Subject | None = await stored_subject(backend, name)
        letter = None
        if subject is None and name.isdecimal():
            letter = await backend.dead_letter(int(name))
            subject = None if letter is None else await subject_of(backend, letter)
        if subject is None:
            hint = "`akrun history PROFILE` and `akrun dead list` print ids"
            raise AkrunError(f"there is no message, job or dead letter {name!r}; {hint}")
        yield Source(subject, letter, backend)


async def subject_of(backend: Backend, letter: DeadLetter) -> Subject | None:
    """The message or job that a dead letter is of."""
    return await stored_subject(backend, letter.job_id or letter.message_id or "")


def file_source(
    file: Path, channel: Path | None, given: Given, audience: Path | None, settings: Settings
) -> Source:
    """A test-send by the file that `akrun send --one --json` was written to.

    Raises:
        AkrunError: It is no trace, or channel or mailing were not named.
        FileFaults: All faults of the files.
    """
    if channel is None or given.mailing is None:
        raise AkrunError(
            f"{file}: nothing else of a test-send is stored: name the channel by --by, and --mailing"
        )
    try:
        trace = decode(file.read_bytes())
    except (orjson.JSONDecodeError, OSError):
        trace = None
    if not isinstance(trace, dict) or not trace.get("steps") or trace.get("resumed_from") is not None:
        raise AkrunError(f"{file} is no trace, as `akrun send --one ID --json` prints it")
    job = read_job(channel, given.mailing, audience, given.values, pipe_defaults(settings))
    return Source(PrintedSend(trace, job), None, None)


async def channel_of(source: Source, file: Path | None, settings: Settings) -> CompiledChannel:
    """The channel of the file, or else the one that is registered.

    Raises:
        AkrunError: None is registered.
        FileFaults: All faults of the channel.
    """
    if file is not None:
        channel, located = load_channel_file(file)
    else:
        name = source.subject.channel
        record = None if source.backend is None else await source.backend.channel(name)
        if record is None:
            raise AkrunError(f"the channel {name} is not registered; name its file by --by")
        channel, located = registered_channel(record)
    return compile_channel(channel, located, pipe_defaults(settings))


@asynccontextmanager
async def ready(  # noqa: PLR0913 - one per part of a run
    source: Source,
    compiled: CompiledChannel,
    given: Given,
    begin: Begin,
    settings: Settings,
    *,
    exact: bool = False,
) -> AsyncIterator[Plan]:
    """A run that can begin, while its services are open; see `planned` for the arguments."""
    values = values_for(source.subject, compiled, given, exact=exact)
    async with opened_services(settings, _no_log, compiled.masker(values.roots)) as services:
        yield planned(
            source.subject,
            compiled,
            values,
            services.keeping(source.store),
            begin,
            given.pins,
            exact=exact,
        )


def _no_log(_: LogRecord) -> None:
    """Nothing is recorded."""
