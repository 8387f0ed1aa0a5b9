"""`akrun test`: the cases of `*.test.yaml` files, run against mocked services in virtual time."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from akrun.cli.options import SettingFlags, flags_option
from akrun.cli.timeline import render_trace
from akrun.errors import AkrunError
from akrun.model.settings import Settings, load_settings
from aktmpl.cli.example import example

if TYPE_CHECKING:
    from akrun.testkit.suite import FileReport, Selection


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be shown and written besides the results."""

    verbose: bool
    junit: Path | None
    coverage: Path | None


def _processes(_: click.Context, __: click.Parameter, value: str) -> int | None:
    if value == "auto":
        return None
    if not value.isdecimal() or not 1 <= int(value) <= 256:
        raise click.BadParameter("a number from 1 to 256, or auto")
    return int(value)


@click.command(epilog=example("akrun test examples/sms --coverage coverage.html"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "words", default="", metavar="TEXT", help="Only cases whose file or name has this text.")
@click.option("-x", "first", is_flag=True, help="Stop at the first case that fails.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Name every case, and show the traces of those that fail."
)
@click.option(
    "-n", "processes", default="auto", callback=_processes, help="Processes; auto judges by the cases."
)
@click.option("--watch", is_flag=True, help="Run again whenever a file of the tests changes.")
@click.option(
    "--record", is_flag=True, help="Ask the real service where no mock answers, and write mocks of it."
)
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="JUnit XML file to write.")
@click.option("--coverage", type=click.Path(dir_okay=False, path_type=Path), help="HTML file to write.")
@flags_option
def test(  # noqa: PLR0913, PLR0917 - one parameter per option
    paths: tuple[Path, ...],
    words: str,
    flags: SettingFlags,
    processes: int | None,
    junit: Path | None,
    coverage: Path | None,
    *,
    first: bool,
    verbose: bool,
    watch: bool,
    record: bool,
) -> None:
    """Run the cases of the test files in PATHS: files, or folders that are searched (default: this one).

    Nothing reaches the network, and no case waits: time is virtual. Exit codes: 0 all passed, 1 some failed
    or there are none, 2 wrong usage.
    """
    from akrun.testkit.load import find_tests  # noqa: PLC0415 - help and completion stay quick
    from akrun.testkit.suite import Selection  # noqa: PLC0415

    if watch and record:
        raise click.UsageError("--watch and --record exclude each other")
    chosen = paths or (Path(),)
    wish = _Wish(verbose, junit, coverage)
    selection = Selection(words, first, processes)
    if record:
        settings = load_settings(flags.config, flags.given)
        sys.exit(_record(find_tests(chosen), selection, settings))
    passed = _run(find_tests(chosen), selection, wish)
    if not watch:
        sys.exit(0 if passed else 1)
    _watch(lambda: find_tests(chosen), lambda files: _run(files, selection, wish))


def _run(files: Sequence[Path], selection: "Selection", wish: _Wish) -> bool:
    """Run the cases, print what came of them; whether all passed."""
    from akrun.testkit import report as text  # noqa: PLC0415
    from akrun.testkit.suite import coverage_of, run_suite  # noqa: PLC0415

    begun = time.perf_counter()
    reports: list[FileReport] = []
    for report in run_suite(files, selection):
        reports.append(report)
        _print_file(report, verbose=wish.verbose)
    for report in reports:
        _print_lines(text.failures(report))
        if wish.verbose:
            _print_traces(report)
    if not reports:
        raise AkrunError(_nothing(files, selection.words))
    found = coverage_of(reports)
    click.echo()
    passed = all(report.passed for report in reports)
    if not selection.words and not selection.first:
        _print_lines(text.coverage_lines(found, places=passed))
    line = text.summary(reports, time.perf_counter() - begun)
    click.secho(line, fg="green" if passed else "red", bold=True)
    _write(wish, reports)
    return passed


def _write(wish: _Wish, reports: "Sequence[FileReport]") -> None:
    from akrun.testkit.coverage_page import write_page  # noqa: PLC0415
    from akrun.testkit.junit import write_junit  # noqa: PLC0415
    from akrun.testkit.suite import coverage_of  # noqa: PLC0415

    try:
        if wish.junit is not None:
            write_junit(reports, wish.junit)
        if wish.coverage is not None:
            write_page(coverage_of(reports), wish.coverage)
    except OSError as error:
        raise AkrunError(f"{error.filename}: {error.strerror}") from error


def _nothing(files: Sequence[Path], words: str) -> str:
    if not files:
        return "there are no tests here: a test file is named <channel>.test.yaml"
    return f"no case has {words!r} in its file's path or its name"


def _print_file(report: "FileReport", *, verbose: bool) -> None:
    from akrun.testkit.report import file_line  # noqa: PLC0415

    click.secho(file_line(report), fg=None if report.passed else "red")
    if verbose:
        for each in report.results:
            mark = click.style("passed", fg="green") if each.passed else click.style(each.state, fg="red")
            click.echo(f"  {mark} {each.name} ({each.seconds * 1000:.0f} ms)")


def _print_lines(lines: Any) -> None:
    for line in lines:
        start = line.strip()[:2]
        colour = {"- ": "red", "+ ": "green"}.get(start)
        click.secho(line, fg=colour, bold=line.startswith("FAILED"))


def _print_traces(report: "FileReport") -> None:
    console = Console()
    for each in report.results:
        for number, (pipeline, trace) in enumerate(each.traces, 1):
            click.secho(f"\n{each.name}: run {number}, {pipeline}", bold=True)
            console.print(render_trace(trace))


def _watch(find: Callable[[], list[Path]], run: Callable[[list[Path]], Any]) -> None:
    from akrun.testkit.watch import changes, watched  # noqa: PLC0415

    for changed in changes(lambda: watched(find())):
        click.clear()
        click.echo(f"changed: {', '.join(sorted(map(str, changed)))}\n")
        try:
            run(find())
        except AkrunError as error:
            click.echo(str(error), err=True)


def _record(files: Sequence[Path], selection: "Selection", settings: Settings) -> int:
    from akrun.testkit.record import record_file  # noqa: PLC0415
    from akrun.testkit.report import findings  # noqa: PLC0415

    passed = True
    for path in files:
        for each in record_file(path, selection, settings.http_allow):
            what = "1 mock recorded" if each.mocks == 1 else f"{each.mocks} mocks recorded"
            line = f"{path}:{each.result.line} {each.result.name}: "
            click.echo(line + (what if each.mocks else "nothing to record"))
            _print_lines(findings(path, each.result))
            passed = passed and each.result.passed
    return 0 if passed else 1
