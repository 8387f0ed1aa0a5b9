"""The cluster: whether its servers answer, their version, the streams and replicas, and what differs."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from akrun.backend.chosen import cluster_health
from akrun.backend.errors import BackendError
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.modes import readable_by_others
from akrun.doctor.scope import Scope
from akrun.model.servers import servers_of

if TYPE_CHECKING:
    from akrun.backend.cluster.health import Health, StreamHealth


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the servers, without changing anything on them."""
    settings = scope.settings
    if not scope.clustered:
        yield ok("cluster", "none: everything is in the database")
        return
    for file in (settings.nats_tls_key, settings.nats_credentials, settings.nats_nkey):
        if file is not None and readable_by_others(file):
            yield warn(str(file), "others can read this secret", f"chmod 600 {file}")
    try:
        health = await cluster_health(settings)
    except BackendError as error:
        yield _refused(settings.backend, error)
        return
    for finding in _found(health, settings.backend):
        yield finding


def _found(health: "Health", backend: str) -> Iterator[Finding]:
    if not health.suits:
        yield fail(backend, f"NATS {health.version} is too old", "use 2.12 or newer")
        return
    yield ok(backend, f"NATS {health.version}")
    if health.migration is not None:
        yield _refused(backend, health.migration)
    for stream in health.streams:
        yield from _stream(stream)
    if health.reports is not None:
        yield fail("report_database", health.reports.message, health.reports.cure)


def _refused(backend: str, error: BackendError) -> Finding:
    """What is wrong with the servers as a whole; where they are is said once."""
    message = error.message.removeprefix(f"{', '.join(servers_of(backend))}: ")
    return fail(backend, message, error.cure or "see the log of the servers")


def _stream(stream: "StreamHealth") -> Iterator[Finding]:
    if not stream.present:
        yield ok(stream.name, "not there yet; the first `akrun send` or `akrun serve` makes it")
        return
    for difference in stream.differences:
        yield fail(stream.name, difference.message, difference.cure)
    for server in stream.behind:
        cure = "see whether that server runs and has room; it catches up by itself"
        yield warn(stream.name, f"the replica on {server} is behind or out of reach", cure)
    led = "" if stream.leader is None else f", led by {stream.leader}"
    yield ok(stream.name, f"{stream.records:,} records, {stream.size / 1024**2:,.1f} MiB{led}")
