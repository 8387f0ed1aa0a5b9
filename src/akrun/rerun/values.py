"""The values that a run sees: those that are stored, and those that are given in their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akrun.engine.compile import CompiledChannel
from akrun.engine.secrets import MASK
from akrun.engine.worker import merged
from akrun.mailing.constants import about
from akrun.mailing.job import constants_of
from akrun.model import Schedule, load_mailing_file, load_values
from akrun.model.mailing import VALUE_OBJECTS
from akrun.model.values import part
from akrun.rerun.subject import Kept


@dataclass(frozen=True, slots=True)
class Values:
    """The constant roots of a run.

    Attributes:
        roots: Root name → value; secrets that nobody gave stand there as `***`.
        missing: The names of these secrets, such as `sender.key`.
        whole: Whether they are there but for secrets; else a process had some that nobody gave here.
    """

    roots: Mapping[str, Any] = field(repr=False)
    missing: tuple[str, ...]
    whole: bool


def values_of(
    compiled: CompiledChannel,
    stored: Kept,
    given: Mapping[str, Any],
    mailing: Path | None = None,
) -> Values:
    """The values for a channel.

    Args:
        compiled: The channel.
        stored: What is stored of the constant roots.
        given: Values that go before all others, by dotted path such as `sender.key`.
        mailing: A mailing's file, which takes the place of what is stored.

    Raises:
        FileFaults: All faults of the values or the mailing.
    """
    channel = compiled.channel
    if mailing is not None:
        roots = constants_of(channel, load_mailing_file(mailing, channel, given)[0])
        return Values(roots, _missing(compiled, roots), whole=True)
    filled = load_values(channel, given)
    roots = {**filled, "camp_schedule": Schedule().to_scope(), "channel": about(channel)}
    roots = merged(roots, stored.roots)
    for path in given:
        name, *steps = path.split(".")
        roots = merged(roots, _nested((name, *steps), part(filled[name], tuple(steps))))
    if not stored.whole:
        for name, path in compiled.secrets:
            at = tuple(path.split("."))
            if name in VALUE_OBJECTS and part(roots.get(name), at) is None:
                roots = merged(roots, _nested((name, *at), MASK))
    return Values(roots, _missing(compiled, roots), whole=stored.whole or bool(given))


def _missing(compiled: CompiledChannel, roots: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{name}.{path}"
        for name, path in compiled.secrets
        if name in VALUE_OBJECTS and part(roots.get(name), tuple(path.split("."))) == MASK
    )


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """An object that has a value at this path and nothing else."""
    for step in reversed(path):
        value = {step: value}
    return dict(value)
