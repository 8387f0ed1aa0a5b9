"""The commands of a page, run one after the other by a shell as a reader would."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK: Final = "=== end of a command ==="
_VARYING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
)


class Step(NamedTuple):
    """A command and what it prints."""

    command: str
    output: str


def steps(page: str) -> list[Step]:
    """The commands of a page's `console` blocks, each behind a `$`, with the lines that follow it."""
    found: list[Step] = []
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            size = _command(lines)
            found.append(Step("".join(lines[:size]).rstrip("\n"), "".join(lines[size:])))
    return found


def run(page: str, folder: Path, ports: tuple[int, ...]) -> list[Step]:
    """The same commands with what they print now; `ports` of the page are replaced by free ones."""
    listed = steps(page)
    (folder / "examples").symlink_to(Path(__file__).parents[2] / "examples")
    script = "".join(_script(number, step.command) for number, step in enumerate(listed))
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
    for port, taken in zip(ports, sockets, strict=True):
        script = script.replace(str(port), str(taken.getsockname()[1]))
        taken.close()
    shell = subprocess.Popen(
        [shutil.which("bash") or "bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = shell.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)  # what it left in the background
    printed = out.split(f"{_MARK}\n")
    assert len(printed) == len(listed) + 1, out + err
    return [Step(step.command, output) for step, output in zip(listed, printed, strict=False)]


def steady(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def _command(lines: list[str]) -> int:
    """How many lines a command takes: those that end in a backslash or a bar go on, and so does `<<END`."""
    size = 1
    if "<<END" in lines[0]:
        return lines.index("END\n") + 1
    while lines[size - 1].rstrip("\n").endswith(("\\", "|")):
        size += 1
    return size


def _script(number: int, command: str) -> str:
    """A command in the background prints its first line when it is ready."""
    if not command.endswith("&"):
        return f"{command}\necho '{_MARK}'\n"
    file = f".output-{number}"
    waiting = f"for _ in $(seq 300); do [ -s {file} ] && break; sleep 0.1; done; head -n 1 {file}"
    return f"{command.removesuffix('&')} >{file} 2>&1 &\n{waiting}\necho '{_MARK}'\n"
