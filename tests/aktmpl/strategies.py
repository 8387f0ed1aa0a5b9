"""Hypothesis strategies: JSON values, scopes, and trees that the parser could have made."""

from typing import Any

from hypothesis import strategies as st

from aktmpl.nodes import (
    Arithmetic,
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
    )


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
"""Any expression without calls."""


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
            ["$in.a", "${in.a}", "$#in.a", "$#{profile.b}", "\\$", "\\\\", "$", "$$", "$5", "[$]a", "[$#]", ".", " ", "x",
             "${in.a ?? 'b'}", "$in.a.%0", "$in.%-1.имя", "[$]", "{", "}", "$template", "${ in.a }", "${null}"]
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
