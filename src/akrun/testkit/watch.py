"""Watching files: which have changed since the last look."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from akrun.errors import AkrunError
from akrun.testkit.load import Loaded, load_tests

PERIOD: Final = 0.3
"""Seconds between two looks."""


def watched(tests: Iterable[Path]) -> set[Path]:
    """The test files, and the files that their cases are made of."""
    found: set[Path] = set()
    for path in tests:
        found.add(path)
        try:
            found |= set(_parts(load_tests(path)))
        except AkrunError:
            continue  # it will be looked at again when it has changed
    return found


def _parts(loaded: Loaded) -> Iterator[Path]:
    yield loaded.channel_path
    for case in loaded.cases:
        setup, steps = case.setup, [case.case, *case.case.steps]
        names = [setup.mailing, *(each.script for each in setup.connectors.values())]
        names += [answer.file for mock in setup.http for answer in mock.respond]
        names += [each.audience for each in steps]
        names += [each.callback.file for each in steps if each.callback is not None]
        yield from (loaded.beside(name) for name in names if isinstance(name, str))


def changes(
    files: Callable[[], Iterable[Path]],
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[set[Path]]:
    """Wait for a change, give the files that have changed, and so on for ever.

    Args:
        files: the files to look at, asked anew after each change.
        wait: for some seconds.
    """
    before = _states(files())
    while True:
        wait(PERIOD)
        after = _states(before)
        changed = {path for path, state in after.items() if before[path] != state}
        if changed:
            yield changed
            before = _states(files())


def _states(files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    return {path: _state(path) for path in files}


def _state(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
