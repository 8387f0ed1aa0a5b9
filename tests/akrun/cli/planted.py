"""A world with a secret planted in every place that can hold one, and all that is written and printed in it.

A new field that may be secret is one more name in `FIELDS`, another place one more in `OTHERS` and a line
that puts it there; what prints something is one more entry of `World.printed`.
"""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from akrun.backend import Embedded
from tests.akrun.cli.planted_channel import FIELDS, SECRETS, channel, echo, mailing
from tests.akrun.http_server import HttpServer, serve_in_thread
from tests.akrun.mailing.scene import ENVIRONMENT, invoke

KEPT = {("payload", "body"), ("job", "payload")}
"""Columns documented to hold what is yet to be sent: rows of the audience, and single messages."""


@dataclass
class World:
    """What was printed and written: by a name that tells where it came from.

    Attributes:
        folder: with the channel, the mailing and the data directory.
        server: the service that echoes.
        receiver: the receiver of spans.
        printed: texts.
    """

    folder: Path
    server: HttpServer
    receiver: HttpServer
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def write(self) -> None:
        (self.folder / "channel.json").write_text(json.dumps(channel()))
        (self.folder / "mailing.json").write_text(json.dumps(mailing(self.server.url)))
        rows = [
            {"profile": {"id": way}, "subscription": {"way": way, "token": SECRETS["subscription.token"]}}
            for way in ("ok", "fail")
        ]
        (self.folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        password = quote(SECRETS["connector.password"], safe="")
        url = f"postgresql+psycopg://bob:{password}@127.0.0.1:1/crm"
        (self.folder / "akrun.toml").write_text(
            f"[connectors.crm]\nurl = '{url}'\nconnection_timeout = 2.0\n"
        )

    def run(self, *arguments: str, code: int | None = 0) -> None:
        """A command in this process, which ends with this code; with any when None."""
        shared = ["--data", str(self.data), "--config", str(self.folder / "akrun.toml")]
        result = invoke(*arguments, *shared)
        assert code in (None, result.exit_code), (arguments, result.output)
        self.printed[f"akrun {' '.join(Path(each).name for each in arguments)}"] = result.output

    def file(self, name: str) -> str:
        return str(self.folder / name)


def fill(world: World) -> None:
    """Do all there is to do, and keep what comes of it."""
    world.write()
    files = (world.file("channel.json"), world.file("mailing.json"))
    for flags, code in (((), 0), (("--json",), 0)):
        world.run("send", *files, "--dry-run", *flags, code=code)
        world.run("send", *files, "--one", "ok", *flags)
        world.run("send", *files, "--one", "fail", *flags, code=1)
    world.run("send", *files)
    _faults(world, files)
    _entities(world)
    with _serving(world) as client:
        _serve(world, client)
    for command in (
        "report",
        "report --json",
        "dead list",
        "dead list --json",
        "mailing list",
        "mailing show 12",
    ):
        world.run(*command.split())
    _look(world)


def _faults(world: World, files: tuple[str, str]) -> None:
    """Values that break their rules, beside secrets on the same line of the file."""
    wrong = mailing(world.server.url)
    wrong["sender"]["key"] = {"not": SECRETS["sender.key"]}
    wrong["sender"]["unknown"] = 1
    (world.folder / "wrong.json").write_text(json.dumps(wrong))
    world.run("send", files[0], world.file("wrong.json"), "--audience", world.file("rows.jsonl"), code=1)
    row = {"profile": {"id": "x"}, "subscription": {"way": 7, "token": [SECRETS["subscription.token"]]}}
    (world.folder / "wrong.jsonl").write_text(json.dumps(row) + "\n")
    world.run("send", *files, "--audience", world.file("wrong.jsonl"), code=1)
    given = f"sender.password:={json.dumps([SECRETS['sender.password']])}"
    world.run("entity", files[0], "vault", "get", "--set", given, code=1)
    password = quote(SECRETS["connector.password"], safe="")
    (world.folder / "wrong.toml").write_text(
        f"[connectors.crm]\nurl = 'nonsense://bob:{password}@h/x'\npool = 1\n"
    )
    result = invoke("send", *files, "--config", world.file("wrong.toml"), "--data", str(world.data))
    assert result.exit_code == 1
    world.printed["faults of the configuration"] = result.output
    result = invoke("doctor", "--config", world.file("akrun.toml"), "--data", str(world.data))
    world.printed["akrun doctor"] = result.output


def _entities(world: World) -> None:
    sets = [f"--set={name}={SECRETS[name]}" for name in FIELDS if not name.startswith("subscription")]
    sets.append(f"--set=sender.url={world.server.url}")
    given = f"password={SECRETS['entity.input']}"
    for flags in ((), ("--json",)):
        world.run("entity", world.file("channel.json"), "vault", "get", given, *sets, *flags)
        for operation in ("list", "update"):
            world.run("entity", world.file("channel.json"), "vault", operation, given, *sets, *flags, code=1)


@contextmanager
def _serving(world: World) -> Iterator[httpx.Client]:
    sets = [f"--set={name}={SECRETS[name]}" for name in FIELDS if not name.startswith("subscription")]
    arguments = [
        "serve", world.file("channel.json"), "--port", "0", *sets, f"--set=sender.url={world.server.url}",
        "--data", str(world.data), "--config", world.file("akrun.toml"),
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "akrun.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **ENVIRONMENT},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http"), process.communicate()
        token = json.loads((world.data / "serve.json").read_text())["token"]
        SECRETS["api.token"] = token
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=120) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        world.printed["standard output of akrun serve"] = url + out
        world.printed["standard error of akrun serve"] = err
    finally:
        process.kill()
        process.communicate()


