"""A stand-in for the Telegram Bot API: it answers as the documentation says, and sends nothing.

    python3 bot_api.py --phone phone.txt

prints its address, and writes into `phone.txt` what would be on people's phones. The last three digits of a
chat's id say what happens to a message: …400 there is no such chat, …403 the person has blocked the bot,
…429 too many requests at first, and sent the second time; all others are sent. `POST /press` with a
`chat_id` presses the button of the last message there, so that the webhook gets an update.
"""

import argparse
import json
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

TOKEN: Final = "1234:made-up"  # noqa: S105 - it opens nothing but this stand-in
RETRY_AFTER: Final = 1
LONGEST_TEXT: Final = 4096

Json = dict[str, Any]


class Refusal(Exception):
    """An answer that begins with `"ok": false`."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.body = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


@dataclass
class Bot:
    """One bot: the messages it has sent and where its updates go."""

    token: str
    phone: Path | None = None
    messages: list[Json] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    webhook: Json | None = None
    _throttled: set[int] = field(default_factory=set)
    _updates: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, method: str, given: Json) -> Any:
        """The result of a method of the API."""
        with self._lock:
            if method == "sendMessage":
                return self._send(given)
            if method == "getUpdates":
                return [{"update_id": 1, "message": {"message_id": 1, "chat": _chat(1001), "text": "/start"}}]
            if method == "setWebhook":
                self.webhook = given
                return True
            if method == "answerCallbackQuery":
                self.answered.append(str(given.get("callback_query_id")))
                return True
        raise Refusal(404, "Not Found")

    def press(self, chat_id: int) -> Json:
        """What the person in a chat does: the update goes to the webhook."""
        with self._lock:
            here = [each for each in self.messages if each["chat"]["id"] == chat_id]
            last = next((each for each in reversed(here) if "reply_markup" in each), None)
            if self.webhook is None or last is None:
                raise Refusal(400, "Bad Request: there is no webhook, or no button in this chat")
            self._updates += 1
            update = {
                "update_id": self._updates,
                "callback_query": {
                    "id": str(self._updates),
                    "from": {"id": chat_id, "is_bot": False, "first_name": "Somebody"},
                    "message": last,
                    "chat_instance": str(chat_id),
                    "data": last["reply_markup"]["inline_keyboard"][0][0]["callback_data"],
                },
            }
            webhook = self.webhook
        return {"webhook_answered": _post(webhook, update)}

    def _send(self, given: Json) -> Json:
        text = str(given.get("text", ""))
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        if len(text) > LONGEST_TEXT:
            raise Refusal(400, "Bad Request: message is too long")
        try:
            chat_id = int(given["chat_id"])
        except (KeyError, TypeError, ValueError):
            raise Refusal(400, "Bad Request: chat_id is empty") from None
        fate = chat_id % 1000
        if fate == 400:
            raise Refusal(400, "Bad Request: chat not found")
        if fate == 403:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if fate == 429 and chat_id not in self._throttled:
            self._throttled.add(chat_id)
            wait = {"retry_after": RETRY_AFTER}
            raise Refusal(429, f"Too Many Requests: retry after {RETRY_AFTER}", wait)
        message = {
            "message_id": len(self.messages) + 1,
            "from": {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Stand-in"},
            "chat": _chat(chat_id),
            "date": int(time.time()),
            "text": text,
        }
        if given.get("reply_markup"):
            message["reply_markup"] = given["reply_markup"]
        self.messages.append(message)
        if self.phone is not None:
            with self.phone.open("a", encoding="utf-8") as phone:
                phone.write(f"to {chat_id}: {text}{_buttons(message)}\n")
        return message


def _buttons(message: Json) -> str:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return "".join(f" [{button['text']}]" for row in rows for button in row)


def _chat(chat_id: int) -> Json:
    return {"id": chat_id, "type": "private", "first_name": "Somebody"}


def _post(webhook: Json, update: Json) -> int:
    headers = {"Content-Type": "application/json"}
    if webhook.get("secret_token"):
        headers["X-Telegram-Bot-Api-Secret-Token"] = webhook["secret_token"]
    request = urllib.request.Request(webhook["url"], json.dumps(update).encode(), headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - set by setWebhook
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        raise Refusal(400, "Bad Request: the webhook cannot be reached") from None


class Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the bot, writes the answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a method of the API, or `/press`."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._answer(200, {"ok": True, "result": self._result(self._given(body))})
        except Refusal as refusal:
            self._answer(refusal.code, refusal.body)

    do_GET = do_POST  # noqa: N815 - the API takes both

    def _result(self, given: Json) -> Any:
        assert isinstance(self.server, Server)
        bot = self.server.bot
        if self.path == "/press":
            return bot.press(int(given["chat_id"]))
        prefix, _, method = self.path.partition("?")[0].rpartition("/")
        if prefix != f"/bot{bot.token}":
            raise Refusal(401, "Unauthorized")
        return bot.call(method, given)

    def _given(self, body: bytes) -> Json:
        if self.headers.get_content_type() != "application/json":
            return dict(parse_qsl(body.decode()))
        try:
            return dict(json.loads(body))
        except (TypeError, ValueError):
            raise Refusal(400, "Bad Request: can't parse JSON object") from None

    def _answer(self, status: int, answer: Json) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if "parameters" in answer:
            self.send_header("Retry-After", str(answer["parameters"]["retry_after"]))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's
        """Stay silent: a path holds the token."""


class Server(ThreadingHTTPServer):
    """Serves one bot."""

    daemon_threads = True

    def __init__(self, port: int = 0, token: str = TOKEN, phone: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.bot = Bot(token, phone)
        self.url = f"http://127.0.0.1:{self.server_port}"


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A stand-in for the Telegram Bot API.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--phone", type=Path, help="file that sent messages are appended to")
    arguments = parser.parse_args()
    with Server(arguments.port, arguments.token, arguments.phone) as server, suppress(KeyboardInterrupt):
        print(server.url, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
