"""Steps of a path through types: where they lead, and whether something may be missing there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from aktmpl.errors import ARTICLES, nearest
from aktmpl.nodes import Computed, Expression, Index, Key, Logic, Not, Reference, Segment, Test
from aktmpl.paths import Prefix
from aktmpl.schema import ANY, KINDS, NEVER, Type, union

Present: TypeAlias = Mapping[Prefix, bool]
"""Paths that surely lead somewhere, and whether they surely lead to something that is not null."""


class Absence(Enum):
    """Whether a step may lead nowhere."""

    NEVER = "never"
    """The value is there."""
    SILENT = "silent"
    """Perhaps; the schema does not say enough for a warning."""
    POSSIBLE = "possible"
    """Perhaps; the schema says so."""
    SURE = "sure"
    """It never leads anywhere."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where one segment leads.

    Attributes:
        type: The type of what is there.
        absence: Whether there is something.
        key: The segment's key or index, if it is known.
        at: The type that the segment was taken of.
        code: The error's code when absence is sure.
    """

    type: Type
    absence: Absence
    key: str | int | None
    at: Type
    code: str = "E202"

    def present(self, *, non_null: bool) -> "Step":
        """The step where a condition has made sure of it."""
        found = ANY if self.absence is Absence.SURE else self.type
        return replace(self, type=found.without("null") if non_null else found, absence=Absence.NEVER)

    def complaint(self, name: str) -> tuple[str, str | None]:
        """What is wrong with taking the segment of the value called `name`, and how to mend it."""
        wanted = f"element %{self.key}" if isinstance(self.key, int) else f"field `{self.key}`"
        wanted = "fields or elements" if self.key is None else wanted
        if self.absence is Absence.POSSIBLE:
            others = self.at.without("list" if isinstance(self.key, int) else "object")
            if others.kinds:
                message = f"`{name}` may be {described(others)} and then has no {wanted}"
                return message, "`?.` reads null instead; `??` gives a default"
            return f"`{name}.{self.key}` may be missing", "give a default: `… ?? 'text'`"
        if self.code == "E202":
            known = f"the fields are {', '.join(list(self.at.fields)[:8])}" if self.at.fields else None
            return f"`{name}` has no {wanted}", nearest(str(self.key), self.at.fields) or known
        hint = None
        if isinstance(self.key, str) and "list" in self.at.kinds:
            hint = f"an element of a list is `.%0`; did you mean `{name}.%0.{self.key}`?"
        return f"`{name}` is {described(self.at)} and has no {wanted}", hint


def step(here: Type, segment: Segment, computed: Type | None = None) -> Step:
    """Follow one segment.

    Args:
        here: The type it is taken of.
        segment: The segment.
        computed: The type of a computed segment's key.
    """
    if isinstance(segment, Computed):
        values = computed.values if computed is not None else None
        key = values[0] if values is not None and len(values) == 1 else None
        key = key if type(key) in (str, int) else None
    else:
        key = segment.name if isinstance(segment, Key) else segment.index
    if not here.kinds:
        return Step(NEVER, Absence.SILENT, key, here)
    if key is None:
        return _any_step(here)
    if isinstance(key, int):
        if "list" not in here.kinds:
            return Step(NEVER, Absence.SURE, key, here, "E207")
        certain = here.is_unknown or here.kinds == {"list"}
        return Step(here.element, Absence.SILENT if certain else Absence.POSSIBLE, key, here)
    return _member_step(here, key)


def _member_step(here: Type, key: str) -> Step:
    if "object" not in here.kinds:
        return Step(NEVER, Absence.SURE, key, here, "E207")
    member = here.member(key)
    if member is None:
        return Step(NEVER, Absence.SURE, key, here)
    if here.is_unknown:
        absence = Absence.SILENT
    elif here.kinds != {"object"} or (member.optional and key in here.fields):
        absence = Absence.POSSIBLE
    else:
        absence = Absence.SILENT if member.optional else Absence.NEVER
    return Step(member.type, absence, key, here)


def _any_step(here: Type) -> Step:
    """A key that is known only with the data."""
    if not here.kinds & {"list", "object"}:
        return Step(NEVER, Absence.SURE, None, here, "E207")
    found = [here.element] if "list" in here.kinds else []
    if "object" in here.kinds:
        found += [ANY] if here.open else [each.type for each in here.fields.values()]
    return Step(union(found), Absence.SILENT, None, here)


def present_when(condition: Expression, *, holds: bool) -> Present:
    """The paths that surely lead somewhere when a condition has this answer."""
    match condition:
        case Not(operand=operand):
            return present_when(operand, holds=not holds)
        case Logic(operator=operator, operands=operands) if (operator == "and") is holds:
            found: Present = {}
            for operand in operands:
                found = both(found, present_when(operand, holds=holds))
            return found
        case Test(test=test, negated=negated, operand=Reference() as reference):
            if test == "defined" and negated is not holds:
                return _prefixes(reference, non_null=False)
            if test != "defined" and negated is holds:
                return _prefixes(reference, non_null=True)
    return {}


def both(a: Present, b: Present) -> Present:
    """What two conditions that hold make sure of."""
    return {path: a.get(path, False) or b.get(path, False) for path in {**a, **b}}


def _prefixes(reference: Reference, *, non_null: bool) -> Present:
    """The reference's path and all that it passes through, which then is not null."""
    if any(isinstance(each, Computed) or (each.optional and not non_null) for each in reference.segments):
        return {}
    known = [each for each in reference.segments if isinstance(each, Key | Index)]
    steps = [each.name if isinstance(each, Key) else each.index for each in known]
    keys = (reference.root, *steps)
    return {**{keys[:length]: True for length in range(1, len(keys))}, keys: non_null}


def path_name(keys: Prefix) -> str:
    """A path as templates write it; the value of an expression has no name."""
    return ".".join(f"%{key}" if isinstance(key, int) else key for key in keys) or "the value"


def described(of: Type) -> str:
    """A type in the words of a message: `a string or null`."""
    if of.values is not None and len(of.values) == 1 and of.kinds != {"null"}:
        return f"the {next(iter(of.kinds))} {of}"
    kinds = of.kinds
    names = [name for name in KINDS[1:] if name in kinds]
    if {"int", "float"} <= kinds:
        names = ["number" if name == "int" else name for name in names if name != "float"]
    names += ["null"] if "null" in kinds else []
    return " or ".join(ARTICLES.get(name, f"a {name}") for name in names)
