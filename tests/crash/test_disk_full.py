"""A full disk: what was acknowledged is kept, what cannot be kept is refused, and the command says why."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.backend import DiskFullError, Embedded
from akrun.backend.embedded.writer import each
from akrun.mailing.launch import open_launch
from akrun.mailing.life import status
from tests.akrun.http_server import Reply, serve
from tests.akrun.mailing.scene import Scene, counts, end, rows
from tests.akrun.server.scene import Serving, direct_channel
from tests.crash.killing import Killing, Provider, judge
from tests.crash.lives import (
    begin,
    last_life,
    living,
    only_told_to_repeat,
    refusals,
    told_well,
)
from tests.crash.stored import inconsistencies

NO_ROOM = ("no room left to write; free disk space and try again", "nothing that was acknowledged is lost")
SHORT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, resource.RLIM_INFINITY))"
"""No file may grow beyond so many bytes: what a full disk is to one file."""


@pytest.fixture
async def killing(tmp_path: Path) -> AsyncIterator[Killing]:
    async with Provider().running() as provider:
        yield Killing(tmp_path, provider)


@pytest.fixture
def small_disk(killing: Killing) -> Iterator[Path]:
    """The data directory on a disk of its own."""
    killing.data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "akrun-test", str(killing.data)]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a disk needs Linux and root")
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield killing.data
    subprocess.run(["umount", "--lazy", str(killing.data)], check=True)


@contextmanager
def filled(disk: Path, name: str = "filler") -> Iterator[None]:
    """Nothing more fits on the disk while the block runs."""
    filler = disk / name
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(65536)):
            pass
    assert os.statvfs(disk).f_bavail == 0
    yield
    filler.unlink()


async def test_a_disk_that_fills_up_under_load(killing: Killing, small_disk: Path) -> None:
    names = [f"late-{number}" for number in range(6)]
    async with living(killing) as life:
        await killing.mailing(life.client, 1, 48)
        with filled(small_disk):
            work = [killing.mailing(life.client, 2, 12), *each_way(killing, life.client, names)]
            refused = await refusals(work)
            assert told_well(await life.ended(), *NO_ROOM)
            assert only_told_to_repeat(refused)
            assert len(refused) == len(work)
            # Nor can it begin again, though its end made some room.
            with filled(small_disk, "more"), pytest.raises(DiskFullError, match="free disk space"):
                await Embedded(killing.data / "akrun.db").open()
        assert killing.acknowledged.mailings == {1: 48}
    async with last_life(killing) as client:
        assert await refusals(each_way(killing, client, names)) == []
        await killing.idle(client)
    assert inconsistencies(killing.data / "akrun.db") == []
    verdict = await judge(killing)
    assert verdict.faults == ()
    assert (verdict.messages, verdict.singles, verdict.callbacks) == (48, len(names), len(names))


def each_way(
    killing: Killing, client: httpx.AsyncClient, names: list[str]
) -> list[Coroutine[Any, Any, None]]:
    """A single message and a callback under each of these names: the same ones each time."""
    killing.chance.seed(7)
    singles = (killing.single(client, name) for name in names)
    return [*singles, *(killing.callback(client, name) for name in names)]


async def test_files_that_cannot_grow_under_load(killing: Killing) -> None:
    """The same without a disk of its own: SQLite meets another error there."""
    limit = 600_000
    async with living(killing, prelude=SHORT.format(limit)) as life:
        [refused] = await refusals([large_mailing(life.client, limit)])
        assert refused is not None
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "the audience could not be kept: file too large" in refused.json()["detail"]
        assert "free disk space and send it again" in refused.json()["hint"]
        await killing.mailing(life.client, 1, 48)
        refused_later = await refusals(each_way(killing, life.client, [f"{n}" for n in range(6)]))
        assert told_well(await life.ended(), "akrun.db: disk I/O error; check the disk and free space on it")
        assert only_told_to_repeat(refused_later)
    assert killing.acknowledged.mailings == {1: 48}
    async with last_life(killing) as client:
        assert await refusals(each_way(killing, client, [f"{n}" for n in range(6)])) == []
        await killing.idle(client)
    assert inconsistencies(killing.data / "akrun.db") == []
    assert (await judge(killing)).faults == ()


async def large_mailing(client: httpx.AsyncClient, size: int) -> None:
    """A mailing whose audience alone has so many bytes."""
    created = await client.post("/api/mailings", json={"channel": "chat", "mailing": {"id": 9, "name": "L"}})
    created.raise_for_status()
    line = b'{"profile": {"id": "%d"}, "subscription": {"kind": "plain"}}\n'
    content = b"".join(line % number for number in range(size // 50))
    headers = {"Content-Type": "application/jsonl"}
    (await client.post("/api/mailings/9/launch", content=content, headers=headers)).raise_for_status()


def _limit(connection: sqlite3.Connection, pages: int) -> None:
    connection.execute(f"PRAGMA max_page_count = {pages}")


LIMIT = each(_limit)


async def test_a_server_without_work_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    channel = direct_channel()
    channel["pipelines"]["listener"][1]["params"]["event"] = {"send_message_id": "$in.data.to"}
    async with Serving(tmp_path, channel).run() as served:
        mailing = {"id": 5, "name": "M"}
        (
            await served.api("POST", "/api/mailings", json={"channel": "chat", "mailing": mailing})
        ).raise_for_status()
        backend = served.backend
        assert isinstance(backend, Embedded)
        await backend._write(LIMIT, 1)  # no more pages than there are
        asked = [launch, message, callback]
        for ask in asked:
            answer = await ask(served)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.text
            if ask is not callback:
                assert answer.json()["detail"] == NO_ROOM[0].partition(";")[0]
                assert all(part in NO_ROOM[0] + NO_ROOM[1] for part in answer.json()["hint"].split("; "))
        assert [record.message for record in served.log if record.level == "error"] == [
            f"a callback could not be kept: {backend.path}: {'; '.join(NO_ROOM)}"
        ]
        assert (await served.client.get("/health/ready")).status_code == 200
        assert await served.settled() == {"done": 0, "failed": 0}
        await backend._write(LIMIT, 1 << 20)
        for ask in asked * 2:
            assert (await ask(served)).status_code in (200, 202, 409)
        assert await served.settled() == {"done": 3, "failed": 0}
        assert await served.events("m-1") == ["deliv"]
        counted = (await status(served.backend, 5)).counts
        assert counted is not None
        assert counted.total == 1
    assert inconsistencies(tmp_path / "akrun.db") == []


LARGE = "x" * 300_000


def launch(served: Serving) -> Awaitable[httpx.Response]:
    row = {"profile": {"id": "p1"}, "subscription": {"chat_id": LARGE}}
    headers = {"Content-Type": "application/jsonl"}
    return served.api("POST", "/api/mailings/5/launch", content=json.dumps(row), headers=headers)


def message(served: Serving) -> Awaitable[httpx.Response]:
    document = {"profile": {"id": "p1"}, "subscription": {"chat_id": LARGE}}
    return served.api("POST", "/api/channels/chat/messages", json=document, headers={"Idempotency-Key": "k"})


def callback(served: Serving) -> Awaitable[httpx.Response]:
    return served.call(json.dumps({"to": "m-1", "more": LARGE}).encode())


async def test_an_audience_that_does_not_fit_is_loaded_anew(scene: Scene) -> None:
    scene.audience = rows([0] * 3000)
    job, now = scene.job(), datetime.now(UTC)
    async with Embedded(scene.folder / "akrun.db") as backend:
        await backend._write(LIMIT, 1)
        with pytest.raises(DiskFullError):
            await open_launch(backend, job, now)
        await backend._write(LIMIT, 1 << 20)
        opened = await open_launch(backend, job, now)
        assert opened.loaded is not None
        assert (opened.loaded.loaded, opened.launch.total) == (3000, 3000)
    assert inconsistencies(scene.folder / "akrun.db") == []


async def test_a_mailing_from_the_command_line(scene: Scene) -> None:
    scene.audience = rows([0] * 100)
    scene.mailing["options"] = {"concurrency": 4}
    async with serve(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        ended = await end(await begin(*scene.send_arguments(), prelude=SHORT.format(500_000)))
        assert told_well(ended, "akrun.db: disk I/O error; check the disk and free space on it"), ended.err
        assert 0 < len(server.requests) < 100
        assert (await scene.sent()).code == 0
        assert 100 <= len(server.requests) <= 100 + 4  # those that were under way are sent again
    assert counts(await scene.report()) == (100, 0, 0, 0)
    assert inconsistencies(scene.data / "akrun.db") == []


LOGGING = """
import resource, sys
from pathlib import Path
from akrun.cli.log_file import log_file
from akrun.engine.log import server_record
with log_file(Path(sys.argv[1])) as log:
    for number in range(5):
        limit = 150 if number in (1, 2, 3) else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        log(server_record(f"line {number}", 0.0))
"""


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "log"
    command = [sys.executable, "-c", LOGGING, str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines() == [
        f"{file}: the log cannot be written: no room for a whole line",
        f"{file}: the log is written again; lines that are lost: 3",
    ]
    first, torn, last = file.read_text().splitlines()
    assert [json.loads(line)["event"] for line in (first, last)] == ["line 0", "line 4"]
    assert len(first) + len(torn) + 1 == 150
