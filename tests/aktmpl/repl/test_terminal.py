"""The prompt in a real pseudo-terminal."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

COMMAND = [sys.executable, "-m", "aktmpl", "repl"]
SCOPE = {"in": {"n": 5}, "profile": {"name": "Ann", "orders": [{"id": 1}]}}
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A prompt that was started in a pseudo-terminal, seen without its control sequences."""

    def __init__(self, folder: Path) -> None:
        (folder / "data.json").write_text(json.dumps(SCOPE))
        self.folder = folder
        environment = {
            **os.environ,
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
            "XDG_STATE_HOME": str(folder),
        }
        self.child: Any = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "--data", str(folder / "data.json")],
            env=environment,
            encoding="utf-8",
            dimensions=(30, 100),
            timeout=120,
        )
        self.child.expect("aktmpl> ")

    def type(self, text: str) -> None:
        self.child.send(text)

    def until(self, pattern: str) -> str:
        """What appears up to the pattern, with it."""
        self.child.expect(pattern)
        return _CONTROL.sub("", f"{self.child.before}{self.child.after}")

    def enter(self, line: str) -> str:
        """Type a line; what is printed before the next prompt."""
        self.type(f"{line}\r")
        self.until(r"\x1b\[\?2004l")  # the line is accepted
        shown = self.until(r"aktmpl> ")
        return shown.removesuffix("aktmpl> ").strip("\n")

    def drop(self) -> None:
        """Leave the line with Ctrl-C."""
        self.child.sendcontrol("c")
        self.until(r"\x1b\[\?2004l")
        self.until("aktmpl> ")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    started = Terminal(tmp_path)
    yield started
    started.child.close(force=True)


def test_a_result_and_a_frame_under_the_line(terminal: Terminal) -> None:
    assert terminal.enter("Hi $profile.name") == "Hi Ann"
    assert terminal.enter("Hi $profile.nme").splitlines() == [
        " " * len("aktmpl> Hi $profile.") + "^^^",
        "E301 `profile` has no field `nme`",
        "  hint: did you mean `name`?",
    ]


def test_tab_completes_what_is_certain_and_offers_what_is_not(terminal: Terminal) -> None:
    terminal.type("$profile.na\t")
    terminal.until("me")  # what Tab adds; the terminal may draw it apart from what was typed
    assert terminal.enter("") == "Ann"
    terminal.type("$profile.\t")
    menu = terminal.until("orders.*list of")
    assert "string" in menu
    terminal.drop()
    terminal.type("${in.n | rou\t")
    terminal.until("nd")
    assert terminal.enter("}") == "5"


def test_an_open_bracket_continues_on_the_next_line(terminal: Terminal) -> None:
    terminal.type("${in.n +\r")
    terminal.until(r"\.\.\.> ")
    assert terminal.enter("1}") == "6"
    terminal.type(':doc {"a": [\r')
    terminal.until(r"\.\.\.> ")
    assert terminal.enter('"$in.n"]}') == '{"a":["5"]}'
    terminal.type("${in.n\r")
    terminal.until(r"\.\.\.> ")
    assert "E102" in terminal.enter("")


def test_commands(terminal: Terminal) -> None:
    assert terminal.enter(":type profile.orders") == "list of object {id}"
    assert terminal.enter(':set in {"n": 6}') == "in: object {n}"
    assert terminal.enter(":query in.n = 6") == "true"
    assert "def render(scope):" in terminal.enter(":code $in.n")
    assert terminal.enter(":help upper").startswith("upper(text: string) -> string")


def test_history_outlives_the_session(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("first $in.n")
    terminal.type(":quit\r")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0
    assert (tmp_path / "aktmpl" / "history").stat().st_mode & 0o077 == 0
    again = Terminal(tmp_path)
    again.type("\x1b[A\x1b[A")
    again.until("first")
    assert again.enter("") == "first 5"
    again.child.close(force=True)


def test_control_c_drops_the_line_and_control_d_leaves(terminal: Terminal) -> None:
    terminal.type("$in.nothing")
    terminal.until("nothing")
    terminal.drop()
    assert terminal.enter("$in.n") == "5"
    terminal.child.sendcontrol("d")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def test_without_a_terminal_it_answers_the_lines_of_standard_input() -> None:
    lines = ':set in {"n": 5}\n$in.n\n$in.m\n${[1]}\n:quit\n$in.n\n'
    done = subprocess.run(COMMAND, input=lines, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[:4] == [
        "in: object {n}",
        "5",
        "<input>:1:5: E301 `in` has no field `m`",
        "  1 | $in.m",
    ]
    assert "warning W203" in done.stdout
    assert not done.stdout.endswith("5\n")
    assert done.stderr == ""
