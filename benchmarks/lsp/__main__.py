"""Milliseconds until the language server answers, over the protocol, on a channel of 200 pipes.

    python -m benchmarks.lsp [--pipes N] [--rounds N] [--yaml]

Each round types a character and asks at once, so that the text is new to the server: `idle` when it has
nothing else to do, `busy` while it looks at the file. `diagnostics` is the time from a change to what is
said of it.
"""

import argparse
import io
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from ruamel.yaml import YAML

from benchmarks.lsp.channel import channel
from tests.akrun.editor.client import Client, position, serving

_AIM = 50
_SETTLED = 4.0
"""Seconds after which the server has nothing left to look at."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--yaml", action="store_true")
    options = parser.parse_args()
    text = channel(options.pipes)
    uri, language = "file:///channel.json", "json"
    if options.yaml:
        out = io.StringIO()
        YAML().dump(json.loads(text), out)
        text, uri, language = out.getvalue(), "file:///channel.yaml", "yaml"
    with serving() as client:
        client.open(uri, text, language)
        client.diagnostics(uri)
        time.sleep(_SETTLED)
        file = _File(client, uri, text)
        print(f"{options.pipes} pipes, {len(text):,} characters; milliseconds, aim {_AIM}\n")
        print(f"{'':22}{'median':>8}{'worst':>8}")
        for state, pause in (("idle", _SETTLED), ("busy", 0.3)):
            for name, ask in file.requests():
                times = [*_measured(file, ask, options.rounds, pause)]
                print(f"{state + ' ' + name:22}{statistics.median(times):8.1f}{max(times):8.1f}")
        seen = [file.looked_at() for _ in range(3)]
        print(f"{'diagnostics':22}{statistics.median(seen):8.1f}{max(seen):8.1f}")


class _File:
    """The open file, whose middle is edited."""

    def __init__(self, client: Client, uri: str, text: str) -> None:
        self.client, self.uri, self.text = client, uri, text

    def _middle(self, word: str) -> tuple[int, int]:
        return position(self.text, self.text.index(word, len(self.text) // 2) + len(word))

    def type(self) -> None:
        """One more character before the name that is asked about."""
        line, column = self._middle("$template.body")
        place = {"line": line, "character": column}
        offset = self.text.index("$template.body", len(self.text) // 2) + len("$template.body")
        self.client.change(self.uri, {"range": {"start": place, "end": place}, "text": "!"})
        self.text = self.text[:offset] + "!" + self.text[offset:]

    def looked_at(self) -> float:
        """Milliseconds from a change to its diagnostics."""
        time.sleep(_SETTLED)
        self.client.forget()
        started = time.perf_counter()
        self.type()
        self.client.diagnostics(self.uri)
        return (time.perf_counter() - started) * 1000

    def requests(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What an editor asks, by name."""
        at = self.client.at
        document = {"textDocument": {"uri": self.uri}}
        yield "completion", lambda: at("completion", self.uri, self._middle("$sender."))
        yield "hover", lambda: at("hover", self.uri, self._middle("$sender."))
        yield "definition", lambda: at("definition", self.uri, self._middle("$sender.na"))
        everywhere = {"includeDeclaration": True}
        yield "references", lambda: at("references", self.uri, self._middle("$sender.na"), context=everywhere)
        shown = {"start": {"line": 1000, "character": 0}, "end": {"line": 1060, "character": 0}}
        yield (
            "tokens in sight",
            lambda: self.client.request("textDocument/semanticTokens/range", {**document, "range": shown}),
        )
        yield "all tokens", lambda: self.client.request("textDocument/semanticTokens/full", document)


def _measured(file: _File, ask: Callable[[], Any], rounds: int, pause: float) -> Iterator[float]:
    time.sleep(pause)
    for _ in range(rounds):
        if pause < _SETTLED:
            time.sleep(pause)
        file.type()
        started = time.perf_counter()
        ask()
        yield (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
