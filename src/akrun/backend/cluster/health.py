"""How the servers are: looked at without changing anything."""

import asyncio
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from akrun.backend.cluster import streams
from akrun.backend.cluster.connection import ClusterOptions, connect, translate
from akrun.backend.cluster.migration import MIGRATION, unfinished
from akrun.backend.cluster.outlast import outlasted
from akrun.backend.cluster.reports import Reports
from akrun.backend.cluster.streams import Difference
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.errors import BackendError

_PATIENCE = 5.0
"""Seconds until there is a connection."""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """A stream.

    Attributes:
        name: its name.
        present: whether it is there; else nothing more is known.
        records, size: how many, and their bytes.
        differences: what is not as akrun needs it.
        leader: the server that leads it; None without a cluster, or while there is none.
        behind: replicas that are out of reach or have not caught up, by the names of their servers.
    """

    name: str
    present: bool
    records: int = 0
    size: int = 0
    differences: tuple[Difference, ...] = ()
    leader: str | None = None
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """The servers.

    Attributes:
        version: of the one that was asked.
        suits: whether it is new enough.
        streams: those that akrun keeps.
        migration: what is wrong when a migration there was begun and has not ended.
        reports: what is wrong with the configured database for reports, if anything is.
    """

    version: str
    suits: bool
    streams: tuple[StreamHealth, ...]
    migration: BackendError | None
    reports: BackendError | None


async def look(options: ClusterOptions) -> Health:
    """Look at the servers.

    Raises:
        BackendError: they cannot be reached, or do not answer.
    """
    client = await connect(options, patience=_PATIENCE)
    try:
        version = streams.version_text(client)
        try:
            streams.require_version(client)
        except BackendError:
            return Health(version, suits=False, streams=(), migration=None, reports=None)
        js = client.jetstream()
        try:
            await js.account_info()
        except Exception as error:
            raise translate(error, options) from error
        found = await streams.look(js, options)
        needed = streams.wanted(options)
        each = tuple(
            _stream(str(config.name), info, options) for config, info in zip(needed, found, strict=True)
        )
        migration, reports = await _migration(js, options), await _reports(options)
        return Health(version, suits=True, streams=each, migration=migration, reports=reports)
    finally:
        await client.close()


def _stream(name: str, info: StreamInfo | None, options: ClusterOptions) -> StreamHealth:
    if info is None:
        return StreamHealth(name, present=False)
    [needed] = [config for config in streams.wanted(options) if config.name == name]
    replicas = (info.cluster.replicas if info.cluster is not None else None) or []
    return StreamHealth(
        name,
        present=True,
        records=info.state.messages,
        size=info.state.bytes,
        differences=tuple(streams.differences(info.config, needed)),
        leader=info.cluster.leader if info.cluster is not None else None,
        behind=tuple(str(each.name) for each in replicas if each.offline or not each.current),
    )


async def _migration(js: JetStreamContext, options: ClusterOptions) -> BackendError | None:
    """What keeps everybody from working while not all is carried over."""
    place = streams.stream_name(options.prefix), Subjects(options.prefix).guard(MIGRATION)
    mark = await outlasted(lambda: js.get_last_msg(*place), options)
    return None if mark is None else unfinished(mark.data or b"", options)


async def _reports(options: ClusterOptions) -> BackendError | None:
    """Whether the database answers; the one in the data directory is made when it is first needed."""
    if options.report_database is None:
        return None
    reports = Reports(options.report_database, options.data, options.prefix)
    try:
        await asyncio.get_running_loop().run_in_executor(None, reports.reach)
    except BackendError as error:
        return error
    return None
