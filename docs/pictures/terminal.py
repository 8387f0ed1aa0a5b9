"""A command in a pseudo-terminal of fixed size, and what its screen shows."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pexpect
import pyte
from rich.style import Style
from rich.text import Text

PATIENCE: Final = 60
"""Seconds that a command has to show what is waited for."""

_COLOURS: Final = {"brown": "yellow", "brightbrown": "bright_yellow"}


class Terminal:
    """The screen of a command that runs.

    Args:
        command: The command, a script that stands beside this Python, and its arguments.
        folder: Where it runs; its state goes there, too.
        size: Rows and columns.
        environment: Variables beside those of this process.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, size: tuple[int, int], environment: Mapping[str, str]
    ) -> None:
        rows, columns = size
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._child: Any = pexpect.spawn(
            str(Path(sys.executable).with_name(command[0])),
            list(command[1:]),
            cwd=folder,
            env={
                **os.environ,
                "COLUMNS": str(columns),  # the caller's terminal may be said to have another width
                "LINES": str(rows),
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
                "XDG_STATE_HOME": str(folder),
                **environment,
            },
            encoding="utf-8",
            dimensions=size,
            timeout=PATIENCE,
        )

    def write(self, text: str) -> None:
        """Put a text on the screen that the command did not print, such as the line that called it."""
        self._stream.feed(text.replace("\n", "\r\n"))

    def type(self, text: str) -> None:
        """Press keys."""
        self._child.send(text)

    def wait(self, shown: str) -> None:
        """Until the screen shows a text, and the command has said all that it says with it.

        Raises:
            TimeoutError: It does not come.
        """
        limit = monotonic() + PATIENCE
        while shown not in "\n".join(self._screen.display):
            if monotonic() > limit:
                raise TimeoutError(f"{shown!r} does not appear in:\n" + "\n".join(self._screen.display))
            self._read(0.1)
        while self._read(0.2):
            pass

    def finish(self) -> int:
        """Until the command ends; its exit code."""
        self._child.expect(pexpect.EOF)
        self._stream.feed(self._child.before)
        self._child.close()
        return int(self._child.exitstatus)

    def close(self) -> None:
        """End the command."""
        self._child.close(force=True)

    def _read(self, seconds: float) -> bool:
        """Show what the command prints within a time; whether it did."""
        try:
            self._stream.feed(self._child.read_nonblocking(65_536, seconds))
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            raise TimeoutError("the command has ended:\n" + "\n".join(self._screen.display)) from None
        return True

    def rows(self) -> list[Text]:
        """What stands on the screen, without the empty rows below."""
        rows = [self._row(number) for number in range(self._screen.lines)]
        while rows and not rows[-1].plain.strip():
            rows.pop()
        return rows

    def _row(self, number: int) -> Text:
        cells = [self._screen.buffer[number][column] for column in range(self._screen.columns)]
        runs = groupby(cells, key=_style)
        return Text.assemble(
            *(("".join(cell.data for cell in run), style) for style, run in runs), no_wrap=True
        )


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    size: tuple[int, int] = (40, 100),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """A command in a terminal, which is ended with the block."""
    terminal = Terminal(command, folder, size, environment or {})
    try:
        yield terminal
    finally:
        terminal.close()


def _style(cell: pyte.screens.Char) -> Style:
    return Style(
        color=_colour(cell.fg),
        bgcolor=_colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _colour(name: str) -> str | None:
    """A colour as Rich calls it; pyte has the names of old terminals, and hexadecimal digits."""
    if name == "default":
        return None
    if len(name) == 6 and not set(name) - set("0123456789abcdef"):
        return f"#{name}"
    return _COLOURS.get(name, name.replace("bright", "bright_"))
