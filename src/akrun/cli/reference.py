"""The reference page of both commands, written from what they say of themselves.

python -m akrun.cli.reference > docs/cli.md
"""

import re
import sys
from collections.abc import Iterator
from textwrap import fill
from typing import Final

import click

import akrun.cli
import aktmpl.cli
from akrun.cli.options import settings_option
from aktmpl.cli.example import example_of

GROUPS: Final = {
    "Writing channels": ("new", "lint", "test", "graph", "pipes", "channels", "schema", "lsp"),
    "Sending": ("send", "report", "history", "trace", "rerun", "dead", "entity"),
    "Serving": ("serve", "worker", "top", "mailing", "token", "migrate"),
    "The installation": ("doctor", "demo", "demo-gateway"),
}
"""The commands of akrun in the page's order."""

_HEAD: Final = """\
# Commands

<!-- Written by `python -m akrun.cli.reference`; a test compares it with the commands. -->

There are two: `akrun` runs channels, `aktmpl` tries templates. `akrun COMMAND --help` prints what stands
here. Completion for bash, zsh and fish is click's: `_AKRUN_COMPLETE=bash_source akrun` prints the script.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed: the reason is on standard error; of a command that looks for faults: it found some |
| 2 | wrong usage |
| 130 | interrupted |

Where a command has others, its section says so.
"""


@click.command()
@settings_option
def _with_settings() -> None:
    """Hold the options of settings alone."""


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *_settings(), *_akrun(), *_aktmpl()])


def _settings() -> Iterator[str]:
    yield "## Options of settings\n"
    yield "Commands that work on a data directory have these; [settings](configuration.md) has them all.\n"
    yield from _options(_SHARED)


_SHARED: Final = tuple(each for each in _with_settings.params if isinstance(each, click.Option))
_SHARED_NAMES: Final = frozenset(each.opts[0] for each in _SHARED)


def _akrun() -> Iterator[str]:
    group = akrun.cli.main
    context = click.Context(group, info_name="akrun")
    left = set(group.list_commands(context))
    for title, names in GROUPS.items():
        yield f"## {title}\n"
        for name in names:
            yield from _command(group.get_command(context, name), f"akrun {name}")
        left -= set(names)
    if left:
        raise LookupError(f"commands without a group: {sorted(left)}")


def _aktmpl() -> Iterator[str]:
    group = aktmpl.cli.main
    context = click.Context(group, info_name="aktmpl")
    yield "## Templates\n"
    for name in group.list_commands(context):
        yield from _command(group.get_command(context, name), f"aktmpl {name}")


def _command(command: click.Command | None, name: str) -> Iterator[str]:
    """The sections of a command, and of those below it."""
    if command is None:
        raise LookupError(f"there is no command {name}")
    context = click.Context(command, info_name=name)
    yield f"### {name}\n"
    if isinstance(command, click.Group):
        yield f"{_text(command)}\n"
        for below in command.list_commands(context):
            yield from _command(command.get_command(context, below), f"{name} {below}")
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```sh\n{name} {usage}\n```\n"
    yield f"{_text(command)}\n"
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    own = [each for each in options if each.opts[0] not in _SHARED_NAMES]
    if own:
        yield from _options(tuple(own))
    if len(own) < len(options):
        yield "And the [options of settings](#options-of-settings).\n"
    if (shown := example_of(command.epilog)) is not None:
        yield f"```sh\n{shown}\n```\n"


def _text(command: click.Command) -> str:
    """A command's help in paragraphs."""
    paragraphs = re.split(r"\n\s*\n", (command.help or "").strip())
    lines = (" ".join(each.split()).replace("<", "&lt;") for each in paragraphs)
    return "\n\n".join(fill(each, 110, break_on_hyphens=False, break_long_words=False) for each in lines)


def _options(options: tuple[click.Option, ...]) -> Iterator[str]:
    context = click.Context(_with_settings)
    yield "| option | meaning |"
    yield "|---|---|"
    for each in options:
        yield f"| {_written(each, context)} | {_meaning(each, context)} |"
    yield ""


def _written(option: click.Option, context: click.Context) -> str:
    """How an option is written, with what it takes."""
    names = [f"`{name}`" for name in option.opts]
    if not (option.is_flag or option.count):
        names[-1] = f"`{option.opts[-1]} {option.make_metavar(context)}`".replace("|", r"\|")
    return ", ".join([*names, *(f"`{name}`" for name in option.secondary_opts)])


def _meaning(option: click.Option, context: click.Context) -> str:
    """What an option does, and what its help says in brackets in words."""
    text = " ".join((option.help or "").split())
    plain, _, bracketed = text.partition(" [")
    notes = [note for note in bracketed.rstrip("]").split("; ") if note]
    extra = option.get_help_extra(context)
    notes += [f"env var: {name}" for name in extra.get("envvars", ())]
    notes += [f"default: {extra['default']}"] if "default" in extra else []
    notes += [extra["range"]] if "range" in extra else []
    notes += ["required"] if option.required else []
    notes += ["may be repeated"] if option.multiple else []
    written = "; ".join(_note(note) for note in notes)
    return f"{plain.strip()}{f' ({written})' if written else ''}".replace("|", r"\|").replace("<", "&lt;")


def _note(note: str) -> str:
    kind, colon, value = note.partition(": ")
    words = {"env var": "environment", "setting": "setting", "default": "default"}
    return f"{words[kind]}: `{value}`" if colon and kind in words else note


if __name__ == "__main__":
    sys.stdout.write(page())
