"""Completion: what can stand at the end of a line, with its type or meaning."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aktmpl.functions.function import Function
from aktmpl.repl.commands import COMMANDS, split_command
from aktmpl.repl.scan import Kind, Position, scan
from aktmpl.repl.session import Session
from aktmpl.schema import ANY, Type

_PATH = r"[^\W\d]\w*(?:\??\.(?:%-?\d*|\w*))*"
_BARE_PATH = re.compile(rf"\$[#$]?({_PATH})?\Z")
_EXPRESSION_PATH = re.compile(rf"(?:(?<=\$)|(?<![\w.%])){_PATH}\Z")
_ELEMENT_PATH = re.compile(r"\[\$#?\]((?:%-?\d*|\w*)(?:\.(?:%-?\d*|\w*))*)\Z")
_AFTER_PIPE = re.compile(r"(?<!\|)\|\s*(\w*)\Z")
_WORD = re.compile(r"\w+\Z")
_NAMED = re.compile(r"(\w+)\s*=(?!=)")


class Known(Protocol):
    """What completion knows of the data."""

    @property
    def roots(self) -> Sequence[str]:
        """Names that a path can begin with."""
        ...

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions by name."""
        ...

    def type_of(self, root: str) -> Type:
        """What is known of a root; of `item`, of the elements of the expansion around the text."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on.

    Attributes:
        text: What takes the place of the last `replaced` characters.
        replaced: How many characters it replaces.
        meaning: Its type, or a few words.
    """

    text: str
    replaced: int
    meaning: str


def candidates(session: Session, before: str) -> list[Candidate]:
    """What can stand at the end of `before`, the text up to the cursor."""
    command, argument = split_command(before)
    if command is None:
        if before.startswith(":"):
            return _starting(before, {f":{name}": each.meaning for name, each in COMMANDS.items()})
        return list(in_template(session, before, session.kind))
    match COMMANDS[command].argument:
        case "FILE":
            return list(_files(argument))
        case "ROOT JSON":
            known = {} if " " in argument else {root: str(session.type_of(root)) for root in session.roots}
            return _starting(argument, known)
        case "NAME":
            known = {name: each.doc for name, each in session.functions.items()}
            return _starting(argument, known | {f":{name}": each.meaning for name, each in COMMANDS.items()})
    return list(in_template(session, argument, session.kind_of(command)))


def in_template(known: Known, text: str, kind: Kind) -> Iterator[Candidate]:
    """What can stand at the end of `text`, the part of a template up to the cursor."""
    position = scan(text, kind)
    if not position.expression or position.string:
        if path := _BARE_PATH.search(text):
            yield from _path(known, path[1] or "", quoted=False)
        elif path := _ELEMENT_PATH.search(text):
            yield from _path(known, f"item.{path[1]}", quoted=False)
        return
    if pipe := _AFTER_PIPE.search(text):
        yield from _functions(known, pipe[1])
        return
    path = _EXPRESSION_PATH.search(text)
    yield from _path(known, path.group() if path else "", quoted=True)
    word = _WORD.search(text)
    if not path or "." not in path.group():
        yield from _parameters(known, position, word.group() if word else "")
        yield from _functions(known, word.group() if word else "")


def _path(known: Known, path: str, *, quoted: bool) -> Iterator[Candidate]:
    """Roots, or the fields of what the path leads to so far."""
    *names, last = re.split(r"\??\.", path)
    if not names:
        yield from _starting(last, {root: str(known.type_of(root)) for root in known.roots})
        return
    here = known.type_of(names[0])
    for name in names[1:]:
        here = _step(here, name)
    for name, field in here.fields.items():
        text = name if re.fullmatch(r"\w+", name) else f"'{name}'"
        if name.startswith(last) and (quoted or text == name):
            yield Candidate(text, len(last), str(field.type) + (", may be missing" if field.optional else ""))
    if "list" in here.kinds and not here.is_unknown:
        yield from _starting(last, {"%0": str(here.element), "%-1": str(here.element)})


def _step(here: Type, name: str) -> Type:
    if name.startswith("%"):
        return here.element
    member = here.member(name)
    return member.type if member else ANY


def _functions(known: Known, word: str) -> list[Candidate]:
    return _starting(word, {name: each.doc for name, each in known.functions.items()})


def _parameters(known: Known, position: Position, word: str) -> list[Candidate]:
    """The parameters of the function whose arguments these are, without those that are given by name."""
    function = known.functions.get(position.call)
    if function is None:
        return []
    given = set(_NAMED.findall(position.arguments))
    open_ones = [each for each in function.parameters if each.name not in given and not each.variadic]
    return _starting(word, {f"{each.name}=": str(each.type) for each in open_ones})


def _files(start: str) -> Iterator[Candidate]:
    """Files and folders that the path begins."""
    folder, _, name = start.rpartition("/")
    try:
        entries = sorted(Path(folder or ("/" if start.startswith("/") else ".")).expanduser().iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith(".")):
            text = f"{entry.name}/" if entry.is_dir() else entry.name
            yield Candidate(text, len(name), "folder" if entry.is_dir() else "file")


def _starting(word: str, known: dict[str, str]) -> list[Candidate]:
    return [Candidate(name, len(word), meaning) for name, meaning in known.items() if name.startswith(word)]
