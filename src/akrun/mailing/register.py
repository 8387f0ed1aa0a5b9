"""Registering what a mailing is made of: connectors, its channel, and itself, all without their secrets."""

import hashlib

from akrun.backend import Backend, ChannelRecord, MailingRecord
from akrun.mailing.constants import without_secrets
from akrun.mailing.job import Job
from akrun.model import Channel
from akrun.sql.registration import register_connectors


async def register(backend: Backend, job: Job) -> None:
    """Register connectors, channel and mailing, or replace what is registered of them.

    Raises:
        ConflictError: See `Registry`.
    """
    await register_connectors(backend, job.connectors)
    await backend.register_channel(channel_record(job.channel, job.document))
    await backend.register_mailing(mailing_record(job))


def channel_record(channel: Channel, document: bytes) -> ChannelRecord:
    """A channel as it is registered, with its document as written."""
    digest = hashlib.sha256(document).hexdigest()
    return ChannelRecord(channel.id, channel.string_id, channel.name, document, digest)


def mailing_record(job: Job) -> MailingRecord:
    """A mailing as it is registered: its values are there, those of secret fields masked."""
    document = without_secrets(job.channel, job.mailing.model_dump(mode="json"))
    digest = hashlib.sha256(document).hexdigest()
    return MailingRecord(job.mailing.id, job.channel.string_id, job.mailing.name, document, digest)
