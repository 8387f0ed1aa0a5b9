"""Reads and writes the language cases: files of templates with the data they get and what comes of it.

A file holds cases; a case is a title and fields:

    === a full stop after a path is text
    scope: {"in": {"name": "Ann"}}
    text: Hello $in.name.
    gives: Hello Ann.

A field's value is the rest of its line, or the following lines that begin with `|` (and a blank, which does
not count). A name with `!` has its value as JSON, for characters that no editor should have to show.

    text, query, document, sql   the template, of that kind; a document is JSON
    scope                        JSON: root names and their values; {} when there is none
    roots, limits                JSON: what the environment has instead of its defaults
    schema                       JSON: types of the roots
    known                        JSON: roots to specialise with, beside the scope
    without                      JSON: modules that are not installed
    stack                        JSON: how many calls the host's stack has room for

    gives                        the text that comes of it
    value                        JSON: the value, with its type
    json                         the bytes of the document
    leaves                       what specialising with `known` leaves, unparsed
    error                        the frames of all faults
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "language"
KINDS = ("text", "query", "document", "sql")
RESULTS = ("gives", "value", "json", "leaves", "error")
_FIELDS = (*KINDS, "scope", "roots", "limits", "schema", "known", "without", "stack", *RESULTS)


@dataclass
class Case:
    """One case; `fields` in the order of the file."""

    title: str
    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    escaped: set[str] = field(default_factory=set, compare=False)
    comments: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}: {self.title}"

    @property
    def kind(self) -> str:
        return next(name for name in KINDS if name in self.fields)

    @property
    def template(self) -> Any:
        text = self.fields[self.kind]
        return json.loads(text) if self.kind == "document" else text

    def loaded(self, name: str, default: Any) -> Any:
        return json.loads(self.fields[name]) if name in self.fields else default

    @property
    def expected(self) -> dict[str, str]:
        return {name: self.fields[name] for name in RESULTS if name in self.fields}


def files() -> list[Path]:
    return sorted(FOLDER.rglob("*.txt"))


def cases() -> list[Case]:
    return [case for path in files() for case in read(path)]


def read(path: Path) -> list[Case]:
    """The cases of a file; whatever stands there that is no case is an error."""
    found: list[Case] = []
    comments: list[str] = []
    name, block = "", [""]
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("=== "):
            found.append(Case(line[4:], path, comments=comments))
            comments, name = [], ""
        elif line.startswith("#"):
            comments.append(line)
        elif line.startswith("|"):
            assert name, f"{path}:{number}: a line of no field"
            block.append(line[2:])
            found[-1].fields[name] = "\n".join(block)
        elif line:
            label, colon, value = line.partition(":")
            name, block = label.removesuffix("!"), []
            assert colon, f"{path}:{number}: no field"
            assert name in _FIELDS, f"{path}:{number}: no field is named {name}"
            assert name not in found[-1].fields, f"{path}:{number}: a second {name}"
            found[-1].fields[name] = json.loads(value) if label.endswith("!") else value.removeprefix(" ")
            if label.endswith("!"):
                found[-1].escaped.add(name)
    assert not comments, f"{path}: a comment stands before no case"
    return found


def write(path: Path, found: list[Case]) -> None:
    path.write_text("\n".join(_lines(found)), encoding="utf-8")


def _lines(found: list[Case]) -> Iterator[str]:
    for position, case in enumerate(found):
        if position:
            yield ""
        yield from case.comments
        yield f"=== {case.title}"
        for name, value in case.fields.items():
            if name in case.escaped or not _plain(value):
                yield f"{name}!: {json.dumps(value, ensure_ascii=True)}"
            elif "\n" in value:
                yield f"{name}:"
                yield from (f"| {line}".rstrip() for line in value.split("\n"))
            else:
                yield f"{name}: {value}".rstrip()
    yield ""


def _plain(value: str) -> bool:
    lines = value.split("\n")
    return all(line.isprintable() and line == line.rstrip() for line in lines) and bool(
        lines[0] or len(lines) == 1
    )


def recording() -> bool:
    """Whether what comes of the cases shall be written into the files instead of compared."""
    return bool(os.environ.get("RECORD_LANGUAGE"))
