"""A CRM on this machine that knows categories and queues messages; it keeps everything in memory.

GET, POST /categories; GET, DELETE /categories/ID; POST /messages. Each request needs the header X-Api-Key.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Crm(ThreadingHTTPServer):
    """The server; `categories` by id and `messages` by id are what it holds."""

    daemon_threads = True

    def __init__(self, port: int = 0, key: str = "demo-crm-key") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key = key
        self.categories: dict[int, dict[str, Any]] = {
            1: {"id": 1, "name": "News", "style": {"color": "#2E7D32"}},
            2: {"id": 2, "name": "Offers", "style": {"color": "#1565C0"}},
        }
        self.messages: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def create(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        """Add a category, unless its name is taken."""
        if any(each["name"] == wanted["name"] for each in self.categories.values()):
            return 409, {"error": "the name is taken"}
        made = {"id": max(self.categories, default=0) + 1, **wanted}
        self.categories[made["id"]] = made
        return 201, made

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Status and JSON value for a request."""
        address = urlsplit(target)
        match method, address.path.strip("/").split("/"):
            case "GET", ["categories"]:
                part = parse_qs(address.query).get("name", [""])[0].lower()
                found = [each for each in self.categories.values() if part in each["name"].lower()]
                return 200, {"categories": found, "total": len(found)}
            case "POST", ["categories"]:
                return self.create(body)
            case _, ["categories", number] if number not in map(str, self.categories):
                return 404, {"error": "not found"}
            case "GET", ["categories", number]:
                return 200, self.categories[int(number)]
            case "DELETE", ["categories", number]:
                del self.categories[int(number)]
                return 204, None
            case "POST", ["messages"] if body["category"] in self.categories:
                self.messages[body["id"]] = body
                return 202, {"status": "queued"}
            case "POST", ["messages"]:
                return 422, {"error": "there is no such category"}
        return 404, {"error": "not found"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        crm = self.server
        assert isinstance(crm, Crm)
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer: tuple[int, Any] = 401, {"error": "wrong X-Api-Key"}
        if self.headers.get("X-Api-Key") == crm.key:
            answer = crm.answer(self.command, self.path, json.loads(content) if content else None)
        status, value = answer
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Stay silent."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8098)
    parser.add_argument("--key", default="demo-crm-key")
    options = parser.parse_args()
    server = Crm(options.port, options.key)
    print(f"a CRM at {server.url}, X-Api-Key: {options.key}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
