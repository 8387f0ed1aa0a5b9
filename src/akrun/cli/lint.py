"""`akrun lint`: what is wrong with channels, without running them."""

import difflib
import os
import sys
from collections.abc import Sequence

import click

from akrun.lint import Finding, Selection, check_channel, fixed
from akrun.lint.files import STDIN, Input, UnusableInputError, inputs
from akrun.lint.formats import FORMATS
from akrun.lint.formats.text import render as as_text
from aktmpl.cli.example import example

_BOM = "\ufeff".encode()


def _codes(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.strip().upper() for each in given for code in each.split(",") if code.strip())


@click.command(epilog=example("akrun lint --strict examples"))
@click.argument("paths", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="How findings are printed.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors do.")
@click.option(
    "--select", multiple=True, callback=_codes, metavar="IDS", help="Only these: L2,W (beginnings of ids)."
)
@click.option("--ignore", multiple=True, callback=_codes, metavar="IDS", help="Not these.")
@click.option("--fix", is_flag=True, help="Mend in the files what can be mended for certain.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
def lint(  # noqa: PLR0913 - one parameter per option
    paths: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    *,
    strict: bool,
    fix: bool,
    diff: bool,
) -> None:
    """Say what is wrong with channels: files, folders (all channels in them), or `-` for standard input.

    Without PATHS the working directory is looked through. Every fault that keeps a channel from running is
    told, and mistakes that would show only with data; docs/lint.md has a section on each. A finding that is
    right as it is can be allowed in the file: "lint": {"allow": {"L404": "why"}} in the channel or a pipe.

    Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 nothing that could be looked at.
    """  # fmt: skip
    selection = Selection(select, ignore)
    try:
        found = inputs(paths or (".",), sys.stdin.buffer.read() if STDIN in paths else b"")
    except UnusableInputError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    if diff:
        for each in found:
            click.echo(_diff(each, selection), nl=False)
        return
    if fix:
        found = [_mend(each, selection) for each in found]
    findings = [
        finding
        for each in found
        for finding in selection.of(check_channel(each.text, each.name, is_json=each.is_json))
    ]
    click.echo(_rendered(findings, len(found), form))
    failing = ("error", "warning") if strict else ("error",)
    sys.exit(any(each.severity in failing for each in findings))


def _rendered(findings: Sequence[Finding], files: int, form: str) -> str:
    if form != "text":
        return FORMATS[form](findings)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return as_text(findings, files, colour=colour)


def _mend(each: Input, selection: Selection) -> Input:
    """The file as it is after mending, which is written back."""
    if each.path is None:
        raise click.UsageError("--fix needs files: standard input cannot be mended; see --diff")
    text, count = fixed(each.text, each.name, is_json=each.is_json, selection=selection)
    if not count:
        return each
    mark = _BOM if each.path.read_bytes().startswith(_BOM) else b""
    each.path.write_bytes(mark + text.encode())
    click.echo(f"{each.name}: mended {count}", err=True)
    return Input(each.name, text, each.is_json, each.path)


def _diff(each: Input, selection: Selection) -> str:
    text, _ = fixed(each.text, each.name, is_json=each.is_json, selection=selection)
    before, after = each.text.splitlines(keepends=True), text.splitlines(keepends=True)
    rows = difflib.unified_diff(before, after, each.name, each.name)
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)
