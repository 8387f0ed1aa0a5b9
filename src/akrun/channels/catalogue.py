"""What channels there are, and where each comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from akrun.backend.records import ChannelRecord
from akrun.channels.built_in import BUILT_IN
from akrun.model.channel import Channel
from akrun.model.load import load_channel_file
from akrun.model.located import parse_located


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel of the catalogue.

    Attributes:
        registered: whether a backend has it; the others cannot be changed.
    """

    channel: Channel
    registered: bool

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: what a person chooses a channel by."""
        channel = self.channel
        return {
            "id": channel.id,
            "string_id": channel.string_id,
            "name": channel.name,
            "kind": channel.kind,
            "communication": channel.communication,
            "campaign_types": list(channel.campaign_types),
            "events": [
                {"id": each.id, "name": each.name, "type": each.event_type} for each in channel.events
            ],
            "entities": [each.shortname for each in channel.entities],
            "registered": self.registered,
        }


@cache
def shipped() -> tuple[Channel, ...]:
    """The `system` channels: settings that come as files with the package, by id."""
    found = []
    for resource in files("akrun.channels").iterdir():
        if resource.name.endswith(".json"):
            with as_file(resource) as path:
                found.append(load_channel_file(path)[0])
    return tuple(sorted(found, key=lambda channel: channel.id))


def catalogue(registered: Iterable[ChannelRecord] = ()) -> list[Entry]:
    """All channels, by id; a registered one stands in the place of a shipped one with the same string id."""
    entries = {channel.string_id: Entry(channel, registered=False) for channel in (*BUILT_IN, *shipped())}
    for record in registered:
        entries[record.string_id] = Entry(channel_of(record), registered=True)
    return sorted(entries.values(), key=lambda entry: (entry.channel.id, entry.channel.string_id))


def channel_of(record: ChannelRecord) -> Channel:
    """The model of a registered channel; its document was checked when it was registered."""
    text = record.document.decode("utf-8")
    document, _ = parse_located(text, record.string_id, is_json=text.lstrip().startswith("{"))
    return Channel.model_validate(document.value)
