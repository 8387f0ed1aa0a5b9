"""Test files read: the cases with what their file's defaults add, and where each part of them is written."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from akrun.errors import Fault, FileFaults
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument, lone_fault, parse_located, read_text
from akrun.model.positions import to_pointer
from akrun.testkit import codes
from akrun.testkit.compare import is_path
from akrun.testkit.format.cases import Case, CaseFile, Setup
from akrun.testkit.json_path import JsonPath
from akrun.testkit.matchers import TAGS, fault_of
from aktmpl.source import locate

SUFFIXES: Final = (".test.yaml", ".test.yml", ".test.json")
"""What the names of test files end with."""

_CODES: Final = {
    "C201": codes.KEY_MISSING,
    "C202": codes.KEY_UNKNOWN,
    "C203": codes.WRONG_TYPE,
    "C204": codes.WRONG_VALUE,
}
"""The same faults in channels and in test files."""
_SKIPPED: Final = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """A case, ready to be run.

    Attributes:
        case: as it is written.
        setup: what it begins with, its file's defaults included.
        index: its place in the file.
        line: of the file, from 1.
    """

    case: Case
    setup: Setup
    index: int
    line: int

    @property
    def name(self) -> str:
        """The case's name."""
        return self.case.name


@dataclass(frozen=True, slots=True)
class Loaded:
    """A test file.

    Attributes:
        path: as it was given.
        document: the file with its places.
        model: the file as it is written.
        cases: in their order.
    """

    path: Path
    document: LocatedDocument = field(repr=False)
    model: CaseFile = field(repr=False)
    cases: tuple[LoadedCase, ...] = field(repr=False)

    @property
    def channel_path(self) -> Path:
        """The channel's file."""
        return self.beside(self.model.channel)

    def beside(self, name: str) -> Path:
        """A file that is named as seen from the test's folder."""
        return Path(os.path.normpath(self.path.parent / name))

    def fault(
        self, message: str, *at: str | int, hint: str | None = None, code: str = codes.REFERENCE
    ) -> Fault:
        """A fault of the part at this path of the file."""
        return Fault(code, message, hint, self.document.source, self.document.first_line(to_pointer(at)))


def find_tests(paths: tuple[Path, ...]) -> list[Path]:
    """The test files among these files and in these folders, in alphabetical order, each once.

    Raises:
        FileFaults: a path leads nowhere, or to a file that is no test file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(
                    each for each in folders if each not in _SKIPPED and not each.startswith(".")
                )
                found |= dict.fromkeys(Path(folder, name) for name in sorted(names) if is_test(name))
        elif not path.exists():
            raise lone_fault(str(path), "C101", "there is no such file")
        elif not is_test(path.name):
            raise lone_fault(str(path), "C102", "this is no test file", "name it <channel>.test.yaml")
        else:
            found[path] = None
    return list(found)


def is_test(name: str) -> bool:
    """Whether a file of this name is a test file."""
    return name.endswith(SUFFIXES)


def load_tests(path: str | Path) -> Loaded:
    """Read a test file.

    Raises:
        FileFaults: every fault of the file; those of its channel and mailings show when it is run.
    """
    path = Path(path)
    return parse_tests(read_text(path), path, is_json=path.suffix == ".json")


def parse_tests(text: str, path: Path, *, is_json: bool = False) -> Loaded:
    """The same of a text that is there already; raises FileFaults."""
    document, syntax = parse_located(text, str(path), is_json=is_json, tags=TAGS)
    faults = [*syntax, *_matcher_faults(document)]
    model: CaseFile | None = None
    try:
        model = CaseFile.model_validate(document.value)
    except ValidationError as error:
        faults += [
            replace(each, code=_CODES.get(each.code, each.code)) for each in faults_of(error, document)
        ]
    if model is None or faults:
        raise FileFaults(faults)
    cases = tuple(
        LoadedCase(case, case.over(model.defaults), index, _line(document, index))
        for index, case in enumerate(model.cases)
    )
    return Loaded(path, document, model, cases)


def _line(document: LocatedDocument, index: int) -> int:
    return locate(document.source, document.span(f"/cases/{index}"))[1]


def _matcher_faults(document: LocatedDocument) -> Iterator[Fault]:
    """Faults of matchers' arguments, and of JSON paths, wherever they stand."""
    for at, value in _parts(document.value, ()):
        for key in value:
            if key in TAGS and len(value) == 1:
                wrong = fault_of(key, value[key])
                if wrong is not None:
                    yield document.fault(codes.MATCHER, f"`{key}`: {wrong}", to_pointer((*at, key)))
            elif is_path(key):
                try:
                    JsonPath.parse(key)
                except ValueError as error:
                    yield document.fault(codes.MATCHER, str(error), to_pointer((*at, key)), key=True)


def _parts(value: Any, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every object in a JSON value, with its path."""
    if isinstance(value, dict):
        yield at, value
        for key, each in value.items():
            yield from _parts(each, (*at, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _parts(each, (*at, index))
