"""Hypothesis strategies: JSON values, scopes, and trees that the parser could have made."""

from typing import Any

from hypothesis import strategies as st

from aktmpl.functions.check_call import static_type
from aktmpl.functions.registry import builtin
from aktmpl.functions.types import ANY
from aktmpl.nodes import (
    Arithmetic,
    Call,
    Compare,
    Computed,
    Conditional,
    Default,
    Expression,
    Index,
    Insert,
    Interpolation,
    Key,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    ObjectDisplay,
    Power,
    Reference,
    Test,
    Text,
    Typed,
)
from aktmpl.source import Span

ROOTS = ("in", "profile", "template")
NAMES = ("a", "b", "name", "items", "имя", "0", "odd key", "and")
SPAN = Span(0, 0)

# ---------------------------------------------------------------------------------------------- values

texts = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["", "true", "false", "5", "-1.5", "1e3", "007", "+70000000001", "$in.a", "${x}", "\\$", "null"]
    ),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 10),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=4))
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
"""Any JSON value."""

objects = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=5)
scopes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(ROOTS, st.one_of(objects, json_values))
)
"""Values for some of the roots; most are objects, so that paths often lead somewhere."""

# ------------------------------------------------------------------------------------------------ trees

literals = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
).map(lambda value: Literal(SPAN, value))

bare_segments = st.one_of(
    st.sampled_from([name for name in NAMES if " " not in name]).map(lambda name: Key(SPAN, name)),
    st.integers(-3, 3).map(lambda index: Index(SPAN, index)),
)
bare_references = st.builds(
    lambda root, segments: Reference(SPAN, root, tuple(segments)),
    st.sampled_from(ROOTS),
    st.lists(bare_segments, max_size=4),
)
"""References that a bare path can write."""


def _interpolation(parts: list[Any]) -> Interpolation | Literal:
    """Alternate text and references, as the parser leaves them; a text never continues a path."""
    kept: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            if part and not (kept and isinstance(kept[-1], Text)):
                kept.append(Text(SPAN, f" {part}"))
        else:
            kept.append(Insert(SPAN, part))
    if not any(isinstance(part, Insert) for part in kept):
        return Literal(SPAN, "".join(part.value for part in kept))
    return Interpolation(SPAN, tuple(kept))


def _nested(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    segments = st.one_of(
        st.builds(Key, st.just(SPAN), st.sampled_from(NAMES), st.booleans()),
        st.builds(Index, st.just(SPAN), st.integers(-3, 3), st.booleans()),
        st.builds(Computed, st.just(SPAN), inner),
    )
    pair = st.tuples(inner, inner)
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    keys_of_display = st.sampled_from(NAMES).map(lambda name: Literal(SPAN, name))
    return st.one_of(
        st.builds(
            lambda root, path: Reference(SPAN, root, tuple(path)),
            st.sampled_from(ROOTS),
            st.lists(segments, max_size=3),
        ),
        st.lists(inner, max_size=3).map(lambda items: ListDisplay(SPAN, tuple(items))),
        st.lists(st.tuples(keys_of_display, inner), max_size=2, unique_by=lambda entry: entry[0].value).map(
            lambda entries: ObjectDisplay(SPAN, tuple(entries))
        ),
        st.builds(Logic, st.just(SPAN), st.sampled_from(["and", "or"]), several),
        inner.map(lambda operand: Not(SPAN, operand)),
        inner.filter(lambda node: not _is_number(node)).map(lambda operand: Negative(SPAN, operand)),
        st.builds(
            lambda operator, operands: Compare(SPAN, operator, *operands),
            st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"]),
            pair,
        ),
        inner.map(lambda left: Compare(SPAN, "~=", left, Literal(SPAN, "^[a-z]+$"))),
        st.builds(Test, st.just(SPAN), st.sampled_from(["null", "defined", "empty"]), st.booleans(), inner),
        st.builds(Conditional, st.just(SPAN), inner, inner, inner),
        several.map(lambda operands: Default(SPAN, operands)),
        _arithmetic(inner, "+-"),
        _arithmetic(inner, "*/%"),
        pair.map(lambda operands: Power(SPAN, *operands)),
        calls(inner),
    )


CALLS = """
upper text; title text; trim text ?text; replace text text text ?size; split text ?text ?size;
join any ?text; slice any size ?size; truncate text size ?text words=bool; pad_left text size ?text;
starts_with text text; extract text pattern ?group; length any; repeat text size; slug text separator=text;
normalize_space text; int number; float text; round number ?size; floor number; min any ?any; max any ?any;
sum any; format_number number ?size group=text; parse_date text; add_time date size unit;
format_date date format; json any indent=size; parse_json text; base64 text; parse_base64 text ?kind;
url_encode text; url_decode text plus=bool; xml_escape text; sha256 text; first any; last any; keys any;
map any path ?any; where any path ?any; sort_by any ?path descending=bool; unique any ?path;
flatten any ?size; merge any ?any; reverse any; count any ?path ?any; default any any;
coalesce any ?any ?any; type_of any; sms_segments text; plural number forms ?locale;
mask text ?size first=size
"""
"""Pure functions with what to give them: `?` may be left out, `name=` is given by name."""


def calls(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Call]:
    """Calls that the checks let pass; many fail on their data all the same."""
    unknown = inner.map(_of_any_type)
    kinds: dict[str, st.SearchStrategy[Expression]] = {
        "any": unknown,
        "text": st.one_of(texts.map(_literal), unknown),
        "number": st.one_of(st.integers(-3, 10**6).map(_literal), unknown),
        "size": st.one_of(st.integers(-2, 12).map(_literal), unknown),
        "bool": st.booleans().map(_literal),
        "date": st.one_of(st.datetimes().map(lambda time: _literal(time.isoformat())), unknown),
        "format": st.sampled_from(["%Y-%m-%d", "%-d %B %T", "%", "%Q"]).map(_literal),
        "unit": st.sampled_from(["seconds", "days", "months", "years"]).map(_literal),
        "pattern": st.sampled_from(["[a-z]+", "(.)(.)", "", "("]).map(_literal),
        "group": st.integers(0, 2).map(_literal),
        "kind": st.sampled_from(["string", "bytes"]).map(_literal),
        "path": st.sampled_from(["a", "a.b", "items.%0", "odd key", "имя"]).map(_literal),
        "forms": st.sampled_from([("one", "other"), ("few", "many")]).map(_forms),
        "locale": st.sampled_from(["en", "ru"]).map(_literal),
    }

    @st.composite
    def call(draw: st.DrawFn) -> Call:
        name, *arguments = draw(st.sampled_from(CALLS.split(";"))).split()
        positional: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        complete = True
        for argument in arguments:
            parameter, by_name, kind = argument.rpartition("=")
            optional = bool(by_name) or kind.startswith("?")
            if optional and not draw(st.booleans()):
                complete = complete and bool(by_name)
            elif by_name:
                named.append((parameter, draw(kinds[kind])))
            elif complete:
                positional.append(draw(kinds[kind.lstrip("?")]))
        return Call(SPAN, name, tuple(positional), tuple(named), piped=draw(st.booleans()))

    return call()


def _literal(value: Any) -> Literal:
    return Literal(SPAN, value)


def _forms(names: tuple[str, ...]) -> ObjectDisplay:
    return ObjectDisplay(SPAN, tuple((_literal(name), _literal(f"{name} form")) for name in names))


def _of_any_type(node: Expression) -> Expression:
    """The node, or a call that gives the same and about whose type the checks know nothing."""
    return node if static_type(node, builtin()) == ANY else Call(SPAN, "coalesce", (node,))


def _arithmetic(inner: st.SearchStrategy[Expression], operators: str) -> st.SearchStrategy[Expression]:
    rest = st.lists(st.tuples(st.sampled_from(operators), inner), min_size=1, max_size=3)
    return st.builds(lambda first, tail: Arithmetic(SPAN, first, tuple(tail)), inner, rest)


def _is_number(node: Expression) -> bool:
    return isinstance(node, Literal) and type(node.value) in (int, float)


expressions: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(
        literals,
        bare_references,
        st.lists(st.one_of(st.text(max_size=3), bare_references), max_size=3).map(_interpolation),
    ),
    _nested,
    max_leaves=8,
)
"""Any expression; impure functions are not called."""


