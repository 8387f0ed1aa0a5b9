"""An installation in a folder, as the doctor sees it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from akrun.doctor.finding import Finding, Level
from akrun.doctor.run import Look
from akrun.doctor.scope import Scope
from akrun.model.settings import read_configuration


def scope_of(
    folder: Path, *, toml: str | None = None, given: Mapping[str, str] | None = None, **changes: Any
) -> Scope:
    """A scope over `folder/data`, with a configuration file if there is text for one."""
    config = None
    if toml is not None:
        config = folder / "akrun.toml"
        config.write_text(toml)
        config.chmod(0o600)
    data = folder / "data"
    configuration = read_configuration(config, {"data": str(data), **(given or {})})
    scope = Scope(configuration, None, data, data / "akrun.db", data / "serve.json", {})
    return replace(scope, **changes)


async def looking(check: Look, scope: Scope) -> list[Finding]:
    """All that a check finds."""
    return [finding async for finding in check(scope)]


def look(check: Look, scope: Scope) -> list[Finding]:
    """The same, for tests that run no event loop."""
    return asyncio.run(looking(check, scope))


def told(findings: list[Finding], level: Level | None = None) -> list[str]:
    """What findings say, of one level if named."""
    return [f"{each.subject}: {each.message}" for each in findings if level in (None, each.level)]


def worst(findings: list[Finding]) -> Level:
    """The worst of their levels."""
    return max((each.level for each in findings), key=list(Level).index)
