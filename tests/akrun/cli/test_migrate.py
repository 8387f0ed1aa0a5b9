"""`akrun migrate`: what it prints and refuses."""

import asyncio
import json
import shutil

import pytest
from click.testing import Result

from akrun.backend.chosen import cluster_options
from akrun.migrate.rows import Kind
from akrun.migrate.target import Target
from akrun.model.settings import load_settings
from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, counts
from tests.nats_server import prefix_of, shared

ACCEPTED = Reply(body=b'{"status": "accepted", "id": "x"}')


def on_cluster(scene: Scene) -> list[str]:
    return ["-o", f"nats_prefix={prefix_of(scene.folder)}", "-o", "nats_replicas=1"]


def migrate(scene: Scene, *more: str, to: str | None = None) -> Result:
    return scene.run("migrate", "--to", to or shared().url, *more, *on_cluster(scene))


def told(result: Result) -> dict[str, int]:
    """The counts that were printed."""
    lines = [line.rsplit(maxsplit=1) for line in result.stdout.splitlines()[: len(Kind)]]
    return {kind: int(count.replace(",", "")) for kind, count in lines}


def test_a_sent_mailing_is_carried(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        scene.send()
        before = scene.run("report", "--json").stdout
        looked = migrate(scene, "--dry-run")
        result = migrate(scene)
        again = migrate(scene)
        shutil.move(scene.data, scene.folder / "aside")
        options = ["--backend", shared().url, *on_cluster(scene)]
        sent = scene.send("--json", *options)
        report = scene.run("report", "--json", *options)
    assert looked.stdout.endswith("nothing was carried; the cluster is empty\n")
    assert told(looked) == told(result)
    done = {"messages": 5, "jobs": 5, "launches": 1, "channels": 1, "mailings": 1}
    events = told(result)["events"]
    assert events > 0
    assert told(result) == dict.fromkeys(Kind, 0) | done | {"events": events}
    assert "all is there, on both sides the same. From now on: --backend nats://" in result.stdout
    assert again.stdout == "nothing to do: an earlier call has carried everything\n"
    assert len(server.requests) == 5  # nobody gets the mailing again
    assert counts(json.loads(sent.stdout)) == (5, 0, 0, 0)
    assert json.loads(report.stdout) == json.loads(before)


def test_a_look_at_a_cluster_changes_nothing(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        scene.send()
    assert migrate(scene, "--dry-run").exit_code == 0
    absent = scene.run("report", "--backend", shared().url, *on_cluster(scene))
    assert absent.exit_code == 1
    assert "nothing was stored yet" in absent.stderr
    migrate(scene)
    assert migrate(scene, "--dry-run").stdout.endswith(
        "nothing was carried; an earlier call has carried everything\n"
    )


def test_a_cluster_in_use_is_refused(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        scene.send("--backend", shared().url, *on_cluster(scene))
        scene.send()
    for more in ((), ("--dry-run",)):
        refused = migrate(scene, *more)
        assert refused.exit_code == 1
        assert (
            "the cluster is not empty: it has events, launches, messages, jobs, channels;" in refused.stderr
        )


@pytest.mark.parametrize("command", ["send", "serve", "worker"])
def test_who_would_work_before_it_has_ended_is_refused(scene: Scene, command: str) -> None:
    scene.write()
    given = {"backend": shared().url, "nats_prefix": prefix_of(scene.folder), "nats_replicas": "1"}

    async def begin() -> None:
        async with Target(cluster_options(load_settings(None, given))) as target:
            await target.begin("a database")

    asyncio.run(begin())
    files = [str(scene.folder / name) for name in ("channel.json", "mailing.json")]
    files = {"send": files, "serve": files[:1], "worker": []}[command]
    refused = scene.run(command, *files, "--backend", shared().url, *on_cluster(scene))
    assert refused.exit_code == 1
    assert "`akrun migrate` has begun to carry a database there, and has not ended; " in refused.stderr


def test_there_must_be_a_database(scene: Scene) -> None:
    result = migrate(scene)
    assert result.exit_code == 1
    assert result.stderr.startswith("there is nothing to carry: there is no ")


@pytest.mark.parametrize(
    ("more", "to", "said"),
    [
        (["--backend", "nats://127.0.0.1:1"], None, "--to names the servers"),
        ([], "embedded", "--to embedded: name the servers of a cluster"),
    ],
    ids=["backend", "embedded"],
)
def test_wrong_usage(more: list[str], to: str | None, said: str, scene: Scene) -> None:
    result = migrate(scene, *more, to=to)
    assert result.exit_code == 2
    assert said in result.stderr
