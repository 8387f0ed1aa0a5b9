"""The serving process: none, a killed one, a silent one, and what a live one says."""

import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Embedded, NewJob
from akrun.doctor.checks import serving
from akrun.doctor.finding import Finding, Level
from akrun.doctor.scope import Scope
from tests.akrun.doctor.scene import look, looking, scope_of, told
from tests.akrun.http_server import Received, Reply, serve

TOKEN = "akr_token-of-the-test"
READY = {"status": "ok"}
STATUS: dict[str, Any] = {
    "versions": {"akrun": version("akrun")},
    "channels": ["chat"],
    "jobs": {"pending": 3, "in_progress": 1, "done": 1200, "failed": 0, "uncertain": 0},
    "breakers": [
        {"origin": "https://a.example", "state": "open", "failures": 12, "waiting": 3},
        {"origin": "https://b.example", "state": "half open", "failures": 10, "waiting": 0},
        {"origin": "https://c.example", "state": "closed", "failures": 2, "waiting": 0},
    ],
    "mailings": [{"id": 5, "state": "paused"}, {"id": 6, "state": "sending"}],
}


def announced(scope: Scope, url: str, pid: int) -> None:
    scope.data.mkdir(0o700, exist_ok=True)
    scope.serve_file.write_text(json.dumps({"url": url, "token": TOKEN, "pid": pid}))


def dead_pid() -> int:
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    return int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def test_none(tmp_path: Path) -> None:
    [found] = look(serving.check, scope_of(tmp_path))
    assert (found.level, found.message) == (Level.OK, f"no process serves {tmp_path}/data")


def test_a_killed_one_left_its_file(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    pid = dead_pid()
    announced(scope, "http://127.0.0.1:9", pid)
    [found] = look(serving.check, scope)
    assert (found.level, found.subject) == (Level.WARN, str(scope.serve_file))
    assert found.message == f"process {pid}, which it tells of, was killed"


def test_one_that_does_not_answer(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    announced(scope, "http://127.0.0.1:9", os.getpid())
    [found] = look(serving.check, scope)
    assert (found.level, "does not answer at http://127.0.0.1:9" in found.message) == (Level.FAIL, True)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"url": "http://127.0.0.1:9"}', '{"url": 1, "token": 2, "pid": "x"}']
)
def test_a_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    scope = scope_of(tmp_path)
    scope.data.mkdir(0o700)
    scope.serve_file.write_text(text)
    assert [each.level for each in look(serving.check, scope)] == [Level.FAIL]


async def answered(tmp_path: Path, ready: Reply, status: Reply) -> list[Finding]:
    """What is found when a process answers so."""
    scope = scope_of(tmp_path)

    def answer(request: Received) -> Reply:
        if request.target == "/api/status":
            assert request.headers["authorization"] == f"Bearer {TOKEN}"
        return {"/health/live": Reply(), "/health/ready": ready}.get(request.target, status)

    async with serve(handler=answer) as server:
        announced(scope, server.url, os.getpid())
        found = await looking(serving.check, scope)
    assert TOKEN not in str(found)
    return found


def reply(document: Any, status: int = 200) -> Reply:
    return Reply(status, body=json.dumps(document).encode())


async def test_what_a_live_one_says(tmp_path: Path) -> None:
    found = await answered(tmp_path, reply(READY), reply(STATUS))
    assert told(found, Level.WARN) == [
        "https://a.example: its circuit breaker is open: it failed 12 times in a row; 3 requests wait",
        "https://b.example: its circuit breaker is half open: it failed 10 times in a row",
        "mailing 5: it is paused",
    ]
    assert told(found, Level.OK)[1:] == [
        f"akrun serve: akrun {version('akrun')}, serves chat",
        "jobs: 3 pending, 1 in progress, 1,200 done, 0 failed, 0 uncertain",
    ]


async def test_another_version_and_one_that_is_not_ready(tmp_path: Path) -> None:
    status = {**STATUS, "versions": {"akrun": "0.0.1"}}
    problem = {"detail": "the database does not answer: no room left", "hint": "free disk space"}
    found = await answered(tmp_path, reply(problem, 503), reply(status))
    assert told(found, Level.FAIL) == ["akrun serve: not ready: the database does not answer: no room left"]
    assert f"akrun serve: it runs akrun 0.0.1; this is {version('akrun')}" in told(found, Level.WARN)


@pytest.mark.parametrize(
    "status", [reply({}, 401), Reply(body=b"<html>"), reply({"versions": {}})], ids=["401", "HTML", "empty"]
)
async def test_answers_that_are_none(tmp_path: Path, status: Reply) -> None:
    assert len(told(await answered(tmp_path, reply(READY), status), Level.FAIL)) == 1


@pytest.mark.parametrize(
    ("late", "lines"), [(10.0, []), (-100.0, []), (600.0, ["jobs: the first job that is due"])]
)
async def test_work_that_waits_too_long(tmp_path: Path, late: float, lines: list[str]) -> None:
    scope = scope_of(tmp_path)
    scope.data.mkdir(0o700)
    async with Embedded(scope.database) as backend:
        await backend.enqueue([NewJob("a", "chat", "listener", None, b"{}", time.time() - late)])
    found = told(await looking(serving.check, scope), Level.WARN)
    assert [line[:31] for line in found] == [line[:31] for line in lines]
