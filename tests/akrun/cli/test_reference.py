"""The page of the commands is what the commands say."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import akrun.cli
import aktmpl.cli
from akrun.cli.reference import page
from aktmpl.cli.example import example, example_of

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
WITHOUT_EXAMPLE = {"akrun lsp", "akrun demo", "aktmpl lsp"}


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, by their full names."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        assert found is not None
        yield from commands(found, f"{name} {below}")


COMMANDS = dict([*commands(akrun.cli.main, "akrun"), *commands(aktmpl.cli.main, "aktmpl")])


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m akrun.cli.reference > docs/cli.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_has_every_option_and_an_example(name: str) -> None:
    command = COMMANDS[name]
    section = page().partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    has_settings = "[options of settings](#options-of-settings)" in section
    for each in command.params:
        if isinstance(each, click.Argument):
            assert each.make_metavar(click.Context(command)) in section
        elif isinstance(each, click.Option) and each.hidden:
            assert f"`{each.opts[0]}" not in section
        elif not (has_settings and each.opts[0] in ("--data", "--backend", "--config", "-o")):
            assert f"| `{each.opts[0]}" in section
    assert (example_of(command.epilog) is None) is (name in WITHOUT_EXAMPLE)
    assert section.count("```sh\n") == (1 if name in WITHOUT_EXAMPLE else 2)


def test_an_example_stands_in_the_help() -> None:
    command = click.Command("send", epilog=example("akrun send a.json b.json --dry-run"))
    assert command.get_help(click.Context(command)).endswith(
        "\n\n  Example:\n    akrun send a.json b.json --dry-run"
    )
    assert example_of(command.epilog) == "akrun send a.json b.json --dry-run"


def test_an_epilog_that_is_no_example() -> None:
    assert example_of(None) is None
    assert example_of("See also.") is None
