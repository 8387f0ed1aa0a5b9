"""Channels, connectors and mailings in the cluster backend: a bucket whose changes can be watched.

`id.<channel>` and `of.<mailing>` are written once and say what never changes: a channel's two ids, a
mailing's channel. The documents are at `channel.<string id>`, `connector.<id>` and `mailing.<mailing>`.
"""

from collections.abc import Iterable, Sequence

from akrun.backend.cluster.batches import Conflict, Put
from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Core
from akrun.backend.cluster.reading import Reader, Record
from akrun.backend.cluster.streams import bucket_stream, bucket_subject, registry_bucket
from akrun.backend.cluster.subjects import token
from akrun.backend.cluster.writer import Writer
from akrun.backend.errors import ConflictError, NotFoundError
from akrun.backend.records import ChannelRecord, ConnectorRecord, MailingRecord


class ClusterRegistry(Core):
    """The `Registry` protocol, and connectors."""

    _bucket: str
    _bucket_reader: Reader
    _bucket_writer: Writer

    async def _start(self) -> None:
        await super()._start()
        name = registry_bucket(self._options.prefix)
        self._bucket = bucket_subject(name)
        chain = f"{self._bucket}.batch.{self._owner}"
        self._bucket_reader = Reader(self._wire, bucket_stream(name), self._options, chain)
        self._bucket_writer = Writer(self._nc, self._wire, self._bucket_reader, self._options, chain)
        await self._bucket_writer.open()

    async def _finish_up(self) -> None:
        await super()._finish_up()
        await self._bucket_writer.close()

    async def register_channel(self, channel: ChannelRecord) -> None:
        """See `Registry.register_channel`."""
        identity, document = self._at("id", channel.id), self._at("channel", channel.string_id)
        body = pack([channel.id, channel.string_id, channel.name, channel.sha256], channel.document)
        while True:
            held = await self._read([identity, document])
            for record in held:
                number, name = unpack(record.body)[0][:2]
                if (number, name) != (channel.id, channel.string_id):
                    clash = f"channel {channel.id} `{channel.string_id}` clashes with the registered"
                    cure = "a channel's id and string_id never change: give the new channel a pair of its own"
                    raise ConflictError(f"{clash} {number} `{name}`", cure=cure)
            named = Put(identity, pack([channel.id, channel.string_id]), 0)
            if await self._wrote([Put(document, body)] if held else [named, Put(document, body, 0)]):
                return

    async def channel(self, string_id: str) -> ChannelRecord | None:
        """See `Registry.channel`."""
        found = await self._read([self._at("channel", string_id)])
        return channel_of(found[0].body) if found else None

    async def channels(self) -> list[ChannelRecord]:
        """See `Registry.channels`."""
        found = await self._read([f"{self._bucket}.channel.*"])
        return sorted((channel_of(record.body) for record in found), key=lambda channel: channel.id)

    async def register_connectors(self, connectors: Sequence[ConnectorRecord]) -> None:
        """See `Sharing.register_connectors`."""
        self._require_open()
        await self._bucket_writer.commit(
            [Put(self._at("connector", each.id), pack([each.id], each.document)) for each in connectors]
        )

    async def connectors(self) -> list[ConnectorRecord]:
        """See `Sharing.connectors`."""
        found = await self._read([f"{self._bucket}.connector.*"])
        return sorted((connector_of(record.body) for record in found), key=lambda connector: connector.id)

    async def register_mailing(self, mailing: MailingRecord) -> None:
        """See `Registry.register_mailing`."""
        if await self.channel(mailing.channel) is None:
            raise NotFoundError(f"no channel `{mailing.channel}` is registered", cure="register it first")
        identity, document = self._at("of", mailing.id), self._at("mailing", mailing.id)
        body = pack([mailing.name, mailing.sha256], mailing.document)
        while True:
            held = await self._read([identity])
            if held and unpack(held[0].body)[0][1] != mailing.channel:
                raise ConflictError(
                    f"mailing {mailing.id} is registered for another channel than `{mailing.channel}`",
                    cure="give the mailing another id",
                )
            named = Put(identity, pack([mailing.id, mailing.channel]), 0)
            if await self._wrote([Put(document, body)] if held else [named, Put(document, body, 0)]):
                return

    async def mailing(self, mailing_id: int | str) -> MailingRecord | None:
        """See `Registry.mailing`."""
        found = await self._mailings(token(str(mailing_id)))
        return found[0] if found else None

    async def mailings(self) -> list[MailingRecord]:
        """See `Registry.mailings`."""
        return await self._mailings("*")

    async def _mailings(self, name: str) -> list[MailingRecord]:
        """Mailings in the order of their first registration, which is that of their identities."""
        found = await self._read([f"{self._bucket}.{part}.{name}" for part in ("of", "mailing")])
        documents = {record.subject: record for record in found}
        identities = [record for record in found if record.subject.startswith(f"{self._bucket}.of.")]
        mailings = []
        for record in identities:
            mailing_id, channel = unpack(record.body)[0]
            (name_, sha256), [document] = unpack(documents[self._at("mailing", mailing_id)].body)
            mailings.append(MailingRecord(mailing_id, channel, name_, document or b"", sha256))
        return mailings

    async def _mailing_ids(self, names: Iterable[str]) -> dict[str, int | str]:
        """Of mailings that are registered, by the text of their ids: the ids as they were registered."""
        found = await self._read([self._at("of", name) for name in names])
        ids = [unpack(record.body)[0][0] for record in found]
        return {str(each): each for each in ids}

    def _at(self, part: str, name: int | str) -> str:
        return f"{self._bucket}.{part}.{token(str(name))}"

    async def _read(self, subjects: Sequence[str]) -> list[Record]:
        self._require_open()
        return await self._bucket_reader.many(subjects)

    async def _wrote(self, puts: Sequence[Put]) -> bool:
        """Write records, all or nothing; False when another process was first."""
        try:
            await self._bucket_writer.commit(puts)
        except Conflict:
            return False
        return True


def channel_of(body: bytes) -> ChannelRecord:
    """The channel that a record of the bucket is."""
    (number, string_id, name, sha256), [document] = unpack(body)
    return ChannelRecord(number, string_id, name, document or b"", sha256)


def connector_of(body: bytes) -> ConnectorRecord:
    """The connector that a record of the bucket is."""
    [name], [document] = unpack(body)
    return ConnectorRecord(name, document or b"")
