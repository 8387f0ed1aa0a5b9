"""The streams: made once, compared ever after, and every difference said with its cure."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from nats.aio.client import Client, ServerVersion
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from akrun.backend import BackendError, NotFoundError, RecordError, UnavailableError
from akrun.backend.cluster.connection import ClusterOptions, connect
from akrun.backend.cluster.streams import ensure, look, require_version, wanted


@pytest.fixture
async def js(
    options: ClusterOptions,
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[JetStreamContext]:
    client = await connect(options)
    yield client.jetstream()
    await client.close()


async def change(js: JetStreamContext, config: StreamConfig, **changes: object) -> None:
    await js.update_stream(config.evolve(**changes))


async def test_made_when_they_are_not_there_and_found_afterwards(
    js: JetStreamContext, options: ClusterOptions
) -> None:
    assert await look(js, options) == [None, None, None]
    made = await ensure(js, options)
    found = await ensure(js, options)
    assert [info.created for info in found] == [info.created for info in made]
    assert [info.config.name for info in found] == [config.name for config in wanted(options)]


async def test_another_program_may_add_what_akrun_says_nothing_about(
    js: JetStreamContext, options: ClusterOptions
) -> None:
    await ensure(js, options)
    await change(js, wanted(options)[1], description="ours", metadata={"team": "crm"})
    assert await ensure(js, options)


async def test_everything_that_differs_is_said_at_once(js: JetStreamContext, options: ClusterOptions) -> None:
    transactions, store, _ = wanted(options)
    await ensure(js, options)
    await change(js, transactions, duplicate_window=60.0)
    await change(js, store, allow_direct=False)
    with pytest.raises(BackendError) as caught:
        await ensure(js, options)
    assert caught.value.message == (
        f"{transactions.name}: duplicate_window is 60.0, not 120.0; "
        f"{store.name}: allow_direct is false, not true"
    )
    assert caught.value.cure.startswith("correct it by `nats stream edit`")


async def test_other_replicas_have_a_cure_of_their_own(js: JetStreamContext, options: ClusterOptions) -> None:
    await ensure(js, options)
    with pytest.raises(BackendError, match="num_replicas is 1, not 3") as caught:
        await ensure(js, replace(options, replicas=3))
    assert caught.value.cure == "set nats_replicas = 1, or `nats stream edit STREAM --replicas 3`"


async def test_more_replicas_than_servers(js: JetStreamContext, options: ClusterOptions) -> None:
    with pytest.raises(UnavailableError, match="too few servers for the replicas") as caught:
        await ensure(js, replace(options, replicas=3))
    assert caught.value.cure == "start more servers, or set nats_replicas to their number"


async def test_nothing_is_made_where_that_is_not_wanted(
    js: JetStreamContext, options: ClusterOptions
) -> None:
    with pytest.raises(NotFoundError, match="nothing was stored yet"):
        await ensure(js, replace(options, create=False))
    assert await look(js, options) == [None, None, None]


@pytest.mark.parametrize("prefix", ["", "Akrun", "a.b", "a b", "-a", "x" * 33, "a*"])
def test_what_is_no_prefix(options: ClusterOptions, prefix: str) -> None:
    with pytest.raises(RecordError, match="cannot be a prefix"):
        wanted(replace(options, prefix=prefix))


@pytest.mark.parametrize(("version", "fine"), [("2.11.9", False), ("2.12.0", True), ("3.0.0", True)])
def test_old_servers_are_refused(version: str, fine: bool) -> None:  # noqa: FBT001 - a parameter
    client = cast("Client", SimpleNamespace(connected_server_version=ServerVersion(version)))
    if fine:
        require_version(client)
    else:
        with pytest.raises(BackendError, match=f"the server's version is {version}; use 2.12 or newer"):
            require_version(client)
