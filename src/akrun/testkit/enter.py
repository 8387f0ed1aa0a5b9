"""What enters: the steps of a case, each done as the runtime would do it."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from akrun.backend import ControlKind, NewJob
from akrun.engine.ending import Unit
from akrun.engine.operation import OperationError, UnknownOperationError, run_operation
from akrun.engine.payload import encode_payload
from akrun.engine.trace import Trace
from akrun.errors import Fault, FileFaults
from akrun.mailing.ids import control_id, message_id
from akrun.mailing.job import PIPELINE, WHOLE, Job
from akrun.mailing.stop import BY_PERSON
from akrun.model import AudienceRow, read_audience
from akrun.model.audience_row import RowReader
from akrun.model.positions import to_pointer
from akrun.testkit import codes
from akrun.testkit.format.cases import Entry, Row, Scheduled
from akrun.testkit.format.kinds import END
from akrun.testkit.messages import launch_of, message_of
from akrun.testkit.world import MOST_RUNS, EndlessError, Run, World, operation_run
from aktmpl.errors import nearest

Path = tuple[str | int, ...]
"""The path of a part of the test file."""

SCHEDULE: Final = "schedule"


async def do(world: World, entry: Entry, at: Path) -> None:
    """Do one step, and all that becomes due by it.

    Args:
        world: where.
        entry: what enters.
        at: where it stands in the file.

    Raises:
        FileFaults: it cannot enter; says why.
        AkrunError: likewise, where no part of the file is to blame.
    """
    entered = False
    match entry.kind:
        case "send":
            await _launch(world, (*at, "send"), [WHOLE])
        case "profile" | "profiles" | "audience":
            await _launch(world, (*at, entry.kind), list(_rows(world, entry, at)))
        case "callback":
            entered = await _callback(world, entry)
        case "schedule":
            entered = _schedule(world, entry.schedule, at)
        case "moderate" | "stop":
            entered = _control(world, entry, (*at, entry.kind))
        case "operation":
            await _operate(world, entry, at)
        case "advance":
            await _advance(world, entry.advance)
    await world.run_due(entered=entered)


# ---------------------------------------------------------------------------------------------- mailing


def _job(world: World, at: Path, pipeline: str) -> Job:
    job = world.bench.job(world.case)
    loaded, compiled = world.bench.loaded, world.bench.compiled
    if job is None:
        raise FileFaults([loaded.fault("there is no mailing", *at, hint="name its file: `mailing`")])
    if pipeline not in compiled.pipelines:
        raise FileFaults([loaded.fault(f"the channel has no pipeline `{pipeline}`", *at)])
    return job


async def _launch(world: World, at: Path, rows: list[AudienceRow]) -> None:
    """Send the mailing to these profiles, one after the other."""
    job = _job(world, at, PIPELINE)
    direct = job.channel.communication == "direct"
    if direct is (rows == [WHOLE]):
        message = "the channel is direct: it sends to a `profile`" if direct else (
            "the channel is indirect: it sends one message, `send: true`, and to no profile"
        )  # fmt: skip
        raise FileFaults([world.bench.loaded.fault(message, *at, code=codes.CASE)])
    launch = launch_of(job)
    pipeline = world.bench.pipeline(PIPELINE, job.constants)
    for row in rows:
        name = message_id(launch, row.profile_id)
        if row.skip_reason is not None:
            error = {"message": row.skip_reason}
            world.runs.append(Run(PIPELINE, "skipped", name, row.profile_id, error=error))
            continue
        roots = {"profile": row.profile, "subscription": row.subscription}
        event = job.event(launch, row.profile_id, roots, world.services)
        await world.send(pipeline, event, Unit(name, PIPELINE, 1, name), profile_id=row.profile_id)


def _rows(world: World, entry: Entry, at: Path) -> Iterator[AudienceRow]:
    if entry.audience is not None:
        yield from _of_file(world, world.bench.loaded.beside(entry.audience))
    elif entry.profiles is not None:
        for index, row in enumerate(entry.profiles):
            yield _row(world, row, {"": (*at, "profiles", index)})
    elif isinstance(entry.profile, dict):
        row = Row.model_construct(profile=entry.profile, subscription=entry.subscription or {})
        yield _row(world, row, {"": at})
    else:
        yield _known(world, str(entry.profile), (*at, "profile"))


def _row(world: World, row: Row, base: Mapping[str, Path]) -> AudienceRow:
    found = RowReader("", world.bench.compiled.channel).row(0, row.profile, row.subscription)
    if isinstance(found, AudienceRow):
        return found
    document = world.bench.loaded.document
    raise FileFaults(
        document.fault(each.code, each.message, to_pointer((*base[""], *each.at)), each.hint, key=each.on_key)
        for each in found
    )


def _of_file(world: World, path: Any) -> Iterator[AudienceRow]:
    for row in read_audience(path, world.bench.compiled.channel):
        if isinstance(row, Fault):
            raise FileFaults([row])
        yield row


def _known(world: World, profile_id: str, at: Path) -> AudienceRow:
    """The profile of this id in the audience that the mailing names."""
    path = world.bench.named_audience(world.case)
    if path is None:
        raise FileFaults(
            [
                world.bench.loaded.fault(
                    "the mailing names no audience that has it", *at, hint="give its fields"
                )
            ]
        )
    known = []
    for row in _of_file(world, path):
        if row.profile_id == profile_id:
            return row
        known.append(row.profile_id)
    message = f"{path} has no profile with the id {profile_id!r}"
    raise FileFaults([world.bench.loaded.fault(message, *at, hint=nearest(profile_id, known))])


def _control(world: World, entry: Entry, at: Path) -> bool:
    """Hand the mailing in to moderation, or stop it."""
    kind = ControlKind.MODERATE if entry.kind == "moderate" else ControlKind.STOP
    job = _job(world, at, kind)
    name = control_id(job.channel, job.mailing, kind, 1)
    launch = name if kind is ControlKind.MODERATE else launch_of(job)
    message = message_id(launch, "")
    origin = {
        "send_message_id": message,
        "launch_id": launch,
        "a_id": job.mailing.a_id,
        "c_id": job.mailing.id,
    }
    if kind is ControlKind.STOP:
        origin["reason"] = entry.stop if isinstance(entry.stop, str) else BY_PERSON
    channel = job.channel.string_id
    return world.enter(NewJob(name, channel, kind, None, encode_payload(origin), world.now(), message))


# -------------------------------------------------------------------------------------------- the rest


async def _callback(world: World, entry: Entry) -> bool:
    from akrun.testkit.callback import call_listener  # noqa: PLC0415 - it needs a web framework

    assert entry.callback is not None
    status, new = await call_listener(world, entry.callback)
    if not new:
        world.runs.append(Run("listener", "duplicate" if status < 400 else "refused"))
    return new


def _schedule(world: World, given: Scheduled | None, at: Path) -> bool:
    assert given is not None
    compiled = world.bench.compiled
    pipeline = compiled.pipelines.get(SCHEDULE)
    if pipeline is None or given.pipe not in pipeline.steps:
        known = (
            "pipes there: " + ", ".join(map(str, pipeline.steps)) if pipeline else "it has no such pipeline"
        )
        message = f"the pipeline `{SCHEDULE}` has no pipe {given.pipe}"
        raise FileFaults([world.bench.loaded.fault(message, *at, "schedule", "pipe", hint=known)])
    name = f"case:{SCHEDULE}:{len(world.runs)}"
    payload = encode_payload(given.data)
    channel, origin = compiled.channel.string_id, message_of(world.bench, world.case)
    return world.enter(NewJob(name, channel, SCHEDULE, given.pipe, payload, world.now(), origin))


async def _operate(world: World, entry: Entry, at: Path) -> None:
    assert entry.operation is not None
    entity, _, operation = entry.operation.partition(".")
    compiled = world.bench.compiled
    trace = Trace(world.services.masker, world.services.clock)
    try:
        result = await run_operation(
            compiled, entity, operation, entry.input or {}, world.constants, world.services, trace=trace
        )
    except OperationError as error:
        world.runs.append(operation_run(entry.operation, trace, error))
    except UnknownOperationError as error:
        raise FileFaults([world.bench.loaded.fault(str(error), *at, "operation")]) from None
    else:
        world.runs.append(operation_run(entry.operation, trace, result))


async def _advance(world: World, seconds: float) -> None:
    """Let time pass, and run each hand-over when it is due."""
    end = world.now() + seconds
    for _ in range(MOST_RUNS):
        due = min((each.due for each in world.pending), default=END)
        if due > end or due == END:
            break
        await asyncio.sleep(max(due - world.now(), 0.0))
        await world.run_due()
    else:
        raise EndlessError
    if end != END:
        await asyncio.sleep(max(end - world.now(), 0.0))
