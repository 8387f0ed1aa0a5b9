"""Engines on Node: one process that times itself on the same data, a round of its own in each round of ours.

It looks for the packages below the folder in `NODE_PEERS` (`npm install nunjucks eta jsonata` there).
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.templates import peers, rewrite
from benchmarks.templates.work import MIXED, Work

_PROGRAM = Path(__file__).with_name("node_peers.mjs")


def available() -> bool:
    """Whether there are Node and the packages."""
    folder = os.environ.get("NODE_PEERS")
    return bool(folder and shutil.which("node") and Path(folder, "node_modules").is_dir())


class Node:
    """The process; it lives as long as the `with` block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def make(self, engine: str, work: Work) -> Any:
        """Compile the work; gives its result, or None where the engine lacks the feature."""
        source = source_of(engine, work)
        if source is None:
            return None
        scope = rewrite.scope_of(work.scope)
        return self._ask(
            make=f"{engine} {work.name}", engine=engine, source=source, kind=work.kind, scope=scope
        )["result"]

    def turn(self, engine: str, work: Work, seconds: float) -> float:
        """Seconds per call, of a turn that takes about so long."""
        return float(self._ask(turn=f"{engine} {work.name}", seconds=seconds)["seconds"])


ENGINES = ("nunjucks", "eta", "jsonata")


def source_of(engine: str, work: Work) -> str | None:
    """The work in the engine's syntax."""
    if engine == "jsonata":
        return peers.jsonata_source(work)
    if work.scope is MIXED or work.kind not in ("text", "document"):
        return None
    if engine == "nunjucks":
        source = peers.jinja_source(work)
        return re.sub(r"\(\(?(.*?)\)\) \| json", r"((\1)) | json", source.replace(" ~ ", " + "))
    if work.kind == "text":
        return rewrite.text(work.template, lambda path: f"<%= s.{path} %>")
    return rewrite.document(
        work.template,
        lambda leaf: f"<%~ JSON.stringify({_script(rewrite.joined(leaf, ' + '))}) %>",
        lambda path, body: f"[<%~ s.{path}.map((item) => `{_template_literal(body)}`).join(',') %>]",
    )


def _script(expression: str) -> str:
    """The expression with its paths' roots put under `s`."""
    return re.sub(r"(^|\+ )(?=[a-z])(?!item\.)", r"\1s.", expression)


def _template_literal(body: str) -> str:
    return body.replace("<%~ ", "${").replace(" %>", "}")
