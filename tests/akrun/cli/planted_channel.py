"""Secrets, a channel that holds one in every field that can, and a service that gives them all back."""

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit
from xml.sax.saxutils import escape

from tests.akrun.http_server import Received, Reply

FIELDS = (
    "template.code",
    "campaign.code",
    "resource.pin",
    "sender.key",
    "sender.password",
    "sender.nested.token",
    "account.code",
    "subscription.token",
)
"""Fields of the channel that are marked as secret."""
OTHERS = (
    "listener.header",
    "listener.signature",
    "connector.password",
    "entity.input",
    "api.token",
    "otel.header",
)
"""Other places that hold a secret."""

BODY = {name: f"${name}" for name in FIELDS}
LOG = " ".join(BODY.values())


def secret(name: str) -> str:
    """Long enough to be masked, and written differently in a URL, in JSON and in base64."""
    return f'{name}/K3y+ü"<planted'


SECRETS = {name: secret(name) for name in (*FIELDS, *OTHERS)}
# Of these the text is not ours to choose: a header, or made by the program.
SECRETS["listener.header"] = "listener.header/K3y+planted"
SECRETS["otel.header"] = "otel.header-K3y-planted"


def forms(text: str) -> set[str]:
    """A secret as it may be written anywhere."""
    data = text.encode()
    found = {text, json.dumps(text)[1:-1], escape(text), escape(text, {'"': "&quot;"})}
    for url in (quote(data), quote(data, safe=""), quote_plus(data)):
        found |= {url, re.sub("%..", lambda code: code[0].lower(), url)}
    for before in range(3):  # how it may be aligned within what was encoded
        encoded = base64.b64encode(b"\0" * before + data).decode()
        inner = encoded[(4 if before else 0) : len(encoded) // 4 * 4 - 4]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {flat(each) for each in found}


def flat(text: str) -> str:
    """Without backslashes: JSON within JSON escapes what was escaped."""
    return text.replace("\\", "")


def echo(request: Received) -> Reply:
    """All that a request carried, in every form, as services do in their errors."""
    words = [value for _, value in parse_qsl(urlsplit(request.target).query)]
    words += request.headers.values()
    if request.body:
        words += [str(value) for value in json.loads(request.body).values()]
    said = {
        "status": "no",
        "plain": words,
        "quoted": [quote(word, safe="") for word in words],
        "base64": [base64.b64encode(f"user:{word}".encode()).decode() for word in words],
    }
    xml = "".join(f"<e a='{escape(word)}'>{escape(word, {chr(34): '&quot;'})}</e>" for word in words)
    body = json.dumps(said, ensure_ascii=False) + json.dumps(said).replace("/", "\\/") + xml
    if request.target.startswith("/ok"):
        body = json.dumps(said)
    if request.target.startswith("/entity"):
        body = json.dumps({"id": 1, "title": " ".join(words)})
    status = 500 if request.target.startswith("/fail") else 200
    return Reply(status, {"X-Echo": quote(" ".join(words)), "Set-Cookie": "a=b"}, body.encode())


def channel() -> dict[str, Any]:
    """It sends, logs, registers and hands over all its secrets, and gets them back."""
    request = {
        "method": "POST",
        "content_type": "json",
        "headers": {"X-Key": "$sender.key", "X-Account": "$account.code"},
        "auth_username": "bob",
        "auth_password": "$sender.password",
        "idempotency_key": "$origin.send_message_id",
        "limit": {"rate": 100000.0, "burst": 1000.0},
    }
    fields: dict[str, Any] = {}
    for name in FIELDS:
        root, _, path = name.partition(".")
        fields.setdefault(root, []).append([{"type": "string", "name": path, "label": path, "secret": True}])
    fields["sender"].append([{"type": "string", "name": "url", "label": "URL"}])
    fields["subscription"].append([{"type": "string", "name": "way", "label": "Way"}])
    return {
        "id": 7,
        "string_id": "leaky",
        "name": "Leaky",
        "communication": "direct",
        "fields": fields,
        "events": [{"id": 1, "string_id": "told", "name": "Told", "event_type": "undeliv"}],
        "listener": {
            "secret_header": {"name": "X-Secret", "value": "env:PLANTED_HEADER"},
            "signature": {"header": "X-Signature", "secret": "env:PLANTED_SIGNATURE"},
        },
        "entities": [entity()],
        "pipelines": {
            "message": [
                {"id": 1, "type": "pack", "params": {"template": BODY}, "outs": {"success": 2}},
                {
                    "id": 2,
                    "type": "http_request",
                    "params": {**request, "url": "$sender.url/$subscription.way?pin=$resource.pin"},
                    "retry": {"max": 1, "backoff": 0.01},
                    "outs": {"success": 3},
                },
                {"id": 3, "type": "unpack", "outs": {"success": 4}},
                {"id": 4, "type": "log", "params": {"message": f"{LOG} $in.body"}, "outs": {"success": 5}},
                {"id": 5, "type": "event", "params": told("$in.body"), "outs": {"success": 6}},
                {
                    "id": 6,
                    "type": "sql_pipe",
                    "params": {"connector_id": "crm", "query": "SELECT $sender.key"},
                    "outs": {"error": 7},
                },
                {
                    "id": 7,
                    "type": "log",
                    "params": {"message": "no database: $error.message", "level": "warn"},
                    "outs": {"success": 8},
                },
                {"id": 8, "type": "scheduled", "params": {"pipe_id": 1, "delay": 0, "template": BODY}},
            ],
            "schedule": [
                {
                    "id": 1,
                    "type": "http_request",
                    "params": {"url": "$sender.url/fail", "form": {"key": "${in['sender.key']}"}},
                }
            ],
            "listener": [
                {"id": 1, "type": "unpack", "outs": {"success": 2, "error": 2}},
                {
                    "id": 2,
                    "type": "log",
                    "params": {"message": "${origin.headers | json} $in.body"},
                    "outs": {"success": 3},
                },
                {"id": 3, "type": "event", "params": told("$in.body")},
            ],
        },
    }


def told(reason: str) -> dict[str, Any]:
    event = {"send_message_id": "$origin.send_message_id", "reason": reason}
    if reason and "$in" in reason:
        event["send_message_id"] = "${origin.send_message_id ?? 'm-1'}"
    return {"event_type": "undeliv", "channel_id": 7, "action_type": 1, "event": event}


def entity() -> dict[str, Any]:
    def operation(way: str) -> dict[str, Any]:
        url = f"$sender.url/{way}?a=$in.password&b=$sender.key"
        request = {"id": 1, "type": "http_request", "params": {"url": url}, "outs": {"success": 2}}
        pipeline = [
            request,
            {"id": 2, "type": "unpack", "outs": {"success": 3}},
            {
                "id": 3,
                "type": "log",
                "params": {"message": "$in.password $in.body"},
                "outs": {"success": 4},
            },
            {"id": 4, "type": "result"},
        ]
        return {"input": [{"type": "string", "name": "password", "secret": True}], "pipeline": pipeline}

    return {
        "name": "Vault",
        "shortname": "vault",
        "fields": [
            {"type": "int", "name": "id"},
            {"type": "string", "name": "title", "secret": True},
        ],
        "primary": "id",
        "preview": "id",
        "operations": {"get": operation("entity"), "list": operation("fail"), "update": operation("ok")},
    }


def mailing(url: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in FIELDS:
        *steps, last = name.split(".")
        target = values
        for step in steps:
            target = target.setdefault(step, {})
        target[last] = SECRETS[name]
    del values["subscription"]
    values["sender"]["url"] = url
    return {"id": 12, "a_id": 1, "name": "Leaky news", "audience": "rows.jsonl", **values}