def _serve(world: World, client: httpx.Client) -> None:
    # A callback is masked by what the channel's process was given: no row of an audience is at hand.
    known = [name for name in SECRETS if name.startswith("listener") or name in FIELDS]
    known.remove("subscription.token")
    body = json.dumps({"x": [SECRETS[name] for name in known]}).encode()
    signature = hmac.digest(SECRETS["listener.signature"].encode(), body, hashlib.sha256).hex()
    good = {"X-Secret": SECRETS["listener.header"], "X-Signature": signature}
    for headers, status in ((good, 200), ({**good, "X-Signature": "0"}, 401), ({}, 401)):
        answer = httpx.post(
            client.base_url.join("/listen/leaky"), content=body, headers=headers, trust_env=False
        )
        assert answer.status_code == status
        world.printed[f"a callback answered {status}, {len(headers)} headers"] = answer.text
    messages = {}
    for way in ("ok", "fail"):
        single = {
            "profile": {"id": f"s-{way}"},
            "subscription": {"way": way, "token": SECRETS["subscription.token"]},
        }
        answer = client.post("/api/channels/leaky/messages", json=single)
        assert answer.status_code == 202, answer.text
        messages[way] = answer.json()["id"]
    wrong = {"profile": {"id": 1}, "sender": {"key": SECRETS["sender.key"]}}
    answer = client.post("/api/channels/leaky/messages", json=wrong)
    assert answer.status_code == 422
    world.printed["a message that was refused"] = answer.text
    for operation, status in (("get", 200), ("list", 502), ("update", 502)):
        call = {"input": {"password": SECRETS["entity.input"]}}
        answer = client.post(f"/api/channels/leaky/entities/vault/{operation}", json=call)
        assert answer.status_code == status, answer.text
        world.printed[f"the operation {operation} of the API"] = answer.text
    _await_all(client, messages.values())
    paths = [
        "/metrics", "/api/status", "/api/channels", "/api/channels/leaky", "/api/mailings",
        "/api/mailings/12",
        "/api/reports", "/api/reports/mailings/12", "/api/profiles/s-fail/history", "/health/ready",
        *(f"/api/messages/{each}{end}" for each in messages.values() for end in ("", "/trace")),
    ]  # fmt: skip
    letters = client.get("/api/dead-letters")
    assert letters.status_code == 200, letters.text
    world.printed["/api/dead-letters"] = letters.text
    paths += [f"/api/dead-letters/{each['id']}" for each in letters.json()["items"]]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        world.printed[f"GET {path}"] = answer.text


def _await_all(client: httpx.Client, messages: Any) -> None:
    deadline = time.monotonic() + 60
    for each in messages:
        while client.get(f"/api/messages/{each}").json()["outcome"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    while (jobs := client.get("/health/ready").json()["jobs"])["pending"] + jobs["in_progress"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _look(world: World) -> None:
    """What lies on the disk, and what it is shown as."""
    letters, units = asyncio.run(_names(world))
    assert letters
    for number in letters:
        world.run("dead", "show", str(number))
        world.run("dead", "replay", str(number), "--dry-run", *_given(world))
        world.run("dead", "replay", str(number), "--dry-run", "--json")
        world.run("rerun", str(number), code=None)
        world.run("rerun", str(number), "--send", *_given(world), code=None)
    for each in units:
        world.run("trace", each)
        world.run("trace", each, "--json")
        world.run("trace", each, "--html", world.file("trace.html"))
        world.printed[f"page of {each}"] = (world.folder / "trace.html").read_text()
        world.run("rerun", each, "--at", "1", code=None)
        world.run("rerun", each, "--at", "1", "--json", *_given(world), code=None)
    world.printed["the log"] = (world.data / "procpiper.log").read_text()
    connection = sqlite3.connect(world.data / "akrun.db")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        rows = connection.execute(f"SELECT * FROM {table}")
        columns = [each[0] for each in rows.description]
        found = [
            _readable(table, value)
            for row in rows
            for column, value in zip(columns, row, strict=True)
            if (table, column) not in KEPT
        ]
        world.printed[f"table {table}"] = "\n".join(found)
    connection.close()
    for request in world.receiver.requests:
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = zlib.decompress(body, wbits=31)
        world.printed["spans"] = world.printed.get("spans", "") + body.decode("utf-8", "replace")


def _given(world: World) -> list[str]:
    """The values of the mailing, which are not stored, as options."""
    given = [f"{name}={SECRETS[name]}" for name in FIELDS if not name.startswith("subscription.")]
    return [word for each in [*given, f"sender.url={world.server.url}"] for word in ("--set", each)]


def _readable(table: str, value: Any) -> str:
    if isinstance(value, bytes):
        raw = zlib.decompress(value) if table == "trace" else value
        return raw.decode("utf-8", "replace")
    return str(value)


async def _names(world: World) -> tuple[list[int], list[str]]:
    async with Embedded(world.data / "akrun.db", read_only=True) as backend:
        letters = await backend.dead_letters(limit=1000)
    connection = sqlite3.connect(world.data / "akrun.db")
    units = [name for (name,) in connection.execute("SELECT DISTINCT unit FROM trace ORDER BY no")]
    connection.close()
    return [letter.id for letter in letters], units


@contextmanager
def planted_world(folder: Path) -> Iterator[World]:
    """The world, after everything in it was done."""
    with (
        serve_in_thread(handler=echo) as server,
        serve_in_thread() as receiver,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PLANTED_HEADER", SECRETS["listener.header"])
        patch.setenv("PLANTED_SIGNATURE", SECRETS["listener.signature"])
        patch.setenv("AKRUN_TRACES", "all")
        patch.setenv("SCHEDULER_PIPE_ROUTER_PERIOD", "0.1")
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-key={SECRETS['otel.header']}")
        world = World(folder, server, receiver)
        fill(world)
        yield world
