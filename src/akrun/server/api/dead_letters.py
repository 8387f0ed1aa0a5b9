"""`/api/dead-letters`: messages and jobs that failed for good, or are uncertain; replayed or let go of."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from akrun.backend import DeadLetter
from akrun.engine.checkpoint import show_checkpoint
from akrun.engine.secrets import Masker
from akrun.engine.shown import shown
from akrun.server.api.answers import Document, Page, answer, moment
from akrun.server.api.auth import ADMIN, READ
from akrun.server.api.context import Api
from akrun.server.api.problems import Problem

router = APIRouter(tags=["dead letters"])

_LARGEST = 2**63 - 1

DeadId = Annotated[int, Path(ge=0, le=_LARGEST, description="The dead letter's id.")]


class DeadLetterSummary(Document):
    """A message or job that failed for good, or is uncertain."""

    id: int
    """Its own id."""
    message_id: str | None
    """The message it is of, if any."""
    job_id: str | None
    """The job it is of; null for a mailing's message."""
    channel: str | None
    """The job's channel."""
    pipeline: str
    """The pipeline it failed in."""
    pipe: int | None
    """The pipe that failed; null when none had begun."""
    error: dict[str, Any]
    """The `$error`."""
    attempts: int
    """Attempts begun."""
    time: str
    """When it failed."""


class DeadLetterDocument(DeadLetterSummary):
    """A dead letter with what entered the pipe that failed."""

    input: dict[str, Any] | None
    """`pipe`, `in` and `error` as they entered that pipe, secrets masked; null when none had begun."""


@router.get(
    "/api/dead-letters",
    operation_id="list_dead_letters",
    summary="List dead letters",
    response_model=Page[DeadLetterSummary],
    dependencies=READ,
)
async def list_dead_letters(
    api: Api,
    launch_id: Annotated[str | None, Query(description="Only those of this launch.", max_length=80)] = None,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="`next` of the part before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most of them.")] = 100,
) -> Response:
    """Dead letters, the oldest first."""
    found = await api.backend.dead_letters(launch_id, after=after, limit=limit + 1)
    items = [DeadLetterSummary(**_about(each)) for each in found[:limit]]
    more = len(found) > limit
    return answer(Page[DeadLetterSummary](items=items, next=str(items[-1].id) if more else None))


@router.get(
    "/api/dead-letters/{dead_id}",
    operation_id="get_dead_letter",
    summary="Get a dead letter",
    response_model=DeadLetterDocument,
    dependencies=READ,
)
async def get_dead_letter(dead_id: DeadId, api: Api) -> Response:
    """A dead letter with its input."""
    found = await api.backend.dead_letter(dead_id)
    if found is None:
        raise Problem(404, "not_found", f"there is no dead letter {dead_id}")
    return answer(DeadLetterDocument(**_about(found), input=_shown(found)))


@router.post(
    "/api/dead-letters/{dead_id}/replay",
    operation_id="replay_dead_letter",
    summary="Replay a dead letter",
    status_code=202,
    response_model=DeadLetterSummary,
    dependencies=ADMIN,
)
async def replay_dead_letter(
    dead_id: DeadId,
    api: Api,
    *,
    from_start: Annotated[bool, Query(description="Begin anew, not at the pipe that failed.")] = False,
) -> Response:
    """Make its message or job pending again, on the present version of the pipeline. The letter is gone."""
    found = await api.backend.replay(dead_id, api.now(), from_start=from_start)
    api.wake()
    api.keeper.wake()
    return answer(DeadLetterSummary(**_about(found)), 202)


@router.delete(
    "/api/dead-letters/{dead_id}",
    operation_id="drop_dead_letter",
    summary="Let go of a dead letter",
    response_model=DeadLetterSummary,
    dependencies=ADMIN,
)
async def drop_dead_letter(dead_id: DeadId, api: Api) -> Response:
    """Let go of a dead letter, and of what a replay would need; the message's outcome stays."""
    return answer(DeadLetterSummary(**_about(await api.backend.drop(dead_id))))


def _about(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "message_id": letter.message_id,
        "job_id": letter.job_id,
        "channel": letter.channel,
        "pipeline": letter.pipeline,
        "pipe": letter.pipe,
        "error": dict(letter.error),
        "attempts": letter.attempts,
        "time": moment(letter.time),
    }


def _shown(letter: DeadLetter) -> dict[str, Any] | None:
    if not letter.input:
        return None
    try:
        return dict(shown(show_checkpoint(letter.input), Masker()))
    except ValueError:  # written by an earlier version
        return None
