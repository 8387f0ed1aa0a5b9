"""The cluster, as the doctor sees it."""

import asyncio
from pathlib import Path

import pytest

from akrun.backend.chosen import chosen, cluster_options
from akrun.backend.cluster.connection import ClusterOptions, connect
from akrun.backend.cluster.streams import ensure, wanted
from akrun.doctor.checks import channels, cluster, database, serving, waiting
from akrun.doctor.finding import Level
from akrun.doctor.run import Check, run_checks
from akrun.doctor.scope import Scope
from akrun.migrate.target import Target
from tests.akrun.doctor.scene import look, looking, scope_of, told, worst
from tests.akrun.doctor.test_waiting import fill
from tests.nats_server import cluster as started
from tests.nats_server import free_ports, prefix_of, shared


def clustered(folder: Path, servers: str | None = None, **given: str) -> Scope:
    """An installation on the server of all tests, or on those that are named."""
    backend = servers or shared().url
    settings = {"backend": backend, "nats_prefix": prefix_of(folder), "nats_replicas": "1", **given}
    return scope_of(folder, given=settings)


def options_of(scope: Scope) -> ClusterOptions:
    return cluster_options(scope.settings)


async def make(options: ClusterOptions, **changes: object) -> None:
    """Make the streams, and change the one of values."""
    client = await connect(options)
    js = client.jetstream()
    await ensure(js, options)
    if changes:
        await js.update_stream(wanted(options)[1].evolve(**changes))
    await client.close()


def test_no_cluster(tmp_path: Path) -> None:
    assert told(look(cluster.check, scope_of(tmp_path))) == ["cluster: none: everything is in the database"]


def test_nothing_was_stored_yet(tmp_path: Path) -> None:
    scope = clustered(tmp_path)
    found = look(cluster.check, scope)
    assert worst(found) is Level.OK
    assert told(found)[0].startswith(f"{shared().url}: NATS 2.")
    assert [each.split(": ")[1] for each in told(found)[1:]] == [
        "not there yet; the first `akrun send` or `akrun serve` makes it"
    ] * 3
    assert look(cluster.check, scope) == found  # it has made none of them
    for check in (waiting.check, serving.check, channels.check):
        assert worst(look(check, scope)) is not Level.FAIL


def test_all_is_well(tmp_path: Path) -> None:
    scope = clustered(tmp_path)
    asyncio.run(make(options_of(scope)))
    found = look(cluster.check, scope)
    assert worst(found) is Level.OK
    names = [config.name for config in wanted(options_of(scope))]
    assert told(found)[1:] == [f"{name}: 0 records, 0.0 MiB, led by n1" for name in names]


def test_what_differs_is_a_failure_with_its_cure(tmp_path: Path) -> None:
    scope = clustered(tmp_path)
    asyncio.run(make(options_of(scope), allow_direct=False))
    [finding] = [each for each in look(cluster.check, scope) if each.level is Level.FAIL]
    assert finding.message == "allow_direct is false, not true"
    assert finding.cure.startswith("correct it by `nats stream edit`")


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("akrun.backend.cluster.health._PATIENCE", 0.2)
    [port] = free_ports(1)
    [finding] = look(cluster.check, clustered(tmp_path, f"nats://127.0.0.1:{port}"))
    assert finding.level is Level.FAIL
    assert finding.cure == "check that the servers run and that the setting `backend` names them"
    assert finding.subject == f"nats://127.0.0.1:{port}"
    assert finding.subject not in finding.message


def test_replicas_that_are_out_of_reach(tmp_path: Path) -> None:
    with started(tmp_path / "nodes") as nodes:
        servers = ",".join(node.url for node in nodes)
        scope = clustered(tmp_path, servers, nats_replicas="3")
        asyncio.run(make(options_of(scope)))
        while worst(look(cluster.check, scope)) is not Level.OK:  # until all replicas have caught up
            pass
        nodes[2].kill()
        found: list[str] = []
        while len(found) < 3:  # until those that it led have another leader
            found = told(look(cluster.check, scope), Level.WARN)
    assert [each.split(": ")[1] for each in found] == ["the replica on n3 is behind or out of reach"] * 3


def test_a_migration_that_has_not_ended(tmp_path: Path) -> None:
    scope = clustered(tmp_path)

    async def begin() -> None:
        async with Target(options_of(scope)) as target:
            await target.begin("a database")

    asyncio.run(begin())
    [finding] = [each for each in look(cluster.check, scope) if each.level is Level.FAIL]
    assert finding.subject == shared().url
    assert finding.message == "`akrun migrate` has begun to carry a database there, and has not ended"
    assert "name another nats_prefix" in finding.cure
    assert worst(look(waiting.check, scope)) is Level.OK


def test_files_that_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("akrun.backend.cluster.health._PATIENCE", 0.1)
    seed = tmp_path / "seed.nk"
    seed.write_text("S")
    seed.chmod(0o644)
    found = look(cluster.check, clustered(tmp_path, "nats://127.0.0.1:1", nats_nkey=str(seed)))
    assert told(found, Level.WARN) == [f"{seed}: others can read this secret"]


def test_the_database_for_reports(tmp_path: Path) -> None:
    scope = clustered(tmp_path, report_database="postgresql+psycopg://u:hunter22@127.0.0.1:1/d")
    [checked] = asyncio.run(run_checks(scope, [Check("cluster", "Cluster", cluster.check)]))
    [finding] = [each for each in checked.findings if each.level is Level.FAIL]
    assert finding.subject == "report_database"
    assert finding.cure == "check report_database, its account and the server"
    assert "hunter22" not in str(checked)


def test_other_checks_look_at_the_cluster(tmp_path: Path) -> None:
    scope = clustered(tmp_path)

    async def run() -> list[str]:
        async with chosen(scope.settings) as backend:
            await fill(backend, ["status"], time=1.0)
        return told(await looking(waiting.check, scope), Level.WARN)

    assert asyncio.run(run()) == ["dead letters: 1 failed for good"]
    assert told(look(database.check, scope)) == [
        "database: none: everything is on the servers of the cluster"
    ]


def test_what_a_cluster_needs_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("akrun.backend.chosen.find_spec", lambda _: None)
    [finding] = look(cluster.check, clustered(tmp_path))
    assert finding.message == "a cluster needs the module `nats`, which is not installed"
    assert finding.cure == "pip install 'akrun[cluster]'"
    assert finding.level is Level.FAIL
