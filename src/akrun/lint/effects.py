"""What each pipe makes of a state: whether it can succeed, whether it can fail, and what `$in` holds then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from akrun.engine.pipeline import Step
from akrun.lint.certain import cannot_fail
from akrun.lint.flow import Ended, Passed
from akrun.lint.reads import Read, reads
from akrun.lint.scope import ERROR
from akrun.lint.state import State, absence, answered, data_of, failed, present, setting, with_data
from akrun.lint.templates import AnyTemplate, templates_of
from akrun.pipes import REGISTRY
from akrun.pipes.effect import ANYTHING, Effect
from akrun.pipes.io.foreach import ForeachPipe
from akrun.pipes.pure.log import LogPipe
from akrun.pipes.pure.pack import PackPipe
from akrun.pipes.pure.scheduled import ScheduledPipe
from akrun.pipes.pure.selector import SelectorPipe
from akrun.pipes.pure.set import SetPipe
from akrun.pipes.spec import PipeSpec
from aktmpl import DocumentTemplate
from aktmpl.functions.function import Function
from aktmpl.infer import infer
from aktmpl.nodes import AnyNodes, Array, Condition, Constant, Template, Typed
from aktmpl.schema import ANY, INT, NEVER, Field, Schema, Type, list_of, object_of


@dataclass(frozen=True)
class View:
    """A pipe's templates at a state.

    Attributes:
        state: before the pipe.
        roots: the types of the roots that do not change.
        functions: that templates may call.
    """

    state: State
    roots: Mapping[str, Type]
    functions: Mapping[str, Function]

    @cached_property
    def schema(self) -> Schema:
        """The types of all roots."""
        error = Field(ERROR, optional=True)
        return Schema.of(object_of({**self.roots, "error": error, **self.state.fields}))

    def typed(self, nodes: AnyNodes) -> Type:
        """The type of what a template gives."""
        return infer(nodes, self.schema, self.functions)[0]

    def answer(self, condition: Condition) -> bool | None:
        """What a condition gives, if it is the same for all data."""
        span = condition.span
        whole = Template(span, (Typed(span, condition.expression),), condition.source)
        values = self.typed(whole).values
        return values[0] if values is not None and len(values) == 1 else None

    def missing(self, read: Read) -> bool | None:
        """Whether the field of `$in`, or `$error`, that a path begins with is missing; see `absence`."""
        if read.root == "error":
            return absence(self.state, "error")
        if read.root != "in" or read.key is None:
            return False
        return absence(data_of(self.state), read.key)


def coped(read: Read) -> bool:
    """Whether a template copes when that field, or `$error`, is missing."""
    return read.root_guarded if read.root == "error" else read.guarded


def transfer(step: Step, state: State, ended: Ended, view: View) -> Passed:
    """What a pipe makes of a state in which an event enters it."""
    compiled = step.pure or step.io
    spec = REGISTRY.get(step.type)
    if compiled is None or spec is None:  # faulty: it may do anything
        after = setting(state, ANYTHING)
        return Passed(after, failed(state, ANYTHING), dict.fromkeys(step.exits, after), after)
    if isinstance(compiled, SelectorPipe):
        return _selected(compiled, state, view)
    effect = effect_of(spec, compiled, view, ended)
    needed = [each.template for each in templates_of(compiled) if not _is_optional(compiled, each.parameter)]
    surely_fails = _fails(needed, view) or _lacks(effect, state)
    fails = not (spec.pure and _is_safe(compiled, view))
    if surely_fails:
        return Passed(error=failed(state, object_of({})))
    kept = _having(state, needed, effect.needs)
    error = failed(state, effect.failed) if fails else NEVER
    branch = _branch(compiled, kept, view)
    if spec.final or _branch_fails(compiled, ended):
        return Passed(error=error, branch=branch)
    return Passed(
        success=setting(kept, effect.sets),
        error=error,
        outs=dict.fromkeys(step.exits, kept),
        branch=branch,
        handed=_handed(compiled, view),
    )


def effect_of(spec: PipeSpec[Any], compiled: Any, view: View, ended: Ended) -> Effect:
    """A pipe's effect at a state."""
    if isinstance(compiled, ForeachPipe):
        left = ended(compiled.entry)
        result = left.fields["in"].type if left.kinds else NEVER
        fields = {name: each for name, each in result.fields.items() if name != "parent"}
        return Effect(object_of({"items": list_of(replace(result, fields=fields))}))
    if spec.effect is not None:
        return spec.effect(compiled, view.typed)
    if "*" in spec.writes:
        return Effect(ANYTHING)
    return Effect(object_of(dict.fromkeys(spec.writes, ANY)))


