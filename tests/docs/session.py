"""The commands of a page, run one after the other by one shell, as a reader would."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tests.docs.blocks import Block, Mark, Page, read_page

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 240
"""What a session may take; the guide, five pages in one, takes 35 on a quiet machine."""

_END: Final = re.compile(r"=== step ended with (\d+) ===\n")
_PORT: Final = re.compile(r"(?:127\.0\.0\.1:|localhost:|--port[ =])(\d{4,5})\b")
_PASSED_ON: Final = ("PATH", "LANG", "TMPDIR", "SYSTEMROOT", "COVERAGE_PROCESS_START")
_ENDING: Final = "__END_OF_FILE__"


class Step(NamedTuple):
    """A command of a session.

    Attributes:
        command: for the shell.
        shown: what the page says that it prints; None: it says nothing, as the command is not shown.
        page: where it stands.
        line: the first line of the page that shows what it prints, from 1.
    """

    command: str
    shown: str | None
    page: Path
    line: int


class Printed(NamedTuple):
    """What a command has printed, and its exit code."""

    output: str
    code: int


def steps(page: Page) -> list[Step]:
    """What the page has done, in its order, with the page before it where it goes on from one."""
    listed: list[Step] = []
    for item in page.items:
        if isinstance(item, Block):
            listed += _of_block(item, page.path)
        elif item.kind == "after":
            listed += steps(read_page(page.path.parent / item.value))
        else:
            listed.append(Step(item.value, None, page.path, item.line))
    return listed


def continued(page: Page) -> Path | None:
    """The page whose session this one goes on with."""
    found = next((item for item in page.items if isinstance(item, Mark) and item.kind == "after"), None)
    return found and (page.path.parent / found.value).resolve()


def furnish(folder: Path, files: Iterable[Block] = ()) -> None:
    """What a reader has before the first command: the examples, and the files of blocks."""
    shutil.copytree(
        ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__", ".akrun")
    )
    for block in files:
        place = folder / str(block.marked("file"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(block.text, encoding="utf-8")


def run(listed: list[Step], folder: Path) -> list[Printed]:
    """Run the steps in `folder`; ports they name are replaced by free ones, and back in what is printed."""
    furnish(folder)
    script = "".join(_script(number, step) for number, step in enumerate(listed))
    ports = _free_ports(script)
    _replace_ports(folder, ports)
    back = {free: port for port, free in ports.items()}
    command = [shutil.which("bash") or "bash", "-c", "exec 2>&1\n" + _replaced(script, ports)]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as shell:
        try:
            out, _ = shell.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            so_far = _replaced((error.stdout or b"").decode(), back)
            raise TimeoutError(f"not ended after {SECONDS} s; printed so far:\n{so_far}") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)  # what it left in the background
    *parts, rest = _END.split(_replaced(out, back))
    printed = [Printed(parts[at], int(parts[at + 1])) for at in range(0, len(parts), 2)]
    assert len(printed) == len(listed), f"the shell ended early:\n{out[-2000:]}{rest}"
    return printed


def _of_block(block: Block, page: Path) -> list[Step]:
    if block.marked("not run") is not None:
        return []
    if (name := block.marked("file")) is not None:
        writing = f"mkdir -p \"$(dirname '{name}')\"; cat > '{name}' <<'{_ENDING}'\n{block.text}{_ENDING}"
        return [Step(writing, None, page, block.line)]
    if (command := block.marked("output")) is not None:
        return [Step(command, block.text, page, block.line)]
    return _of_console(block, page) if block.language == "console" else []


def _of_console(block: Block, page: Path) -> list[Step]:
    """The commands of a `console` block, each behind a `$`, with the lines that follow it."""
    found: list[Step] = []
    lines = block.text.splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        own = [lines[begin][2:], *lines[begin + 1 : end]]
        size = _command(own)
        command = "".join(own[:size]).rstrip("\n")
        found.append(Step(command, "".join(own[size:]), page, block.line + begin + size))
    return found


def _command(lines: list[str]) -> int:
    """How many lines a command takes: a backslash, a bar or a quotation go on, and so does `<<END`."""
    if (here := re.search(r"<<-?'?(\w+)'?", lines[0])) is not None:
        return lines.index(f"{here[1]}\n") + 1
    size = 1
    while size < len(lines) and (
        lines[size - 1].rstrip("\n").endswith(("\\", "|")) or _is_open(lines[:size])
    ):
        size += 1
    return size


def _is_open(lines: list[str]) -> bool:
    """Whether a quotation goes on in the next line."""
    try:
        shlex.split("".join(lines))
    except ValueError:
        return True
    return False


def _script(number: int, step: Step) -> str:
    """A command in the background goes on when it has printed what the page shows of it."""
    ended = "echo === step ended with $? ===\n"
    if not step.command.endswith("&"):
        return f"{step.command}\n{ended}"
    file = f".output-{number}"
    wanted = 1 if step.shown is None else step.shown.count("\n")
    started = f": >{file}\n{step.command.removesuffix('&')} >{file} 2>&1 &\n"
    waiting = f"for _ in $(seq 300); do [ $(wc -l <{file}) -ge {wanted} ] && break; sleep 0.1; done; "
    return f"{started}{waiting if wanted else ''}head -n {wanted} {file}\n{ended}"


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the caller's that could change what is printed."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _free_ports(script: str) -> dict[str, str]:
    """A free port for each that is named."""
    names = sorted(set(_PORT.findall(script)))
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    free = [str(taken.getsockname()[1]) for taken in sockets]
    for taken in sockets:
        taken.close()
    return dict(zip(names, free, strict=True))


def _replace_ports(folder: Path, ports: Mapping[str, str]) -> None:
    for path in (folder / "examples").rglob("*"):
        if path.suffix in (".json", ".yaml", ".toml", ".py"):
            text = path.read_text(encoding="utf-8")
            if (changed := _replaced(text, ports)) != text:
                path.write_text(changed, encoding="utf-8")


def _replaced(text: str, ports: Mapping[str, str]) -> str:
    if not ports:
        return text
    return re.sub(rf"(?<!\d)({'|'.join(ports)})(?!\d)", lambda found: ports[found[1]], text)
