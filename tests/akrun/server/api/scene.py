"""A channel with everything the API has to do with, and what is sent to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from akrun.model.settings import Settings
from tests.akrun.http_server import HttpServer, Reply, serve
from tests.akrun.server.scene import Serving

KEY = "hunter2hunter2"
TOO_BIG_FOR_64_BITS = 2**80 + 1
MESSAGES = "/api/channels/shop/messages"


def step(number: int, kind: str, then: int | None = None, **params: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "params": params, "outs": {} if then is None else {"success": then}}


def text(name: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "string", "name": name, "label": name, **more}]


def shop(**changes: Any) -> dict[str, Any]:
    """A direct channel that posts each message, and an entity whose operations ask the same service."""
    post = {"url": "$sender.url/send", "method": "POST", "content_type": "json"}
    limit = {"rate": 100_000.0, "burst": 1000.0}
    template = {
        "id": "$origin.send_message_id",
        "to": "$subscription.chat_id",
        "name": "$profile.name",
        "text": "$template.text",
        "count": "$#campaign.count",
    }
    ask = {"url": "$sender.url/folders", "headers": {"X-Key": "$sender.key"}, "method": "GET"}
    found = [step(1, "http_request", 2, **ask), step(2, "unpack", 3), step(3, "result")]
    return {
        "id": 7,
        "string_id": "shop",
        "name": "Shop",
        "communication": "direct",
        "fields": {
            "template": [text("text", required=True, max_length=20)],
            "campaign": [[{"type": "int", "name": "count", "label": "Count", "default": 1}]],
            "sender": [text("url", required=True), text("key", required=True, secret=True)],
            "subscription": [text("chat_id", required=True)],
        },
        "events": [{"id": 1, "string_id": "sent", "name": "Sent", "color": "#112233", "event_type": "send"}],
        "entities": [
            {
                "name": "Folder",
                "shortname": "folder",
                "fields": [text("id"), text("title"), text("pin", secret=True)],
                "primary": "id",
                "preview": "title",
                "operations": {"list": {"input": [text("under", required=True)], "pipeline": found}},
            }
        ],
        "pipelines": {
            "message": [
                step(1, "pack", 2, template=template),
                step(2, "http_request", 3, headers={"X-Key": "$sender.key"}, limit=limit, **post),
                step(
                    3,
                    "event",
                    event_type="send",
                    channel_id=7,
                    action_type=1,
                    event={"send_message_id": "$origin.send_message_id"},
                ),
            ]
        },
        **changes,
    }


def message(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A message of the channel."""
    return {
        "profile": {"id": f"p{number}", "name": "Ann"},
        "subscription": {"chat_id": f"c{number}"},
        "template": {"text": "Bread"},
        **changes,
    }


def mailing(**changes: Any) -> dict[str, Any]:
    """The body that makes a mailing of the channel."""
    return {"channel": "shop", "mailing": {"id": 5, "name": "News", "template": {"text": "Bread"}, **changes}}


def rows(*numbers: int) -> bytes:
    """An audience."""
    lines = (
        b'{"profile": {"id": "p%d", "name": "Ann"}, "subscription": {"chat_id": "c%d"}}\n' % (each, each)
        for each in numbers
    )
    return b"".join(lines)


def setting(**changes: Any) -> Settings:
    """The default settings but for these."""
    return Settings().model_copy(update=changes)


def spooled(folder: Path) -> list[Path]:
    """The audiences that lie in the folder."""
    return list(folder.glob(".audience*"))


@asynccontextmanager
async def served_shop(
    folder: Path, *replies: Reply, settings: Settings | None = None, **changes: Any
) -> AsyncIterator[tuple[Serving, HttpServer]]:
    """The channel in a serving process, and its service."""
    async with serve(*replies) as server:
        values = {"sender.url": server.url, "sender.key": KEY}
        served = Serving(folder, shop(**changes), values, settings=settings or Settings())
        async with served.run():
            yield served, server


async def launched(served: Serving, content: bytes, **changes: Any) -> httpx.Response:
    """The mailing made, and launched with this audience."""
    made = await served.api("POST", "/api/mailings", json=mailing(**changes))
    assert made.status_code == 201, made.text
    headers = {"Content-Type": "application/jsonl"}
    return await served.api("POST", "/api/mailings/5/launch", content=content, headers=headers)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """An answer, once it has been seen to be such a problem."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.text
    )
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["code"], found["type"]) == (status, code, "about:blank")
    assert found["request_id"] == answer.headers["x-request-id"] != ""
    return found
