"""What every backend keeps to with connectors: it tells those who share it, and tells nobody of one's own."""

import asyncio
from collections.abc import Callable

import pytest

from akrun.backend import Backend, ChannelRecord, ConnectorRecord

CRM = ConnectorRecord("crm", b'{"url":"env:CRM_URL"}')
ODD = ConnectorRecord("a.b c", b"\x00\xff\n")
SMS = ChannelRecord(1, "sms", "SMS", b"{}", "aa")


async def test_connectors_come_back_as_they_were_registered_last(
    backend: Backend, make: Callable[[], Backend]
) -> None:
    await backend.register_connectors([CRM, ODD])
    replaced = ConnectorRecord("crm", b'{"url":"env:CRM_2"}')
    await backend.register_connectors([replaced])
    expected = [ODD, replaced] if backend.shared else []
    assert await backend.connectors() == expected
    await backend.close()
    async with make() as again:
        assert await again.connectors() == expected


async def test_others_are_told_what_is_registered_in_its_order(backend: Backend) -> None:
    await backend.register_connectors([CRM])
    await backend.register_channel(SMS)
    watch = backend.registered()
    coming = asyncio.ensure_future(anext(watch))
    if backend.shared:
        async with asyncio.timeout(120):
            assert [await coming, await anext(watch)] == [CRM, SMS]
            await backend.register_connectors([ODD])
            assert await anext(watch) == ODD
    else:
        await backend.connectors()
        assert not coming.done()
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming
