"""The commands of the prompt: their names, what they take, what they do."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        argument: What it takes, as `:help` shows it.
        meaning: What it does.
    """

    argument: str
    meaning: str


COMMANDS: Final = MappingProxyType(
    {
        "load": Command("FILE", "add the roots in a JSON or YAML file to the data"),
        "set": Command("ROOT JSON", "set one root; alone, show all"),
        "channel": Command("FILE", "take types and defaults from a channel's fields"),
        "text": Command("[TEXT]", "render a text; alone, take lines as texts"),
        "doc": Command("[JSON]", "render a document; alone, take lines as documents"),
        "query": Command("[CONDITION]", "evaluate a condition; alone, take lines as conditions"),
        "type": Command("[EXPRESSION]", "the type that an expression has by what is known of the data"),
        "ast": Command("[TEMPLATE]", "the nodes of a template"),
        "code": Command("[TEMPLATE]", "the Python that a template compiles to"),
        "refs": Command("[TEMPLATE]", "the paths that a template reads"),
        "time": Command("[TEMPLATE]", "how long compiling and rendering take"),
        "help": Command("NAME", "what a command or a function does; alone, list the commands"),
        "quit": Command("", "leave (or Ctrl-D)"),
    }
)
"""Commands by name. Those that take a template use the last one when they stand alone."""


def split_command(line: str) -> tuple[str | None, str]:
    """The command that a line begins with and the rest; None and the line when there is no whole one."""
    if not line.startswith(":"):
        return None, line
    name, space, rest = line[1:].partition(" ")
    return (name, rest) if space and name in COMMANDS else (None, line)


def overview() -> str:
    """All commands, and how lines are taken."""
    calls = {f":{name} {each.argument}".rstrip(): each.meaning for name, each in COMMANDS.items()}
    width = max(map(len, calls))
    lines = [f"{call:<{width}}  {meaning}" for call, meaning in calls.items()]
    return "\n".join(
        [
            *lines,
            "",
            "Any other line is a template of the kind chosen last, at first a text: $in.name, ${in.n + 1}.",
            "An open bracket continues on the next line; an empty line ends it. Tab completes.",
        ]
    )
