"""`/api/channels`: the channels that are served, and what a message to one of them needs."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from akrun.engine.host import Host
from akrun.model import DataField, data_fields
from akrun.model.entities import OPERATIONS
from akrun.model.fields import OBJECTS
from akrun.model.values import part
from akrun.server.api.answers import MEDIA_TYPE, Document, Page, answer, encoded
from akrun.server.api.auth import READ
from akrun.server.api.context import Api, ChannelName
from akrun.server.api.schemas import message_schema

router = APIRouter(tags=["channels"])


class FieldDocument(Document):
    """A field: a value that messages, mailings or the server bring."""

    name: str
    """As templates write it behind the object's name, such as `button.url`."""
    type: str
    """`string`, `text`, `int`, `enum`, …."""
    label: str | None
    """What people are shown."""
    required: bool
    """Whether there must be a value."""
    secret: bool
    """Whether it is a secret, which only the server brings."""
    given: bool
    """Whether the server has a value for it: a request may leave it out."""
    default: Any
    """The value when none is given."""


class EventDocument(Document):
    """What can happen to a message."""

    id: int
    """What reports call `action_type`."""
    string_id: str
    """The same as a word."""
    name: str
    """What people are shown."""
    event_type: str
    """The event of the platform that it counts as: `send`, `deliv`, …."""


class ChannelSummary(Document):
    """A channel that is served."""

    id: int
    """Its number."""
    string_id: str
    """Its name in addresses."""
    name: str
    """What people are shown."""
    communication: str
    """`direct`: a message per profile. `indirect`: one message for a whole mailing."""
    moderation: bool
    """Whether its mailings pass moderation first."""
    campaign_types: list[str]
    """The kinds of mailing it is offered in."""
    pipelines: list[str]
    """The pipelines it has."""


class ChannelDocument(ChannelSummary):
    """A channel with all that a client needs to know."""

    fields: dict[str, list[FieldDocument]]
    """Its fields by object: `template`, `sender`, `subscription`, …."""
    events: list[EventDocument]
    """What can happen to its messages."""
    entities: dict[str, list[str]]
    """By short name of an entity, the operations it has."""
    document: str
    """The file as it was registered, JSON or YAML; secrets are masked."""


@router.get(
    "/api/channels",
    operation_id="list_channels",
    summary="List the channels that are served",
    response_model=Page[ChannelSummary],
    dependencies=READ,
)
async def list_channels(api: Api) -> Response:
    """All channels of this process, in the order in which it was given them."""
    items = [ChannelSummary(**_summary(host)) for host in api.hosts.values()]
    return answer(Page[ChannelSummary](items=items, next=None))


@router.get(
    "/api/channels/{string_id}",
    operation_id="get_channel",
    summary="Get a channel",
    response_model=ChannelDocument,
    dependencies=READ,
)
async def get_channel(string_id: ChannelName, api: Api) -> Response:
    """A channel with its fields, events, entities and its document."""
    host = api.host(string_id)
    channel = host.compiled.channel
    record = await api.backend.channel(string_id)
    values = api.values.get(string_id, {})
    fields = {
        name: [_field(each, values.get(name)) for each in data_fields(channel.fields.of(name))]
        for name in OBJECTS
    }
    events = [
        EventDocument(id=each.id, string_id=each.string_id, name=each.name, event_type=each.event_type)
        for each in channel.events
    ]
    entities = {
        each.shortname: [name for name in OPERATIONS if each.operations.of(name) is not None]
        for each in channel.entities
    }
    document = "" if record is None else api.masked(record.document.decode())
    found = ChannelDocument(
        **_summary(host), fields=fields, events=events, entities=entities, document=document
    )
    return answer(found)


@router.get(
    "/api/channels/{string_id}/schema",
    operation_id="get_message_schema",
    summary="Get the JSON Schema of a channel's messages",
    response_model=dict[str, Any],
    dependencies=READ,
)
async def get_message_schema(string_id: ChannelName, api: Api) -> Response:
    """What the body of a single message may be, as JSON Schema (draft 2020-12)."""
    channel = api.host(string_id).compiled.channel
    schema = message_schema(channel, api.values.get(string_id, {}))
    return Response(encoded(schema), media_type=MEDIA_TYPE)


def _summary(host: Host) -> dict[str, Any]:
    channel = host.compiled.channel
    return {
        "id": channel.id,
        "string_id": channel.string_id,
        "name": channel.name,
        "communication": channel.communication,
        "moderation": channel.moderation,
        "campaign_types": list(channel.campaign_types),
        "pipelines": list(host.compiled.pipelines),
    }


def _field(field: DataField, values: Any) -> FieldDocument:
    given = part(values, tuple(field.name.split("."))) is not None
    return FieldDocument(
        name=field.name,
        type=str(getattr(field, "type", "")),
        label=field.label,
        required=field.required,
        secret=field.secret,
        given=given,
        default=None if field.secret else field.default,
    )
