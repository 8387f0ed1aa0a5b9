"""`akrun send --dry-run`: each request as it would be sent, and nothing sent."""

import contextlib
from typing import Any

import click
import orjson

from akrun.engine.event import Services
from akrun.engine.run import DryRun, dry_run
from akrun.exact_json import decode, to_json
from akrun.mailing.ids import launch_id
from akrun.mailing.job import PIPELINE, Job, payload


def print_requests(job: Job, services: Services, *, as_json: bool) -> None:
    """Print the first request of every message, or why there is none.

    The ids are those of the mailing's first launch.
    """
    launch = launch_id(job.channel, job.mailing, 1)
    pipeline = job.compiled.pipeline(PIPELINE, job.constants)
    for row in job.audience_rows():
        if row.skip_reason is not None:
            _print(row.profile_id, {"skipped": row.skip_reason}, as_json=as_json)
            continue
        event = job.event(launch, row.profile_id, decode(payload(row)), services)
        _print(row.profile_id, _answer(dry_run(pipeline, event)), as_json=as_json)


def _answer(ran: DryRun) -> dict[str, Any]:
    if ran.error is not None:
        return {"pipe": ran.pipe, "error": dict(ran.error)}
    return {"pipe": ran.pipe, "request": None if ran.request is None else dict(ran.request)}


def _print(profile_id: str, answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(to_json({"profile_id": profile_id, **answer}, indent=None))
        return
    if "skipped" in answer:
        click.echo(f"### profile {profile_id}: skipped, {answer['skipped']}\n")
    elif "error" in answer:
        error = answer["error"]
        click.echo(
            f"### profile {profile_id}: fails in pipe {answer['pipe']}: {error['code']} {error['message']}\n"
        )
    elif answer["request"] is None:
        click.echo(f"### profile {profile_id}: ends in pipe {answer['pipe']} without a request\n")
    else:
        click.echo(f"### profile {profile_id}, pipe {answer['pipe']}")
        click.echo(_http(answer["request"]))


def _http(request: dict[str, Any]) -> str:
    """A request in the form of an `.http` file, JSON bodies indented."""
    lines = [f"{request['method']} {request['url']}"]
    lines += [f"{name}: {value}" for name, value in request["headers"].items()]
    body = request["body"]
    if body is not None:
        with contextlib.suppress(orjson.JSONDecodeError):  # any other body is shown as it is
            body = to_json(decode(body.encode()))
        lines += ["", body]
    return "\n".join(lines) + "\n"
