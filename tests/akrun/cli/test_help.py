"""What `akrun` says of its commands, and to somebody who mistypes one."""

from click.testing import CliRunner

from akrun.cli import COMMANDS, main


def test_help_shows_the_first_sentence_of_every_command_whole() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "..." not in shown.replace("[ARGS]...", "")
    commands = shown.partition("Commands:\n")[2]
    assert all(f"\n  {name} " in f"\n{commands}" for name in COMMANDS)


def test_a_mistyped_command_gets_the_nearest_one() -> None:
    ran = CliRunner().invoke(main, ["lnt"])
    assert (ran.exit_code, ran.output.splitlines()[-1]) == (
        2,
        "Error: there is no command `lnt`; did you mean `lint`?",
    )
    assert "No such command 'xyzzy'" in CliRunner().invoke(main, ["xyzzy"]).output
