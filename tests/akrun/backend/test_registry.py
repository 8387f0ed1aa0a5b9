"""Channels and mailings keep their identities; their documents may change."""

from collections.abc import Awaitable, Callable

import pytest

from akrun.backend import ChannelRecord, ConflictError, Embedded, MailingRecord, NotFoundError

Register = Callable[[Embedded], Awaitable[None]]


async def test_a_channel_comes_back_as_it_was_given_and_can_be_replaced(backend: Embedded) -> None:
    first = ChannelRecord(1, "sms", "SMS", b"\x00\xff", "aa")
    await backend.register_channel(first)
    assert await backend.channel("sms") == first
    second = ChannelRecord(1, "sms", "SMS 2", b"{}", "bb")
    await backend.register_channel(second)
    assert await backend.channels() == [second]
    assert await backend.channel("push") is None


@pytest.mark.parametrize(("number", "string_id"), [(1, "push"), (2, "sms")])
async def test_half_of_a_channels_identity_cannot_be_taken(
    backend: Embedded, number: int, string_id: str
) -> None:
    original = ChannelRecord(1, "sms", "SMS", b"{}", "aa")
    await backend.register_channel(original)
    with pytest.raises(ConflictError, match=r"clashes with the registered 1 `sms`"):
        await backend.register_channel(ChannelRecord(number, string_id, "other", b"{}", "bb"))
    assert await backend.channels() == [original]


async def test_a_mailing_is_found_by_number_and_by_its_text(backend: Embedded, register: Register) -> None:
    await register(backend)
    record = MailingRecord(7, "sms", "Spring", b'{"id":7}', "bb")
    assert await backend.mailing(7) == record
    assert await backend.mailing("7") == record
    assert await backend.mailing("8") is None
    named = MailingRecord("autumn", "sms", "Autumn", b"{}", "cc")
    await backend.register_mailing(named)
    assert await backend.mailings() == [record, named]


async def test_a_mailing_needs_its_channel_and_stays_with_it(backend: Embedded, register: Register) -> None:
    with pytest.raises(NotFoundError, match="`sms`"):
        await register_mailing_only(backend, "sms")
    await register(backend)
    await backend.register_channel(ChannelRecord(2, "push", "Push", b"{}", "dd"))
    with pytest.raises(ConflictError, match="another channel"):
        await register_mailing_only(backend, "push")


async def register_mailing_only(backend: Embedded, channel: str) -> None:
    await backend.register_mailing(MailingRecord(7, channel, "m", b"{}", "0"))


async def test_what_was_registered_is_there_after_reopening(backend: Embedded, register: Register) -> None:
    await register(backend)
    await backend.close()
    async with Embedded(backend.path) as again:
        assert [channel.string_id for channel in await again.channels()] == ["sms"]
        assert [mailing.id for mailing in await again.mailings()] == [7]
