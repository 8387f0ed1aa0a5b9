"""Health, metrics, the state of the process, and the description of the API itself."""

import platform
import sqlite3
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from akrun.backend import BackendError
from akrun.mailing.life import statuses
from akrun.net.breaker import BreakerState
from akrun.server.api.answers import MEDIA_TYPE, Document, answer, encoded, moment
from akrun.server.api.auth import READ
from akrun.server.api.context import Api
from akrun.server.api.mailings import MailingDocument
from akrun.server.api.problems import Problem

router = APIRouter(tags=["status"])

_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Live(Document):
    """A process that runs."""

    status: str
    """`ok`."""


class JobsDocument(Document):
    """Jobs by state: single messages, callbacks, what was handed over for later, control runs."""

    pending: int
    """Waiting, also for their time."""
    in_progress: int
    """Running."""
    done: int
    """Ended well."""
    failed: int
    """Failed; see the dead letters."""
    uncertain: int
    """Nobody knows whether they were carried out; see the dead letters."""


class Ready(Document):
    """A process that takes requests, and whose database answers."""

    status: str
    """`ok`."""
    channels: list[str]
    """The channels that are served."""
    jobs: JobsDocument
    """Jobs by state."""


class BreakerDocument(Document):
    """The circuit breaker of a host that fails."""

    origin: str
    """Such as `https://api.example.com`."""
    state: str
    """`closed` (but failing), `open` or `half open`."""
    failures: int
    """Failures in a row."""
    since: str | None
    """When it opened."""
    next_probe: str | None
    """When the next request may try."""
    waiting: int
    """Requests that wait for it to close."""


class Versions(Document):
    """What the process is made of."""

    akrun: str
    """This package."""
    python: str
    """Python."""
    sqlite: str
    """The SQLite library."""


class StatusDocument(Document):
    """The state of the process."""

    versions: Versions
    """What it is made of."""
    channels: list[str]
    """The channels that are served."""
    jobs: JobsDocument
    """Jobs by state."""
    mailings: list[MailingDocument]
    """The mailings that are not at their end."""
    running: list[str]
    """The ids of those that this process sends now."""
    breakers: list[BreakerDocument]
    """Those of hosts that fail."""
    ending: bool
    """Whether it takes in nothing more."""


@router.get("/health/live", operation_id="get_live", summary="Is the process alive?", response_model=Live)
async def get_live() -> Response:
    """The process runs; says nothing of its database. Needs no token."""
    return answer(Live(status="ok"))


@router.get(
    "/health/ready",
    operation_id="get_ready",
    summary="Does the process take requests?",
    response_model=Ready,
    responses={503: {"description": "The database does not answer, or the process is being shut down."}},
)
async def get_ready(api: Api) -> Response:
    """The process takes requests, and its database answers. Needs no token."""
    if api.ending:
        raise Problem(503, "ending", "the server is being shut down", headers={"Retry-After": "5"})
    try:
        counts = await api.backend.job_counts()
    except BackendError as error:
        detail, headers = f"the database does not answer: {error.message}", {"Retry-After": "5"}
        raise Problem(503, "unavailable", detail, error.cure or None, headers=headers) from error
    jobs = JobsDocument(**asdict(counts))
    return answer(Ready(status="ok", channels=list(api.hosts), jobs=jobs))


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Get the metrics",
    response_class=Response,
    responses={200: {"description": "In Prometheus' text form.", "content": {"text/plain": {}}}},
    dependencies=READ,
)
async def get_metrics(api: Api) -> Response:
    """What the process did, for Prometheus."""
    if api.metrics is None:
        raise Problem(404, "not_found", "this process measures nothing")
    return Response(await api.metrics(), media_type=_METRICS)


@router.get(
    "/api/status",
    operation_id="get_status",
    summary="Get the state of the process",
    response_model=StatusDocument,
    dependencies=READ,
)
async def get_status(api: Api) -> Response:
    """Versions, channels, jobs, the mailings that are not at their end, and circuit breakers."""
    running = [each for each in await statuses(api.backend) if each.state not in ("finished", "stopped")]
    versions = Versions(
        akrun=version("akrun"), python=platform.python_version(), sqlite=sqlite3.sqlite_version
    )
    found = StatusDocument(
        versions=versions,
        channels=list(api.hosts),
        jobs=JobsDocument(**asdict(await api.backend.job_counts())),
        mailings=[MailingDocument.model_validate(each.to_dict()) for each in running],
        running=api.keeper.running,
        breakers=[_breaker(each) for each in api.breakers()],
        ending=api.ending,
    )
    return answer(found)


@router.get(
    "/api/openapi.json",
    operation_id="get_openapi",
    summary="Get this description",
    response_model=dict[str, Any],
    dependencies=READ,
)
async def get_openapi(request: Request) -> Response:
    """The OpenAPI document of this API."""
    return Response(encoded(request.app.openapi()), media_type=MEDIA_TYPE)


def _breaker(state: BreakerState) -> BreakerDocument:
    return BreakerDocument(
        origin=state.origin,
        state=state.state,
        failures=state.failures,
        since=None if state.since is None else moment(state.since.timestamp()),
        next_probe=None if state.next_probe is None else moment(state.next_probe.timestamp()),
        waiting=state.waiting,
    )
