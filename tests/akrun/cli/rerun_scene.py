"""Jobs that can be run on, and all that a database holds."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

from akrun.backend import (
    ChannelRecord,
    DeadLetter,
    Embedded,
    MessageState,
    NewJob,
    Outcome,
    TraceRecord,
)
from akrun.engine.payload import encode_payload
from akrun.engine.trace import Trace
from akrun.engine.trace_record import encode_trace
from tests.akrun.cli.test_serve import write
from tests.akrun.mailing.scene import invoke
from tests.akrun.server.scene import direct_channel
from tests.akrun.server.test_mailings import step

OPEN = ("-o", "http_allow=127.0.0.1")


def everything(data: Path) -> list[str]:
    """The database in the data directory, as statements."""
    connection = sqlite3.connect(data / "akrun.db")
    dump = list(connection.iterdump())
    connection.close()
    return dump


class Jobs:
    """A channel whose callbacks and single messages send a request, and one failed job of each."""

    def __init__(self, folder: Path) -> None:
        channel = direct_channel()
        channel["fields"]["sender"] = [
            [{"type": "string", "name": "url", "label": "URL"}],
            [{"type": "string", "name": "key", "label": "Key", "secret": True}],
        ]
        channel["fields"]["template"] = [{"type": "text", "name": "body", "label": "Text"}]
        url = "$sender.url/$subscription.chat_id/$template.body?k=$sender.key"
        channel["pipelines"]["message"] = [step(1, "http_request", None, url=url)]
        channel["pipelines"]["listener"] = [
            step(1, "unpack", 2),
            step(2, "http_request", None, url="$sender.url/${in.data.id}"),
        ]
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.file = write(folder, "chat.json", channel)
        asyncio.run(self._fill(json.dumps(channel).encode()))

    async def _fill(self, document: bytes) -> None:
        single = {
            "origin": {"send_message_id": "s-1", "profile_id": "p-1"},
            "roots": {
                "profile": {"id": "p-1"},
                "subscription": {"chat_id": "c-9"},
                "template": {"body": "hi"},
                "sender": {},
            },
        }
        callback = {"body": b'{"id": "m-7"}', "headers": {}}
        trace = Trace()
        trace.enter(1, "unpack", None, callback)
        trace.leave("success", 2, {**callback, "data": {"id": "m-7"}}, 0.1)
        trace.enter(2, "http_request", None, {**callback, "data": {"id": "m-7"}})
        trace.leave("error", None, {**callback, "data": {"id": "m-7"}}, 0.1)
        error = {"code": 500, "message": "answered 500", "pipe": 1, "kind": "status"}
        async with Embedded(self.data / "akrun.db") as backend:
            await backend.register_channel(ChannelRecord(7, "chat", "Chat", document, "0"))
            await backend.enqueue(
                [
                    NewJob("s-1", "chat", "message", None, encode_payload(single), 0.0, "s-1", "p-1"),
                    NewJob("c-1", "chat", "listener", None, encode_payload(callback), 0.0),
                ]
            )
            await backend.lease_jobs(1.0, 9)
            failed = Outcome(MessageState.FAILED, 1, error, 2.0)
            await backend.finish_job("s-1", failed, dead=DeadLetter("s-1", "message", 1, b"", error, 1, 2.0))
            done = Outcome(MessageState.DONE, 2, None, 2.0)
            await backend.finish_job("c-1", done, trace=TraceRecord("c-1", 1, 2.0, encode_trace(trace)))

    def rerun(self, *arguments: str) -> dict[str, Any]:
        given = ("--set", "sender.url=https://chat.example", "--json", "--data", str(self.data))
        result = invoke("rerun", *arguments, *given)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found
