"""A small client of the language server: a process, requests, and what the server says unasked."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PATIENCE = 60
"""Seconds until a server that does not answer is given up."""


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]


class Client:
    """Speaks to one server. Files are named by URIs; texts are sent whole."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._input: IO[bytes] = process.stdin
        self._output: IO[bytes] = process.stdout
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._told: list[dict[str, Any]] = []
        self._number = 0
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    # ------------------------------------------------------------------------------------ messages

    def request(self, method: str, params: Any) -> Any:
        """The result of a request; raises RefusedError."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                if "error" in message:
                    raise RefusedError(message["error"])
                return message["result"]
            self._told.append(message)

    def notify(self, method: str, params: Any) -> None:
        """Tell the server something."""
        self._send({"method": method, "params": params})

    def told(self, method: str) -> Any:
        """The parameters of the next notification of a kind."""
        while True:
            for number, message in enumerate(self._told):
                if message.get("method") == method:
                    return self._told.pop(number)["params"]
            self._told.append(self._next())

    def forget(self) -> None:
        """Leave out all that the server has said unasked so far."""
        self._told.clear()
        while not self._messages.empty():
            self._messages.get()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._input.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._input.flush()

    def _next(self) -> dict[str, Any]:
        message = self._messages.get(timeout=PATIENCE)
        assert message is not None, "the server is gone"
        return message

    def _listen(self) -> None:
        while header := self._output.readline():
            length = int(header.split(b":")[1])
            while self._output.readline().strip():
                pass
            self._messages.put(json.loads(self._output.read(length)))
        self._messages.put(None)

    # --------------------------------------------------------------------------------------- files

    def open(self, uri: str, text: str, language: str = "json") -> None:
        """Open a file."""
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, *changes: dict[str, Any]) -> None:
        """Change a file: each change has `text`, and `range` for a part of it."""
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [*changes]})

    def at(self, method: str, uri: str, position: tuple[int, int], **more: Any) -> Any:
        """The answer to a request about a position."""
        line, character = position
        params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.request(f"textDocument/{method}", {**params, **more})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The next diagnostics of a file; those of others that come before are passed over."""
        return self.diagnostics_of(uri)[uri]

    def diagnostics_of(self, *uris: str) -> dict[str, list[dict[str, Any]]]:
        """The next diagnostics of each of these files, whichever comes first."""
        found: dict[str, list[dict[str, Any]]] = {}
        while len(found) < len(uris):
            params = self.told("textDocument/publishDiagnostics")
            if params["uri"] in uris:
                found.setdefault(params["uri"], params["diagnostics"])
        return found


@contextmanager
def serving(*command: str, encodings: tuple[str, ...] = ("utf-16",)) -> Iterator[Client]:
    """A server that has been initialized, and is told to end; it must end by itself, without an error."""
    run = command or (sys.executable, "-m", "akrun.cli", "lsp")
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()) as process:
        client = Client(process)
        try:
            general = {"positionEncodings": [*encodings]}
            capabilities = {"general": general, "textDocument": {"rename": {"prepareSupport": True}}}
            client.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
            client.notify("initialized", {})
            yield client
            client.request("shutdown", None)
            client.notify("exit", None)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, in UTF-16 units."""
    before = text[:offset]
    row = before[before.rfind("\n") + 1 :]
    return before.count("\n"), len(row.encode("utf-16-le")) // 2
