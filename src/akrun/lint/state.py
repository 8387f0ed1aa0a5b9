"""States of an event as the analysis knows them, and what becomes of them: pure operations on types."""

from collections.abc import Iterator
from typing import TypeAlias

from akrun.lint.scope import ERROR
from aktmpl.infer_paths import Present, present_when
from aktmpl.nodes import Expression, Key, Logic, Not, Reference, Test
from aktmpl.schema import ANY, NEVER, Field, Type, object_of

State: TypeAlias = Type
"""An object of the roots `in`, `origin` and, after a failure, `error`; `NEVER` where no event comes."""


def data_of(state: State) -> Type:
    """The type of `$in`."""
    return state.fields["in"].type


def with_data(state: State, data: Type) -> State:
    """The state with another `$in`."""
    return object_of({**state.fields, "in": Field(data)})


def absence(data: Type, key: str) -> bool | None:
    """Whether a field of an object is missing: True always, None perhaps, False never, or not as is known."""
    known = data.fields.get(key)
    if known is not None:
        return None if known.optional else False
    return not data.open


def setting(state: State, sets: Type) -> State:
    """The state after fields of `$in` were replaced by those of an object."""
    return with_data(state, merged(data_of(state), sets))


def merged(data: Type, sets: Type) -> Type:
    """An object after fields of it were replaced by those of an object of another type."""
    fields: dict[str, Field] = {}
    for name in {**data.fields, **sets.fields}:
        old, new = data.member(name), sets.fields.get(name)
        if new is None:
            assert old is not None
            fields[name] = Field(ANY, old.optional) if sets.open else old
        elif not new.optional or old is None:
            fields[name] = new
        else:
            fields[name] = Field(old.type | new.type, old.optional)
    return object_of(fields, is_open=data.open or sets.open)


def failed(state: State, sets: Type) -> State:
    """The state behind the error exit of a pipe that may have set fields before it failed."""
    return object_of({**setting(state, sets).fields, "error": Field(ERROR)})


def present(state: State, paths: Present) -> State:
    """The state where these paths surely lead somewhere."""
    data = data_of(state)
    fields = dict(data.fields)
    for path, non_null in paths.items():
        if len(path) == 2 and path[0] == "in" and isinstance(path[1], str):
            known = data.member(path[1])
            if known is not None:
                fields[path[1]] = Field(known.type.without("null") if non_null else known.type)
    found = with_data(state, object_of(fields, is_open=data.open)).fields
    if ("error",) in paths and "error" in found:
        found = {**found, "error": Field(found["error"].type)}
    return object_of(found)


def answered(state: State, condition: Expression, *, holds: bool) -> State:
    """The state behind a condition that gave this answer; `NEVER` where it cannot give it."""
    paths = present_when(condition, holds=holds)
    if ("error",) in paths and absence(state, "error") is True:
        return NEVER
    known = present(state, paths)
    missing = [(each.root, *_names(each)) for each in _missing_when(condition, holds=holds)]
    data = data_of(known)
    if not data.open:  # of an open object no type can say that it lacks a field
        kept = {name: field for name, field in data.fields.items() if ("in", name) not in missing}
        known = with_data(known, object_of(kept))
    gone = {"error"} if ("error",) in missing else set[str]()
    return object_of({name: each for name, each in known.fields.items() if name not in gone})


def _names(reference: Reference) -> Iterator[str]:
    """The keys of a path; an index or a computed step is none that a field has."""
    for segment in reference.segments:
        yield segment.name if isinstance(segment, Key) else ""


def _missing_when(condition: Expression, *, holds: bool) -> Iterator[Reference]:
    """The references that surely lead nowhere when a condition has this answer."""
    match condition:
        case Not(operand=operand):
            yield from _missing_when(operand, holds=not holds)
        case Logic(operator=operator, operands=operands) if (operator == "and") is holds:
            for operand in operands:
                yield from _missing_when(operand, holds=holds)
        case Test(test="defined", negated=negated, operand=Reference() as reference) if negated is holds:
            yield reference