def _parts(parts: list[Any]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            if part and not (kept and isinstance(kept[-1], Text)):
                kept.append(Text(SPAN, part))
        else:
            kept.append(Insert(SPAN, part))
    return tuple(kept)


template_parts: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.lists(st.one_of(st.text(max_size=5), st.text("$\\{[]}#a.", max_size=6), expressions), max_size=5).map(
        _parts
    ),
    expressions.map(lambda expression: (Typed(SPAN, expression),)),
)
"""The parts of any text template."""

source_texts = st.one_of(
    st.text(max_size=20),
    st.text("$\\{[]}#?.%0ain'\" ", max_size=20),
    st.lists(
        st.sampled_from(
            ["$in.a", "${in.a}", "$#in.a", "$#{profile.b}", "\\$", "\\\\", "$", "$$", "$5", "[$]a", "[$#]",
             ".", " ", "x", "${in.a ?? 'b'}", "$in.a.%0", "$in.%-1.имя", "[$]", "{", "}", "$template",
             "${ in.a }", "${null}"]
        ),
        max_size=6,
    ).map("".join),
)  # fmt: skip
"""Texts, templates or not."""

leaves = st.one_of(
    scalars.filter(lambda value: not isinstance(value, str)),
    st.sampled_from(
        [
            "plain",
            "$in.a",
            "$#in.a",
            "$#in",
            "x $profile.b y",
            "$#template.items",
            "${in.a ?? 'none'}",
            "$#in.items.%0",
            "${in.name is null ? 'no' : in.name}",
            "\\$5",
            "$#{in.a = 1}",
        ]
    ),
)
element_leaves = st.one_of(
    leaves, st.sampled_from(["[$]", "[$#]", "[$]a", "[$#]b", "$index", "$#index", "$item.name"])
)
document_keys = st.sampled_from(["k", "m", "$in.a", "$?o", "$?p", "$?$profile.a", "n$template.b", "\\$$q"])
expansion_keys = st.sampled_from(
    ["$$in.items[list]", "$$template.a[other]", "$?$$profile.items[may]", "$${in.items ?? []}[safe]"]
)
inner_expansion_keys = st.one_of(expansion_keys, st.sampled_from(["$$item.items[inner]", "$$item[self]"]))


def _documents(inner: st.SearchStrategy[Any], expansion: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    pattern = st.recursive(
        element_leaves,
        lambda deeper: st.one_of(
            st.lists(deeper, max_size=2),
            st.dictionaries(document_keys, deeper, max_size=2),
            st.dictionaries(inner_expansion_keys, deeper, max_size=1),
        ),
        max_leaves=4,
    )
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(document_keys, inner, max_size=4),
        st.builds(lambda a, b: {**a, **b}, st.dictionaries(document_keys, inner, max_size=2),
                  st.dictionaries(expansion, pattern, max_size=2)),
    )  # fmt: skip


documents: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: _documents(inner, expansion_keys), max_leaves=8
)
"""Document templates as JSON."""
