"""The serving process: whether it can be reached, is of this version, and how it stands with its work."""

from collections.abc import AsyncIterator, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import httpx
import orjson

from akrun.backend import BackendError
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.processes import is_running
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread

LAG: Final = 60.0
"""Seconds that what is due may wait."""

_PATIENCE: Final = httpx.Timeout(3.0)


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Ask the process that serves the data directory, if there is one."""
    file = scope.serve_file
    if not file.exists():
        yield ok("akrun serve", f"no process serves {scope.data}")
        if (finding := await _lag(scope, served=False)) is not None:
            yield finding
        return
    try:
        announced = orjson.loads(file.read_bytes())
        url, token, pid = str(announced["url"]), str(announced["token"]), int(announced["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        yield fail(
            str(file), "it cannot be read, or is none of akrun's", "remove it, and start akrun serve anew"
        )
        return
    for finding in await in_thread(list, _asked(url, token, pid, str(file))):
        yield finding
    if (finding := await _lag(scope, served=True)) is not None:
        yield finding


def _asked(url: str, token: str, pid: int, file: str) -> Iterator[Finding]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=_PATIENCE, trust_env=False) as client:
        try:
            client.get("/health/live").raise_for_status()
        except httpx.HTTPError as error:
            if not is_running(pid):
                message = f"process {pid}, which it tells of, was killed"
                yield warn(file, message, "start `akrun serve` again: it takes up what was under way")
            else:
                message = f"process {pid} does not answer at {url} ({type(error).__name__})"
                yield fail("akrun serve", message, "see its log; end it by SIGTERM and start it again")
            return
        try:
            ready, status = client.get("/health/ready"), client.get("/api/status")
            yield from _answers(url, pid, ready, status)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"process {pid} at {url} gives no sensible answer ({type(error).__name__})"
            yield fail("akrun serve", message, "see its log; end it by SIGTERM and start it again")


def _answers(url: str, pid: int, ready: httpx.Response, status: httpx.Response) -> Iterator[Finding]:
    if ready.status_code == 200:
        yield ok("akrun serve", f"process {pid} at {url} takes requests")
    else:
        problem = orjson.loads(ready.content)
        yield fail("akrun serve", f"not ready: {problem.get('detail')}", problem.get("hint") or "see its log")
    if status.status_code != 200:
        yield fail(
            "akrun serve", f"/api/status answers {status.status_code}", "start it anew with this akrun"
        )
        return
    yield from _status(orjson.loads(status.content))


def _status(status: Mapping[str, Any]) -> Iterator[Finding]:
    theirs, ours = status["versions"]["akrun"], version("akrun")
    if theirs != ours:
        message = f"it runs akrun {theirs}; this is {ours}"
        yield warn("akrun serve", message, "end it by SIGTERM and start it anew")
    else:
        yield ok("akrun serve", f"akrun {theirs}, serves {', '.join(status['channels'])}")
    jobs = status["jobs"]
    yield ok("jobs", ", ".join(f"{number:,} {state.replace('_', ' ')}" for state, number in jobs.items()))
    for breaker in status["breakers"]:
        if breaker["state"] != "closed":
            message = (
                f"its circuit breaker is {breaker['state']}: it failed {breaker['failures']:,} times in a row"
            )
            message += f"; {breaker['waiting']:,} requests wait" if breaker["waiting"] else ""
            cure = "see whether the service works; the breaker tries again by itself"
            yield warn(breaker["origin"], message, cure)
    for mailing in status["mailings"]:
        if mailing["state"] == "paused":
            subject = f"mailing {mailing['id']}"
            yield warn(subject, "it is paused", f"see akrun report {mailing['id']}; akrun mailing resume")


async def _lag(scope: Scope, *, served: bool) -> Finding | None:
    """What is due, and for how long; None when nothing is or the database does not say."""
    try:
        unopened = scope.backend
        if unopened is None:
            return None
        async with unopened as backend:
            due = await backend.next_due()
    except BackendError:
        return None
    late = 0.0 if due is None else scope.clock.now().timestamp() - due
    if late <= LAG:
        return ok("jobs", "nothing is late") if served else None
    message = f"the first job that is due has waited for {late:,.0f} s"
    if served:
        return warn("jobs", message, "see breakers, rate limits and the service; raise PIPE_WORKER_SIZE")
    return warn("jobs", message, "start `akrun serve` with its channel")
