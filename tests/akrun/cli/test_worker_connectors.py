"""Connectors of `akrun serve` and `akrun send` in `akrun worker`, as processes on a server of their own."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from akrun.backend import NewJob
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.engine.payload import encode_payload
from tests.akrun.cli.test_sql_sending import CHANNEL, MAILING
from tests.akrun.mailing.scene import begin, end
from tests.akrun.server.sharing import eventually
from tests.akrun.server.test_mailings import step
from tests.akrun.sql.postgres import postgres
from tests.nats_server import NatsServer, serving

LITERAL = "postgresql+psycopg://akrun:hunter22@127.0.0.1:9/crm"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with serving(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def written(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    """Schemas `one` to `three` of the database, whose URLs are in the environment; what was written there."""
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        for name in ("one", "two", "three"):
            connection.execute(f"CREATE SCHEMA {name}".encode())
            connection.execute(f"CREATE TABLE {name}.seen (n text)".encode())
            url = f"{database}&options=-csearch_path%3D{name}"
            monkeypatch.setenv(f"CRM_{name.upper()}", url)

        def rows(name: str) -> list[str]:
            query = f"SELECT n FROM {name}.seen ORDER BY n"
            return [n for (n,) in connection.execute(query.encode())]

        yield rows
        for name in ("one", "two", "three"):
            connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


class Place:
    """A folder, and commands in it on the server."""

    def __init__(self, folder: Path, nats: NatsServer) -> None:
        self.folder = folder
        self.nats = nats
        insert = {"connector_id": "crm", "query": "INSERT INTO seen VALUES ('$in.n')"}
        channel = {**CHANNEL, "pipelines": {"schedule": [step(1, "sql_pipe", None, **insert)]}}
        (folder / "channel.json").write_text(json.dumps(channel))

    def options(self, name: str, url: str | None) -> list[str]:
        """For a process of that name, with a connector of its own if there is a URL."""
        config = self.folder / f"{name}.toml"
        config.write_text("" if url is None else f'[connectors.crm]\nurl = "{url}"\n')
        data = str(self.folder / name)
        settings = ["-o", "nats_replicas=1", "-o", "scheduler_pipe_router_period=0.2"]
        return ["--config", str(config), "--data", data, "--backend", self.nats.url, *settings]

    async def serve(self, name: str, url: str) -> None:
        """Begin to serve the channel, and end."""
        channel = str(self.folder / "channel.json")
        running = await begin("serve", channel, "--port", "0", *self.options(name, url))
        assert running.stdout is not None
        assert (await running.stdout.readline()).startswith(b"http://"), (await end(running)).err
        running.send_signal(signal.SIGTERM)
        ended = await end(running)
        assert (ended.code, ended.err) == (0, "")

    def log(self, name: str) -> list[dict[str, Any]]:
        """What a process has logged."""
        file = self.folder / name / "procpiper.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def said(self, name: str, text: str) -> int:
        return sum(text in line["event"] for line in self.log(name))

    async def enqueue(self, *names: str) -> None:
        """Jobs for whoever runs."""
        options = ClusterOptions(servers=(self.nats.url,), replicas=1, data=self.folder)
        async with Cluster(options) as backend:
            jobs = [
                NewJob(name, "query", "schedule", None, encode_payload({"n": name}), 0.0) for name in names
            ]
            await backend.enqueue(jobs)

    def bytes_of_everything(self) -> bytes:
        """All that the server has on its disk, and all logs."""
        logs = self.folder.glob("*/procpiper.log")
        stored = (self.nats.directory / "store").rglob("*")
        return b"".join(file.read_bytes() for file in (*logs, *stored) if file.is_file())


@pytest.fixture
def place(tmp_path: Path, nats: NatsServer) -> Place:
    return Place(tmp_path, nats)


class Working:
    """`akrun worker` while the block is open."""

    def __init__(self, place: Place, name: str, url: str | None = None) -> None:
        self._arguments = place.options(name, url)

    async def __aenter__(self) -> None:
        self._running = await begin("worker", *self._arguments)
        assert self._running.stdout is not None
        line = await self._running.stdout.readline()
        assert line.startswith(b"working at"), (await end(self._running)).err

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._running.send_signal(signal.SIGTERM)
        ended = await end(self._running)
        assert (ended.code, ended.err) == (0, "")


async def test_workers_use_what_serve_registers_and_follow_changes(
    place: Place, written: Callable[[str], list[str]], database: str
) -> None:
    used = "the connector crm is used as it is registered now"
    await place.serve("serve", "env:CRM_ONE")
    async with Working(place, "w1"), Working(place, "w2"):
        await place.enqueue("a", "b")
        await eventually(lambda: written("one") == ["a", "b"])
        await place.serve("serve", "env:CRM_TWO")
        await eventually(lambda: [place.said(name, used) for name in ("w1", "w2")] == [2, 2])
        await place.enqueue("c", "d")
        await eventually(lambda: written("two") == ["c", "d"])
    assert written("one") == ["a", "b"]
    async with Working(place, "own", "env:CRM_THREE"):
        await place.enqueue("e")
        await eventually(lambda: written("three") == ["e"])
    assert not place.said("own", used)
    everything = place.bytes_of_everything()
    assert b'"url":"env:CRM_TWO"' in everything
    for secret in ("no-password", database, "search_path"):
        assert secret.encode() not in everything


async def test_a_password_in_the_configuration_is_on_no_server(
    place: Place, written: Callable[[str], list[str]]
) -> None:
    await place.serve("serve", LITERAL)
    [warning] = [line for line in place.log("serve") if line["level"] == "warning"]
    assert warning["event"] == (
        "workers cannot use the connector crm: its URL may hold a password, and so is not registered; "
        'write url = "env:NAME" or "file:PATH" in the configuration'
    )
    async with Working(place, "poor"):
        told = "the connector crm as it is registered now cannot be used here: its URL may hold a password"
        await eventually(lambda: place.said("poor", told) == 1)
        await eventually(lambda: place.said("poor", "there is no connector `crm`") == 1)
        await place.enqueue("a")
        async with Working(place, "own", "env:CRM_THREE"):
            await eventually(lambda: written("three") == ["a"])
    everything = place.bytes_of_everything()
    assert b"query" in everything
    assert b"hunter22" not in everything


async def test_send_registers_them_as_well(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setenv("CRM", database)
    pipes = {**CHANNEL, "pipelines": {"message": CHANNEL["pipelines"]["message"][1:]}}  # type: ignore[index]
    audience = {"connector_id": "crm", "query": "SELECT 'a' AS id, '+1' AS \"subscription.phone\""}
    files = {"channel": pipes, "mailing": {**MAILING, "audience": audience}}
    for name, document in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    arguments = [str(tmp_path / f"{name}.json") for name in files]
    sent = await end(await begin("send", *arguments, *place.options("send", "env:CRM")))
    assert sent.code == 0, sent.err
    async with Working(place, "worker"):
        used = "the connector crm is used as it is registered now"
        await eventually(lambda: place.said("worker", used) == 1)
    assert b"no-password" not in place.bytes_of_everything()
