"""A page's examples held to what the page says of them."""

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Final

from tests.docs import data_blocks, language_blocks, python_blocks, session, synopses
from tests.docs.blocks import INDENTED, Block, Page, read_page
from tests.docs.pages import name_of
from tests.docs.steady import agrees

SYNOPSES: Final = (INDENTED, "sh")
DRAWINGS: Final = ("mermaid",)
RUN: Final = ("console", "python", *data_blocks.LANGUAGES, *language_blocks.LANGUAGES)


def excused(page: Page) -> Iterator[tuple[Block, str]]:
    """The blocks that nobody runs, and why."""
    for block in page.blocks:
        if (reason := block.marked("not run")) is not None:
            yield block, reason


def unattended(page: Page) -> Iterator[str]:
    """The blocks that nobody runs and nobody has excused."""
    for block in page.blocks:
        if not _is_told(block) and block.language not in (*RUN, *SYNOPSES, *DRAWINGS):
            yield f"line {block.line}: say by a mark what this is, or why it is not run"


def of_languages(page: Page, folder: Path) -> list[str]:
    """Faults of templates, data, Python and synopses."""
    own = [block for block in page.blocks if block.marked("not run") is None]
    found = language_blocks.faults(own)
    for block in own:
        if block.language in data_blocks.LANGUAGES and not _is_told(block):
            fault = data_blocks.fault(block, folder)
            found += [] if fault is None else [f"line {block.line}: {fault}"]
        elif block.language in SYNOPSES and not _is_told(block):
            found += [f"line {block.line}: {fault}" for fault in synopses.faults(block.text)]
    programs = [block for block in own if block.language == "python" and not _is_told(block)]
    if programs:
        session.furnish(folder, (block for block in own if block.marked("file") is not None))
        with chdir(folder):
            found += python_blocks.faults(programs, page.path)
    return found


def of_session(page: Page, folder: Path) -> list[str]:
    """Commands that print something else than the page says, or fail in silence."""
    listed = session.steps(page)
    found: list[str] = []
    for step, printed in zip(listed, session.run(listed, folder), strict=True):
        where = f"{step.page.name}, line {step.line}: {step.command}"
        if step.shown is None or not step.shown.strip():
            if printed.code:
                found.append(f"{where}\nended with {printed.code}:\n{printed.output}")
            elif step.shown is not None and printed.output.strip():
                found.append(f"{where}\nprints what is not shown:\n{printed.output}")
        elif not agrees(step.shown, printed.output):
            found.append(f"{where}\nshown:\n{step.shown}\nprinted:\n{printed.output}")
    return found


def ends_of_sessions(paths: tuple[Path, ...]) -> list[Path]:
    """The pages with commands that no other page goes on from."""
    pages = [read_page(path) for path in paths]
    begun = {session.continued(page) for page in pages}
    return [page.path for page in pages if session.steps(page) and page.path.resolve() not in begun]


def _is_told(block: Block) -> bool:
    return any(block.marked(kind) is not None for kind in ("not run", "output", "file"))


def list_of_excuses(paths: tuple[Path, ...]) -> str:
    """What is not run, and why: a section for each page that has such blocks."""
    told = [
        "# What the documentation shows and no test runs",
        "<!-- Written by `python -m tests.docs --excuses`; a test compares it with the pages. -->",
    ]
    for path in paths:
        listed = [
            f"* `{block.text.splitlines()[0].strip()}`: {why}" for block, why in excused(read_page(path))
        ]
        if listed:
            told.append(f"## {name_of(path)}\n\n" + "\n".join(listed))
    return "\n\n".join(told) + "\n"
