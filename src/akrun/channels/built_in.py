"""The channels that modules of the product drive: Email, SMS and Push; nobody changes them."""

from typing import Any, Final

from akrun.model.channel import Channel

_EVENTS: Final = {
    "send": ("Sent", "#1565C0"),
    "deliv": ("Delivered", "#2E7D32"),
    "sbounce": ("Soft bounce", "#F9A825"),
    "hbounce": ("Hard bounce", "#C62828"),
    "complain": ("Complaint", "#6A1B9A"),
    "undeliv": ("Undelivered", "#BF360C"),
    "reply": ("Reply", "#00838F"),
}
"""Type of event → name and colour; the id is the place in this order, from 1, the same in every channel."""


def _events(channel: str, *types: str) -> list[dict[str, Any]]:
    return [
        {"id": number, "string_id": f"{channel}_{kind}", "name": name, "color": color, "event_type": kind}
        for number, (kind, (name, color)) in enumerate(_EVENTS.items(), 1)
        if kind in types
    ]


_EMAIL: dict[str, Any] = {
    "name": "Email",
    "id": 1,
    "string_id": "email",
    "kind": "built_in",
    "communication": "direct",
    "campaign_types": ["regular", "trigger"],
    "module": "email",
    "fields": {
        "template": [
            {"type": "string", "name": "subject", "label": "Subject", "required": True, "max_length": 998},
            {"type": "string", "name": "preheader", "label": "Preheader", "max_length": 255},
            {"type": "html", "name": "html", "label": "HTML", "required": True},
            {"type": "text", "name": "text", "label": "Plain text"},
            {"type": "file", "name": "attachment", "label": "Attachment", "max_size": 10_485_760},
        ],
        "sender": [
            [
                {"type": "string", "name": "from.email", "label": "From: address", "required": True,
                 "pattern": r"[^@\s]+@[^@\s]+"},
                {"type": "string", "name": "from.name", "label": "From: name"},
            ],
            {"type": "string", "name": "reply_to", "label": "Reply to", "pattern": r"[^@\s]+@[^@\s]+"},
        ],
        "subscription": [
            {"type": "string", "name": "email", "label": "Address", "required": True,
             "pattern": r"[^@\s]+@[^@\s]+"},
        ],
    },
    "events": _events("email", "send", "deliv", "sbounce", "hbounce", "complain", "reply"),
}  # fmt: skip

_SMS: dict[str, Any] = {
    "name": "SMS",
    "id": 2,
    "string_id": "sms",
    "kind": "built_in",
    "communication": "direct",
    "campaign_types": ["regular", "trigger"],
    "module": "sms",
    "fields": {
        "template": [{"type": "text", "name": "text", "label": "Text", "required": True, "max_length": 1530}],
        "sender": [
            {"type": "string", "name": "name", "label": "Name of the sender", "required": True,
             "pattern": "[A-Za-z0-9 ._-]{1,11}|[0-9]{3,15}"},
        ],
        "subscription": [
            {"type": "string", "name": "phone", "label": "Number", "required": True,
             "pattern": r"\+[1-9][0-9]{7,14}"},
        ],
    },
    "events": _events("sms", "send", "deliv", "undeliv", "reply"),
}  # fmt: skip

_PUSH: dict[str, Any] = {
    "name": "Push",
    "id": 3,
    "string_id": "push",
    "kind": "built_in",
    "communication": "direct",
    "campaign_types": ["regular", "trigger"],
    "module": "push",
    "fields": {
        "template": [
            {"type": "string", "name": "title", "label": "Title", "required": True, "max_length": 255},
            {"type": "text", "name": "body", "label": "Text", "required": True, "max_length": 4000},
            [
                {"type": "file", "name": "icon", "label": "Icon", "media_types": ["image/*"],
                 "max_size": 1_048_576},
                {"type": "file", "name": "image", "label": "Image", "media_types": ["image/*"],
                 "max_size": 5_242_880},
            ],
            {"type": "string", "name": "url", "label": "Opened by a tap"},
            {"type": "json", "name": "data", "label": "Data for the application"},
        ],
        "resource": [{"type": "string", "name": "application", "label": "Application", "required": True}],
        "subscription": [
            [
                {"type": "enum", "name": "provider", "label": "Provider", "required": True,
                 "options": ["apns", "fcm", "hms", "web"]},
                {"type": "string", "name": "token", "label": "Token", "required": True, "secret": True},
            ],
        ],
    },
    "events": _events("push", "send", "deliv", "undeliv", "hbounce"),
}  # fmt: skip

BUILT_IN: Final[tuple[Channel, ...]] = tuple(
    Channel.model_validate(document) for document in (_EMAIL, _SMS, _PUSH)
)
"""The definitions, by id."""
