"""The work: texts, documents and conditions in the syntax of aktmpl, and the data they are rendered with.

Engines of another syntax get the same by rewriting the references; see `rewrite.py`.
"""

from dataclasses import dataclass
from typing import Any, Final

SCOPE: Final[dict[str, Any]] = {
    "profile": {
        "name": "Maria Lindqvist",
        "phone": "+46700000042",
        "city": "Gothenburg",
        "language": "sv",
        "segment": "loyal",
        "address": {"street": "Storgatan 12", "zip": "411 24", "country": "Sweden"},
        "card": {"kind": "gold", "number": "8812-4410", "since": "2019-04-01"},
    },
    "in": {
        "status": "success",
        "order": {"id": "A-20391", "date": "2026-03-14", "carrier": "Postnord", "weight": 1240, "paid": True},
        "data": {"code": 200, "reply": {"id": "msg-77812", "state": "queued", "text": "accepted"}},
        "goods": [
            {"sku": f"SKU-{n:04}", "title": f"Wool socks, size {36 + n % 10}", "price": f"{n + 9}.50"}
            for n in range(20)
        ],
    },
    "campaign": {"id": "spring-26", "name": "Spring at last", "sender": {"name": "Lindex", "id": "8110"}},
    "template": {"title": "Your order is on its way", "footer": "Reply STOP to leave", "locale": "en"},
    "account": {"id": "acc-19", "url": "https://api.example.com/v1/messages", "token": "t0ken"},
}
"""What a message of a mailing is rendered with."""

MIXED: Final[dict[str, Any]] = {
    **SCOPE,
    "profile": {
        **SCOPE["profile"],
        "segment": 4,
        "language": None,
        "address": {"street": "Storgatan 12", "zip": 41124, "country": None},
        "card": {"kind": "gold", "number": 88124410, "since": 2019.5},
    },
    "in": {
        **SCOPE["in"],
        "order": {**SCOPE["in"]["order"], "id": 20391, "date": "2026-03-14", "carrier": None},
        "data": {"code": 200, "reply": {"id": 77812, "state": True, "text": 16.25}},
    },
    "campaign": {"id": 26, "name": "Spring at last", "sender": {"name": "Lindex", "id": 8110}},
    "template": {"title": "Your order is on its way", "footer": False, "locale": "en"},
}
"""The same where half of what the texts read is an int, a float, a bool or null."""

SHORT: Final = "Hello $profile.name, order $in.order.id leaves with $in.order.carrier today."

_PARAGRAPH: Final = (
    "Dear $profile.name of $profile.address.street, $profile.address.zip $profile.city: your order "
    "$in.order.id of $in.order.date has left with $in.order.carrier. As a $profile.segment customer with "
    "card $profile.card.number you need not do anything. $template.footer. "
)
LONG: Final = (
    _PARAGRAPH * 5
    + "$template.title, $campaign.name by $campaign.sender.name ($campaign.sender.id): $in.data.reply.id."
)
"""Five paragraphs with ten references, and a line; fifty-five in all."""

DOCUMENT: Final[dict[str, Any]] = {
    "version": 2,
    "kind": "transactional",
    "channel": {"name": "sms", "priority": 5, "route": "direct", "fallback": ["viber", "email"]},
    "campaign": {"id": "$campaign.id", "name": "$campaign.name", "tags": ["spring", "loyalty", "retail"]},
    "from": {"name": "$campaign.sender.name", "number": "$campaign.sender.id"},
    "to": {
        "phone": "$profile.phone",
        "name": "$profile.name",
        "address": "$profile.address.street, $profile.address.zip $profile.city",
        "language": "$profile.language",
    },
    "body": {
        "title": "$template.title",
        "text": "Dear $profile.name, order $in.order.id of $in.order.date leaves with $in.order.carrier.",
        "footer": "$template.footer",
        "encoding": "utf-8",
        "flash": False,
        "concat": True,
    },
    "order": {"id": "$in.order.id", "weight": "$#in.order.weight", "paid": "$#in.order.paid", "unit": "g"},
    "options": {
        "ttl": 86400,
        "retry": {"count": 3, "delay": 30, "backoff": 2.0},
        "report": {"url": "https://hooks.example.com/dlr", "events": ["sent", "delivered", "read"]},
        "test": False,
        "track": None,
    },
    "meta": {"reply": "$in.data.reply.id", "source": "akrun", "zone": "Europe/Stockholm", "shard": 7},
}
"""Forty-three leaves, fifteen of them templates."""

EXPANSION: Final[dict[str, Any]] = {
    "$$in.goods[lines]": {"article": "[$]sku", "name": "[$]title", "price": "[$]price"},
}
"""Twenty elements, three references each."""

PATH: Final = "$#in.data.reply.state"

CONDITION: Final = "in.status = 'success' and (in.data.code < 200 or profile.segment = 'loyal')"
"""Three references, all of which are read."""

KNOWN: Final = ("campaign", "template", "account")
"""Roots that are the same for all messages of a mailing."""


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work.

    Attributes:
        name: The letter that the targets call it by.
        title: What it is.
        kind: Which of an engine's features it takes: `text`, `document`, `condition` or `value`.
        template: In the syntax of aktmpl.
        scope: What it is rendered with.
        known: Roots that are folded in beforehand by those who can.
        target: The most that aktmpl may take, as a part of the hand-written function's time.
    """

    name: str
    title: str
    kind: str
    template: Any
    scope: dict[str, Any]
    target: float
    known: tuple[str, ...] = ()


WORK: Final = (
    Work("a", "short text, 3 references", "text", SHORT, SCOPE, 1.0),
    Work("b", "long text, 55 references", "text", LONG, SCOPE, 1.0),
    Work("c", "JSON of 43 leaves, 15 templates, to bytes", "document", DOCUMENT, SCOPE, 0.7),
    Work("d", "condition over 3 references", "condition", CONDITION, SCOPE, 1.05),
    Work("e", "one deep path, typed", "value", PATH, SCOPE, 1.1),
    Work("f", "expansion over 20 elements, to bytes", "document", EXPANSION, SCOPE, 1.1),
    Work("g", "c specialised for a mailing", "document", DOCUMENT, SCOPE, 0.5, KNOWN),
    Work("ha", "a, half of the values no strings", "text", SHORT, MIXED, 1.5),
    Work("hb", "b, half of the values no strings", "text", LONG, MIXED, 1.5),
)
