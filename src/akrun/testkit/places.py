"""Faults of values that a test file sets, shown where the file sets them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from akrun.errors import Fault, FileFaults
from akrun.model.positions import to_pointer
from akrun.testkit.load import Loaded, LoadedCase

_SET = "--set"
"""What such faults call their place: elsewhere these values come from the command line."""


@contextmanager
def relocated(loaded: Loaded, case: LoadedCase) -> Iterator[None]:
    """Faults that are raised in the block get their place in the file."""
    try:
        yield
    except FileFaults as error:
        moved = [
            _moved(each, loaded, case) if isinstance(each, Fault) and each.source.name == _SET else each
            for each in error.faults
        ]
        raise FileFaults(moved, error.omitted) from None


def _moved(fault: Fault, loaded: Loaded, case: LoadedCase) -> Fault:
    dotted = fault.source.text
    own = next((name for name in case.case.set if _covers(name, dotted)), None)
    base: tuple[str | int, ...] = ("cases", case.index, "set") if own else ("defaults", "set")
    given = case.case.set if own else loaded.model.defaults.set
    name = next((each for each in given if _covers(each, dotted)), None)
    if name is None:
        return fault
    rest = dotted.removeprefix(name).removeprefix(".")
    pointer = to_pointer((*base, name, *([rest] if rest else [])))
    span = loaded.document.first_line(pointer)
    return replace(fault, source=loaded.document.source, span=span)


def _covers(name: str, dotted: str) -> bool:
    return dotted == name or dotted.startswith(name + ".")
