"""Runs the examples of pages and shows what differs: `python -m tests.docs docs/serving.md`.

`--update` writes what commands print into the page; `--excuses` prints the list of what is not run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs import examples, session
from tests.docs.blocks import Page, read_page
from tests.docs.pages import PAGES
from tests.docs.steady import agrees


def main(given: Sequence[str] | None = None) -> int:
    """The exit code: 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs", description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="Markdown files; all when none is named")
    parser.add_argument("--update", action="store_true", help="write what commands print into the page")
    parser.add_argument("--excuses", action="store_true", help="print the list of what is not run")
    args = parser.parse_args(given)
    if args.excuses:
        sys.stdout.write(examples.list_of_excuses(PAGES))
        return 0
    told = 0
    for path in args.pages or PAGES:
        for fault in _faults(read_page(path.resolve()), update=args.update):
            told += 1
            sys.stdout.write(f"{path}: {fault}\n\n")
    return int(told > 0)


def _faults(page: Page, *, update: bool) -> list[str]:
    found = list(examples.unattended(page))
    with TemporaryDirectory() as folder:
        found += examples.of_languages(page, Path(folder))
    with TemporaryDirectory() as folder:
        if update:
            _write_printed(page, Path(folder))
        elif session.steps(page):
            found += examples.of_session(page, Path(folder))
    return found


def _write_printed(page: Page, folder: Path) -> None:
    """Put what commands print in place of what the page shows, where the two differ."""
    lines = page.path.read_text(encoding="utf-8").splitlines(keepends=True)
    listed = session.steps(page)
    ran = list(zip(listed, session.run(listed, folder), strict=True))
    for step, printed in reversed(ran):
        if step.shown is not None and step.page == page.path and not agrees(step.shown, printed.output):
            first = step.line - 1
            shown = [f"{line.rstrip()}\n" for line in printed.output.splitlines()]
            lines[first : first + step.shown.count("\n")] = shown
    page.path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
