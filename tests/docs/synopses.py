"""Synopses that a page shows: their commands, options, targets, extras and paths exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

import akrun.cli
import aktmpl.cli

ROOT: Final = Path(__file__).parents[2]
_GROUPS: Final = {"akrun": akrun.cli.main, "aktmpl": aktmpl.cli.main}
_TARGET: Final = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_TARGETS: Final = frozenset(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
_PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_OPTION: Final = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z])(?![\w-])")


def faults(text: str) -> list[str]:
    """What a block of synopses names that there is not, and lines that are none."""
    return [fault for line in _lines(text) for fault in _faults_of(line)]


def _lines(text: str) -> Iterator[str]:
    """The commands, without comments and continued over lines that are indented or follow a backslash."""
    plain = re.sub(r"(?:^|\s)# .*$", "", text, flags=re.MULTILINE)
    joined = re.sub(r"\s*\\?\n\s+", " ", plain)
    yield from (line.strip() for line in joined.splitlines() if line.strip())


def _faults_of(line: str) -> Iterator[str]:
    words = re.sub(r"^(?:[A-Z_]+=\S+ +)+", "", line).split()
    if words[0] in _GROUPS:
        yield from _faults_of_command(words, line)
    elif words[0] == "make":
        named = set(re.findall(r"\bmake ([a-z][a-z-]*)", line))
        yield from (f"there is no target `{name}`: {line}" for name in sorted(named - _TARGETS))
    elif words[:2] == ["pip", "install"]:
        extras = set(re.findall(r"[a-z]+", "".join(re.findall(r"akrun\[([^\]]+)\]", line))))
        known = set(_PROJECT["optional-dependencies"])
        yield from (f"there is no extra `{name}`: {line}" for name in sorted(extras - known))
    elif words[:2] == ["python", "-m"]:
        module = ROOT / words[2].replace(".", "/")
        if not any(
            base.with_suffix(".py").exists() or (base / "__main__.py").exists() for base in _bases(module)
        ):
            yield f"there is no module `{words[2]}`: {line}"
    elif "/" in words[0]:
        if not (ROOT / words[0]).exists():
            yield f"there is no `{words[0]}`: {line}"
    elif words[0] != "export":
        yield f"neither a synopsis that can be checked nor marked `not run`: {line}"


def _bases(module: Path) -> tuple[Path, Path]:
    """A module at the top of the tree, or in `src`."""
    return module, ROOT / "src" / module.relative_to(ROOT)


def _faults_of_command(words: list[str], line: str) -> Iterator[str]:
    command: click.Command = _GROUPS[words[0]]
    context = click.Context(command)
    options = _options(command, context)
    rest = words[1:]
    while isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
        sub = command.get_command(context, rest[0])
        if sub is None:
            yield f"there is no command `{rest[0]}`: {line}"
            return
        command, rest = sub, rest[1:]
        context = click.Context(command)
        options |= _options(command, context)
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "''", " ".join(rest))
    for option in _OPTION.findall(unquoted):
        if option not in options:
            yield f"there is no option `{option}`: {line}"


def _options(command: click.Command, context: click.Context) -> set[str]:
    return {name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts)}
