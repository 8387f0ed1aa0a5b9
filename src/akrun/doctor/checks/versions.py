"""Versions of Python, SQLite and the libraries; which extras there are."""

import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable
from importlib import metadata
from typing import Final

from akrun.backend.embedded.connection import OLDEST_SQLITE
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.scope import Scope

PACKAGE: Final = "akrun"
FEATURES: Final = {
    "phone": "the functions for phone numbers",
    "i18n": "dates and numbers as people of a country write them",
    "chart": "reports as PNG",
    "sql": "databases by connectors",
    "uvloop": "a faster event loop for `send` and `serve`",
    "cluster": "the servers of a NATS cluster in place of the database",
    "otel": "traces for OpenTelemetry",
}
"""What each optional extra is for."""

_OLDEST_PYTHON: Final = (3, 11)
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?")
_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_CLAUSE: Final = re.compile(r"(>=|<=|<|>)\s*([0-9][0-9.]*)")


async def check(_: Scope) -> AsyncIterator[Finding]:
    """Look at what this process runs on."""
    version = sys.version.partition(" ")[0]
    if sys.version_info >= _OLDEST_PYTHON:
        yield ok("Python", f"{version} ({sys.executable})")
    else:
        yield fail("Python", f"{version} is too old", "use Python 3.11 or newer")
    oldest = ".".join(map(str, OLDEST_SQLITE))
    if sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        yield ok("SQLite", sqlite3.sqlite_version)
    else:
        cure = f"use a Python that comes with SQLite {oldest} or newer"
        yield fail("SQLite", f"{sqlite3.sqlite_version} is too old", cure)
    yield ok(PACKAGE, metadata.version(PACKAGE))
    needed, extras = _requirements(metadata.requires(PACKAGE) or ())
    for finding in _needed(needed):
        yield finding
    for extra, requirements in extras.items():
        yield _extra(extra, requirements)


_Requirement = tuple[str, str]
"""Name and clauses, as in `>=1.3,<2`."""


def _requirements(lines: Iterable[str]) -> tuple[list[_Requirement], dict[str, list[_Requirement]]]:
    """The distribution's requirements, and those of each extra."""
    needed: list[_Requirement] = []
    extras: dict[str, list[_Requirement]] = {}
    for line in lines:
        found = _REQUIREMENT.fullmatch(line.strip())
        if found is None:
            continue
        extra = _EXTRA.search(found[3] or "")
        listed = needed if extra is None else extras.setdefault(extra[1], [])
        listed.append((found[1], found[2]))
    return needed, extras


def _needed(requirements: list[_Requirement]) -> Iterable[Finding]:
    installed = []
    for name, clauses in requirements:
        version = installed_version(name)
        if version is None:
            yield fail(name, "is not installed", f"pip install '{name}{clauses.strip()}'")
        elif not satisfies(version, clauses):
            message = f"{version}, but akrun was made for {clauses.strip()}"
            yield warn(name, message, f"pip install '{name}{clauses.strip()}'")
        else:
            installed.append(f"{name} {version}")
    yield ok("libraries", ", ".join(installed))


def _extra(extra: str, requirements: list[_Requirement]) -> Finding:
    versions = {name: installed_version(name) for name, _ in requirements}
    feature = FEATURES.get(extra, "optional")
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        message = f"not installed ({', '.join(missing)}): {feature}"
        return ok(f"akrun[{extra}]", message, f"pip install 'akrun[{extra}]', if that is wanted")
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return ok(f"akrun[{extra}]", f"{listed}: {feature}")


def installed_version(name: str) -> str | None:
    """The version of an installed distribution; None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def satisfies(version: str, clauses: str) -> bool:
    """Whether a version is within lower and upper bounds; other clauses are passed over."""
    release = _release(version)
    for sign, bound in _CLAUSE.findall(clauses):
        other = _release(bound)
        width = max(len(release), len(other))
        ours, theirs = (each + (0,) * (width - len(each)) for each in (release, other))
        holds = {">=": ours >= theirs, "<=": ours <= theirs, "<": ours < theirs, ">": ours > theirs}
        if not holds[sign]:
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
