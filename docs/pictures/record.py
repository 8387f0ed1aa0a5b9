"""Makes the pictures of this folder from what the commands show in a terminal.

    python -m docs.pictures.record          # all
    python -m docs.pictures.record lint     # some
    python -m docs.pictures.record page     # trace.png, which needs Chromium

An SVG is written when it shows something else than before, times, ids and ports aside.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from docs.pictures.drawing import Frame, draw, shown
from docs.pictures.page import screenshot
from docs.pictures.terminal import running

HERE: Final = Path(__file__).parent
_EXAMPLE: Final = HERE.parents[1] / "examples" / "sms"
_OPENED: Final = {"AKRUN_HTTP_ALLOW": "127.0.0.1"}

_DATA: Final = {
    "profile": {
        "name": "Ann", "nick": None, "city": "Rome",
        "orders": [{"id": 17, "total": 12.5}, {"id": 18, "total": 4}],
    },
    "in": {"status": 429, "data": {"status": "busy", "wait": 30}},
}  # fmt: skip
_LINES: Final = (
    ("Hello ${profile.nick ?? profile.name}!", "Hello Ann!"),
    ("Hello $profile.nam!", "did you mean"),
    (":type profile.orders", "list of object {id, total}"),
    (':doc {"$$profile.orders[lines]": ["[$]id: [$]total"]}', '{"lines":["17: 12.5","18: 4"]}'),
    (":query in.status = 429 and in.data.wait < 60", "true"),
    (":refs", "in.data.wait"),
)
"""What is typed at the prompt, and the end of what it answers."""


def repl(folder: Path) -> str:
    """A session at the prompt: an answer, a fault, a type, completion, a document, a condition."""
    (folder / "data.json").write_text(json.dumps(_DATA), encoding="utf-8")
    frames = []
    command = ["aktmpl", "repl", "--data", "data.json"]
    with running(command, folder, (28, 84)) as terminal:
        terminal.write("$ aktmpl repl --data data.json\n")
        terminal.wait("aktmpl> ")
        frames.append(Frame(terminal.rows(), 1.5))
        for line, answer in _LINES:
            terminal.type(line)
            terminal.wait(line)
            frames.append(Frame(terminal.rows(), 1.5))
            terminal.type("\r")
            terminal.wait(answer)
            frames.append(Frame(terminal.rows(), 2.5))
        terminal.type("$profile.\t")
        terminal.wait("list of object")
        frames.append(Frame(terminal.rows(), 4))
    return draw("aktmpl repl", frames, 84)


def lint(folder: Path) -> str:
    """Two slips in the channel of the SMS example, found before anything is sent."""
    text = (_EXAMPLE / "channel.json").read_text(encoding="utf-8")
    for right, wrong in (("$sender.name", "$sender.nmae"), ("in.data.status'", "in.dat.status'")):
        text = text.replace(right, wrong, 1)
    (folder / "channel.json").write_text(text, encoding="utf-8")
    with running(["akrun", "lint", "channel.json"], folder, (40, 124)) as terminal:
        terminal.write("$ akrun lint channel.json\n")
        terminal.finish()
        return draw("akrun lint", [Frame(terminal.rows())], 124)


@contextmanager
def _refused(folder: Path) -> Iterator[list[str]]:
    """The command that sends to one person through a demo gateway that does not know the key."""
    for name in ("channel.json", "mailing.json"):
        shutil.copy(_EXAMPLE / name, folder)
    (folder / "audience.jsonl").write_text(
        '{"profile": {"id": "ann", "first_name": "Ann"}, "subscription": {"phone": "+447700900018"}}\n'
    )
    with running(["akrun", "demo-gateway"], folder) as gateway:
        gateway.wait("/v1/messages")
        (url,) = (row.plain.strip() for row in gateway.rows())
        yield [
            "akrun", "send", "channel.json", "mailing.json", "--set", f"sender.url={url}",
            "--set", "template.body=Rye today.", "--set", "template.attachments:=[]",
            "--set", "sender.api_key=expired",
        ]  # fmt: skip


def trace(folder: Path) -> str:
    """A message that the demo gateway refuses for its key: every pipe, and the gateway's raw answer."""
    with (
        _refused(folder) as command,
        running([*command, "--one", "ann"], folder, (120, 100), _OPENED) as terminal,
    ):
        terminal.write("$ akrun send channel.json mailing.json --one ann --set sender.api_key=expired …\n")
        terminal.finish()
        return draw("akrun send --one", [Frame(terminal.rows())])


def page(picture: Path) -> None:
    """The same message, sent durably, as the HTML page of its trace."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with _refused(folder) as command:
            _output(command, folder)
        letter = json.loads(_output(["akrun", "dead", "show", "1"], folder))
        _output(["akrun", "trace", letter["message_id"], "--html", "trace.html"], folder)
        screenshot(folder / "trace.html", picture, (1100, 660))


def _output(command: list[str], folder: Path) -> str:
    with running(command, folder, (200, 400), _OPENED) as terminal:
        terminal.finish()
        return "\n".join(row.plain.rstrip() for row in terminal.rows())


PICTURES: Final[Mapping[str, Callable[[Path], str]]] = {"repl": repl, "lint": lint, "trace": trace}
"""Each picture by its name: what makes its SVG, given an empty folder to work in."""


def record(name: str) -> str:
    """The SVG of a picture as the commands show it now."""
    with TemporaryDirectory() as folder:
        return PICTURES[name](Path(folder))


def main(names: list[str]) -> int:
    """Record the named pictures, or all that are SVG; the exit code."""
    if names == ["page"]:
        page(HERE / "trace.png")
        return 0
    if unknown := [name for name in names if name not in PICTURES]:
        sys.stderr.write(f"no picture {', '.join(unknown)}; there are {', '.join(PICTURES)}\n")
        return 2
    for name in names or PICTURES:
        file = HERE / f"{name}.svg"
        svg = record(name)
        same = file.exists() and shown(file.read_text(encoding="utf-8")) == shown(svg)
        if not same:
            file.write_text(svg, encoding="utf-8")
        sys.stdout.write(f"{file.name}: {'as it was' if same else 'written'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
