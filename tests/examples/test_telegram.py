"""The Telegram example: its stand-in answers as the Bot API does, and no token is printed or kept."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from examples.telegram.bot_api import TOKEN, Server

from akrun.cli import main
from tests.akrun.http_server import Reply, serve_in_thread

TELEGRAM = Path(__file__).parents[2] / "examples" / "telegram"


@pytest.fixture
def api() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def call(api: Server, method: str, given: dict[str, Any], token: str = TOKEN) -> httpx.Response:
    return httpx.post(f"{api.url}/bot{token}/{method}", json=given, trust_env=False)


def send(api: Server, chat_id: int, **given: Any) -> httpx.Response:
    return call(api, "sendMessage", {"chat_id": chat_id, "text": "Hi", **given})


# ----------------------------------------------------------------------------------------- the stand-in


def test_a_message_is_answered_with_itself(api: Server) -> None:
    answer = send(api, 1001)
    assert answer.status_code == 200
    result = answer.json()["result"]
    assert (answer.json()["ok"], result["chat"]["id"], result["text"]) == (True, 1001, "Hi")


@pytest.mark.parametrize(
    ("given", "status", "description"),
    [
        ({"chat_id": 1400}, 400, "Bad Request: chat not found"),
        ({"chat_id": 1403}, 403, "Forbidden: bot was blocked by the user"),
        ({"chat_id": 1001, "text": ""}, 400, "Bad Request: message text is empty"),
        ({"chat_id": 1001, "text": "a" * 4097}, 400, "Bad Request: message is too long"),
        ({"chat_id": None}, 400, "Bad Request: chat_id is empty"),
    ],
)
def test_a_refusal_says_why(api: Server, given: dict[str, Any], status: int, description: str) -> None:
    answer = call(api, "sendMessage", {"text": "Hi", **given})
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}
    assert api.bot.messages == []


def test_too_many_requests_are_told_when_to_come_again(api: Server) -> None:
    first, second = send(api, 1429), send(api, 1429)
    assert (first.status_code, first.headers["retry-after"]) == (429, "1")
    assert first.json()["parameters"] == {"retry_after": 1}
    assert second.status_code == 200


def test_forms_are_read_too(api: Server) -> None:
    answer = httpx.post(
        f"{api.url}/bot{TOKEN}/sendMessage", data={"chat_id": "1001", "text": "Hi"}, trust_env=False
    )
    assert answer.json()["result"]["text"] == "Hi"


def test_another_token_and_another_method_are_turned_away(api: Server) -> None:
    assert call(api, "sendMessage", {}, "1234:guessed").status_code == 401
    assert call(api, "sendSticker", {}).status_code == 404
    assert httpx.get(f"{api.url}/", trust_env=False).status_code == 401


def test_a_press_of_the_button_goes_to_the_webhook_with_its_secret(api: Server) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "m-1"}]]}
    with serve_in_thread(Reply()) as webhook:
        url = f"{webhook.url}/listen/telegram"
        assert press(api).status_code == 400
        call(api, "setWebhook", {"url": url, "secret_token": "open-sesame"})
        send(api, 1001, reply_markup=keyboard)
        assert press(api).json()["result"] == {"webhook_answered": 200}
    assert press(api).json()["description"] == "Bad Request: the webhook cannot be reached"
    (got,) = webhook.requests
    assert got.headers["x-telegram-bot-api-secret-token"] == "open-sesame"
    assert json.loads(got.body)["callback_query"]["data"] == "m-1"


def press(api: Server) -> httpx.Response:
    return httpx.post(f"{api.url}/press", json={"chat_id": 1001}, trust_env=False)


# -------------------------------------------------------------------------------------------- the token


class Runs:
    """Runs commands on the example, and keeps what they print."""

    def __init__(self, api: Server, data: Path) -> None:
        self.data = data
        self.printed = ""
        self._environment = {
            "TELEGRAM_TOKEN": TOKEN,
            "AKRUN_HTTP_ALLOW": "127.0.0.1",
            "AKRUN_DATA": str(data),
        }
        self._to = ("--set", f"sender.api={api.url}")

    def __call__(self, *args: str) -> Result:
        result = CliRunner().invoke(main, args, env=self._environment)
        self.printed += result.output
        return result

    def send(self, *options: str) -> Result:
        return self(
            "send", str(TELEGRAM / "channel.json"), str(TELEGRAM / "mailing.json"), *self._to, *options
        )


def test_the_token_is_printed_and_kept_nowhere(api: Server, tmp_path: Path) -> None:
    akrun = Runs(api, tmp_path / "data")
    assert "bot***/sendMessage" in akrun.send("--dry-run").output
    assert akrun.send("--one", "p1").exit_code == 0
    assert akrun.send().exit_code == 0
    (letter,) = json.loads(akrun("dead", "list", "--json").stdout)
    assert letter["error"]["message"] == f"{api.url}/bot***/sendMessage answered 429"
    page = tmp_path / "trace.html"
    for command in (
        ("dead", "list"),
        ("dead", "show", "1"),
        ("dead", "replay", "1", "--dry-run", "--set", f"sender.token={TOKEN}"),
        ("trace", letter["message_id"]),
        ("trace", letter["message_id"], "--json"),
        ("trace", letter["message_id"], "--html", str(page)),
        ("report",),
        ("report", "--json"),
        ("history", "p2"),
    ):
        assert akrun(*command).exit_code == 0, command
    assert akrun("dead", "replay", "1").exit_code == 0
    assert akrun.send().exit_code == 0
    assert [each["chat"]["id"] for each in api.bot.messages] == [1001, 1001, 1429]
    assert TOKEN not in akrun.printed
    secret = TOKEN.partition(":")[2]
    assert secret not in akrun.printed
    assert secret not in page.read_text()
    for file in akrun.data.rglob("*"):
        assert secret.encode() not in (file.read_bytes() if file.is_file() else b""), file
