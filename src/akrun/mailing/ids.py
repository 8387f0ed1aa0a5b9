"""Identities of launches and messages: derived, never drawn, so that a repeated launch repeats them."""

from uuid import NAMESPACE_URL, UUID, uuid5

from akrun.model import Channel, Mailing

_NAMESPACE = uuid5(NAMESPACE_URL, "https://akrun/launch")


def launch_id(channel: Channel, mailing: Mailing, ordinal: int) -> str:
    """The id of a mailing's launch number `ordinal` (from 1)."""
    return str(uuid5(_NAMESPACE, f"{channel.string_id}/{mailing.a_id}/{mailing.id}/{ordinal}"))


def control_id(channel: Channel, mailing: Mailing, kind: str, ordinal: int) -> str:
    """The id of a mailing's control run (`moderate`, `stop`) number `ordinal` (from 1)."""
    return str(uuid5(_NAMESPACE, f"{channel.string_id}/{mailing.a_id}/{mailing.id}/{kind}/{ordinal}"))


def message_id(launch: str, profile_id: str) -> str:
    """The id of the message that a launch sends to a profile (`""`: the one for a whole mailing).

    It is the same however often it is made.
    """
    return str(uuid5(UUID(launch), profile_id))
