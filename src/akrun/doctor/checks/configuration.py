"""The configuration: every fault; else where each setting comes from, and who can read what is secret."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from akrun.doctor.finding import Finding, of_fault, ok, warn
from akrun.doctor.modes import readable_by_others
from akrun.doctor.scope import Scope
from akrun.model.setting_layers import CONNECTORS, TomlFile
from akrun.model.settings import DEFAULT, Configuration, variables
from aktmpl.errors import nearest


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the file, the environment and the command line."""
    for finding in _misspelt(scope):
        yield finding
    if scope.configuration is None:
        for fault in () if scope.faults is None else scope.faults.faults:
            yield of_fault(fault, "correct it")
        return
    for finding in _settings(scope.configuration):
        yield finding
    if scope.configuration.file is not None:
        for finding in _secrets(scope.configuration.file):
            yield finding


def _settings(configuration: Configuration) -> Iterator[Finding]:
    values = configuration.settings
    if configuration.file is None:
        yield ok("akrun.toml", "none is read: there is none here, and --config names none")
    untouched = []
    for name, origin in configuration.origins.items():
        if name == CONNECTORS:
            yield ok(name, f"{', '.join(values.connectors)} ({origin})")
        elif origin == DEFAULT:
            untouched.append(f"{name} = {_shown(getattr(values, name))}")
        else:
            yield ok(name, f"{_shown(getattr(values, name))} ({origin})")
    yield ok("at their defaults", ", ".join(untouched) or "none")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _misspelt(scope: Scope) -> Iterator[Finding]:
    """Variables that look like a setting's and are none; others may be anybody's."""
    known = variables()
    for name in sorted(scope.environ):
        if name.startswith(("AKRUN_", "PIPE_", "SCHEDULER_")) and name not in (*known, "AKRUN_CONFIG"):
            hint = nearest(name, known)
            if hint is not None:
                yield warn(name, "this environment variable sets nothing", hint)


def _secrets(file: TomlFile) -> Iterator[Finding]:
    path = Path(file.name)
    if (names := file.passwords()) and readable_by_others(path):
        message = f"others can read it, and it holds the password of {', '.join(names)}"
        cure = f'chmod 600 {path}, or write url = "env:NAME" or "file:PATH"'
        yield warn(file.name, message, cure)
    for name in file.secret_files():
        secret = path.parent / name
        if readable_by_others(secret):
            yield warn(str(secret), "others can read this secret", f"chmod 600 {secret}")
