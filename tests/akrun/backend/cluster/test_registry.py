"""Channels, connectors, mailings on the servers: identities never change, changes are seen by everybody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from akrun.backend import ChannelRecord, ConflictError, ConnectorRecord, MailingRecord, NotFoundError
from akrun.backend.cluster import Cluster, ClusterOptions, watching
from tests.nats_server import serving

SMS = ChannelRecord(1, "sms", "SMS", b"\x00\xff", "aa")
PUSH = ChannelRecord(2, "push", "Push", b"", "bb")
CRM = ConnectorRecord("crm", b'{"url":"env:CRM"}')

Registered = ChannelRecord | ConnectorRecord


async def next_of(changes: AsyncIterator[Registered], count: int) -> list[Registered]:
    async with asyncio.timeout(120):
        return [await anext(changes) for _ in range(count)]


async def test_a_channel_comes_back_as_it_was_given_and_can_be_replaced(
    backend: Cluster, options: ClusterOptions
) -> None:
    await backend.register_channel(PUSH)
    await backend.register_channel(SMS)
    async with Cluster(options) as other:
        assert await other.channels() == [SMS, PUSH]
        replaced = ChannelRecord(1, "sms", "SMS 2", b"{}", "cc")
        await other.register_channel(replaced)
        assert await other.channel("sms") == replaced
        assert await other.channel("chat") is None


@pytest.mark.parametrize(("number", "string_id"), [(1, "chat"), (3, "sms"), (1, "push"), (2, "sms")])
async def test_half_of_a_channels_identity_cannot_be_taken(
    backend: Cluster, number: int, string_id: str
) -> None:
    await backend.register_channel(SMS)
    await backend.register_channel(PUSH)
    with pytest.raises(ConflictError, match="clashes with the registered"):
        await backend.register_channel(ChannelRecord(number, string_id, "other", b"{}", "bb"))
    assert await backend.channels() == [SMS, PUSH]


async def test_of_those_that_claim_one_identity_at_once_one_gets_it(
    backend: Cluster, options: ClusterOptions
) -> None:
    claims = [ChannelRecord(number, "sms", "any", b"", "0") for number in range(1, 9)]
    async with Cluster(options) as other:
        calls = (each.register_channel(claim) for claim in claims for each in (backend, other))
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(result is None for result in results) == 2
    assert {type(result) for result in results} == {type(None), ConflictError}
    [held] = await backend.channels()
    assert await backend.channel("sms") == held


async def test_mailings_keep_their_first_order_id_and_channel(backend: Cluster) -> None:
    with pytest.raises(NotFoundError, match="`sms`"):
        await backend.register_mailing(MailingRecord(7, "sms", "m", b"{}", "0"))
    await backend.register_channel(SMS)
    await backend.register_channel(PUSH)
    for mailing_id in (7, "autumn", 3):
        await backend.register_mailing(MailingRecord(mailing_id, "sms", "m", b"{}", "0"))
    await backend.register_mailing(MailingRecord("7", "sms", "again", b"", "1"))
    with pytest.raises(ConflictError, match="another channel"):
        await backend.register_mailing(MailingRecord(7, "push", "m", b"{}", "0"))
    assert [mailing.id for mailing in await backend.mailings()] == [7, "autumn", 3]
    assert await backend.mailing("7") == MailingRecord(7, "sms", "again", b"", "1")
    assert await backend.mailing(8) is None


async def test_all_that_is_registered_first_then_each_change_in_every_process(
    backend: Cluster, options: ClusterOptions
) -> None:
    await backend.register_connectors([CRM])
    await backend.register_channel(SMS)
    await backend.register_mailing(MailingRecord(7, "sms", "m", b"{}", "0"))
    await backend.register_channel(PUSH)
    async with Cluster(options) as other:
        watches = [each.registered() for each in (backend, other)]
        for watch in watches:
            assert await next_of(watch, 3) == [CRM, SMS, PUSH]
        moved = ConnectorRecord("crm", b'{"url":"env:CRM_2"}')
        await other.register_channel(PUSH)
        await other.register_connectors([moved])
        await backend.register_channel(SMS)
        for watch in watches:
            assert await next_of(watch, 3) == [PUSH, moved, SMS]
        assert await backend.connectors() == [moved]


async def test_a_watch_passes_over_what_somebody_removes(backend: Cluster) -> None:
    await backend.register_connectors([CRM])
    await backend.register_channel(SMS)
    changes = backend.registered()
    assert await next_of(changes, 2) == [CRM, SMS]
    await backend._js.publish(backend._at("connector", "crm"), b"", headers={"KV-Operation": "DEL"})
    await backend.register_channel(PUSH)
    assert await next_of(changes, 1) == [PUSH]
    assert await backend.connectors() == []


async def test_a_watch_outlives_quiet_times_and_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUIET", 0.1)
    with serving(tmp_path) as server:
        options = ClusterOptions(servers=(server.url,), replicas=1, data=tmp_path)
        async with Cluster(options) as backend:
            await backend.register_channel(SMS)
            changes = backend.registered()
            assert await next_of(changes, 1) == [SMS]
            coming = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.3)
            server.kill()
            server.start()
            await backend.register_channel(PUSH)
            assert await asyncio.wait_for(coming, 120) == PUSH


async def test_a_watch_ends_with_its_backend(options: ClusterOptions) -> None:
    backend = Cluster(options)
    await backend.open()
    await backend.register_channel(SMS)
    seen: list[Registered] = []
    found = asyncio.Event()

    async def watch() -> None:
        async for record in backend.registered():
            seen.append(record)
            found.set()

    task = asyncio.create_task(watch())
    await asyncio.wait_for(found.wait(), 20)
    await backend.close()
    await asyncio.wait_for(task, 120)
    assert seen == [SMS]