def stands_in(template: AnyTemplate) -> bool:
    """Whether it only takes the place of a faulty template: it stands nowhere in the file."""
    return not isinstance(template, DocumentTemplate) and template.source.origin is None


# ------------------------------------------------------------------------------------------------ failures


def _fails(needed: Iterable[AnyTemplate], view: View) -> bool:
    """Whether some template surely reads what is never there."""
    for template in needed:
        for read in reads(template.nodes):
            if read.certain and not coped(read) and view.missing(read) is True:
                return True
    return False


def _lacks(effect: Effect, state: State) -> bool:
    data = data_of(state)
    for name in effect.needs:
        if absence(data, name) is True:
            return True
        known = data.fields.get(name)
        if known is not None and (known.type.kinds == {"null"} or wrong_bytes(effect, known.type)):
            return True
    return False


def _branch_fails(compiled: Any, ended: Ended) -> bool:
    """Whether a pipe surely runs a branch, and none ever comes to its end."""
    if not isinstance(compiled, ForeachPipe) or ended(compiled.entry).kinds:
        return False
    match compiled.items.nodes:
        case Constant(value=list(value)):
            return bool(value)
        case Array(items=items):
            return bool(items)
        case _:
            return False


def wrong_bytes(effect: Effect, found: Type) -> bool:
    """Whether a value of this type is surely none of the bytes that a pipe needs."""
    return effect.bytes_needed and bool(found.kinds) and "bytes" not in found.kinds


def _is_safe(compiled: Any, view: View) -> bool:
    """Whether a pure pipe succeeds whatever the data is; False where that takes more than a look."""
    match compiled:
        case PackPipe(type=kind):
            safe = kind.constant == "JSON"
        case LogPipe(level=level):
            safe = level.constant is not None
        case SetPipe(data=document):
            safe = view.typed(document.nodes).kinds == {"object"}
        case ScheduledPipe(template=document, at=None, delay=delay):
            safe = delay.constant is not None and view.typed(document.nodes).kinds == {"object"}
        case _:
            safe = False
    return safe and all(cannot_fail(each.template.nodes, view.schema) for each in templates_of(compiled))


def _is_optional(compiled: Any, parameter: str) -> bool:
    """Whether a pipe may succeed without rendering the template."""
    return isinstance(compiled, PackPipe) and parameter == "root" and compiled.type.constant != "XML"


def _having(state: State, rendered: Iterable[AnyTemplate], needs: Iterable[str] = ()) -> State:
    """The state after templates were rendered: what they always read was there."""
    keys = dict.fromkeys(needs)
    error = False
    for template in rendered:
        for read in reads(template.nodes):
            if read.certain and read.root == "error" and not read.root_guarded:
                error = True
            if read.certain and not read.guarded and read.root == "in" and read.key is not None:
                keys[read.key] = None
    paths: dict[tuple[str | int, ...], bool] = {("in", key): False for key in keys}
    if error:
        paths["error",] = False
    return present(state, paths)


# -------------------------------------------------------------------------------------------- control flow


def _selected(compiled: SelectorPipe, state: State, view: View) -> Passed:
    outs: dict[int, State] = {}
    error: State = NEVER
    for branch in compiled.branches:
        here = replace(view, state=state)
        condition = branch.query.nodes
        if not cannot_fail(condition, here.schema):
            error |= failed(state, object_of({}))
        if _fails([branch.query], here):
            return Passed(error=error, outs=outs)
        answer = None if stands_in(branch.query) else here.answer(condition)
        state = _having(state, [branch.query])
        if answer is not False:
            taken = answered(state, condition.expression, holds=True)
            outs[branch.out] = outs.get(branch.out, NEVER) | taken
        state = NEVER if answer is True else answered(state, condition.expression, holds=False)
        if not state.kinds:
            break
    return Passed(success=state, error=error, outs=outs)


def _branch(compiled: Any, state: State, view: View) -> State:
    if not isinstance(compiled, ForeachPipe):
        return NEVER
    items = view.typed(compiled.items.nodes)
    if items.kinds == {"list"} and not items.element.kinds:  # it has no elements
        return NEVER
    data = object_of(
        {
            "item": items.element if "list" in items.kinds else ANY,
            "index": INT,
            "parent": data_of(state),
        }
    )
    return with_data(state, data)


def _handed(compiled: Any, view: View) -> dict[int, State]:
    if not isinstance(compiled, ScheduledPipe):
        return {}
    origin = view.typed(compiled.template.nodes)
    known = origin if origin.kinds == {"object"} else ANYTHING
    return {compiled.pipe_id: object_of({"in": known, "origin": known})}
