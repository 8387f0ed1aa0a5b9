"""Channels and mailings in the embedded backend."""

import sqlite3
from typing import Any

from akrun.backend.embedded.core import Core
from akrun.backend.embedded.writer import each
from akrun.backend.errors import ConflictError, NotFoundError
from akrun.backend.records import ChannelRecord, MailingRecord


def _register_channel(connection: sqlite3.Connection, channel: ChannelRecord) -> None:
    held = connection.execute(
        "SELECT id, string_id FROM channel WHERE id = ? OR string_id = ?", (channel.id, channel.string_id)
    ).fetchall()
    for number, name in held:
        if (number, name) != (channel.id, channel.string_id):
            raise ConflictError(
                f"channel {channel.id} `{channel.string_id}` clashes with the registered {number} `{name}`",
                cure="a channel's id and string_id never change: give the new channel a pair of its own",
            )
    connection.execute(
        "INSERT INTO channel (id, string_id, name, document, sha256) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document,"
        " sha256 = excluded.sha256",
        (channel.id, channel.string_id, channel.name, channel.document, channel.sha256),
    )


def _channels(connection: sqlite3.Connection, string_id: str | None) -> list[ChannelRecord]:
    rows = connection.execute(
        "SELECT id, string_id, name, document, sha256 FROM channel"
        " WHERE ? IS NULL OR string_id = ? ORDER BY id",
        (string_id, string_id),
    )
    return [ChannelRecord(*row) for row in rows]


def _register_mailing(connection: sqlite3.Connection, mailing: MailingRecord) -> None:
    channel = connection.execute("SELECT id FROM channel WHERE string_id = ?", (mailing.channel,)).fetchone()
    if channel is None:
        raise NotFoundError(f"no channel `{mailing.channel}` is registered", cure="register it first")
    held = connection.execute("SELECT channel FROM mailing WHERE key = ?", (str(mailing.id),)).fetchone()
    if held is not None and held != channel:
        raise ConflictError(
            f"mailing {mailing.id} is registered for another channel than `{mailing.channel}`",
            cure="give the mailing another id",
        )
    connection.execute(
        "INSERT INTO mailing (key, id, channel, name, document, sha256) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET name = excluded.name, document = excluded.document,"
        " sha256 = excluded.sha256",
        (str(mailing.id), mailing.id, channel[0], mailing.name, mailing.document, mailing.sha256),
    )


def _mailings(connection: sqlite3.Connection, mailing_id: int | str | None) -> list[MailingRecord]:
    key = None if mailing_id is None else str(mailing_id)
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT mailing.id, channel.string_id, mailing.name, mailing.document, mailing.sha256"
        " FROM mailing JOIN channel ON channel.id = mailing.channel"
        " WHERE ? IS NULL OR mailing.key = ? ORDER BY mailing.no",
        (key, key),
    ).fetchall()
    return [MailingRecord(*row) for row in rows]


REGISTER_CHANNEL = each(_register_channel)
REGISTER_MAILING = each(_register_mailing)


class EmbeddedRegistry(Core):
    """The `Registry` protocol."""

    async def register_channel(self, channel: ChannelRecord) -> None:
        """See `Registry.register_channel`."""
        await self._write(REGISTER_CHANNEL, channel)

    async def channel(self, string_id: str) -> ChannelRecord | None:
        """See `Registry.channel`."""
        return next(iter(await self._read(_channels, string_id)), None)

    async def channels(self) -> list[ChannelRecord]:
        """See `Registry.channels`."""
        return await self._read(_channels, None)

    async def register_mailing(self, mailing: MailingRecord) -> None:
        """See `Registry.register_mailing`."""
        await self._write(REGISTER_MAILING, mailing)

    async def mailing(self, mailing_id: int | str) -> MailingRecord | None:
        """See `Registry.mailing`."""
        return next(iter(await self._read(_mailings, mailing_id)), None)

    async def mailings(self) -> list[MailingRecord]:
        """See `Registry.mailings`."""
        return await self._read(_mailings, None)
