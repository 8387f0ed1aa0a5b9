"""What templates are said to read agrees with what rendering them needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.lint.reads import Read, reads
from aktmpl import Environment, TemplateError

ENVIRONMENT = Environment()


def found(text: str) -> list[Read]:
    return list(reads(ENVIRONMENT.compile_text(text).nodes))


@pytest.mark.parametrize(
    ("text", "guarded", "certain"),
    [
        ("a $in.x b", False, True),
        ("$#in.x", False, True),
        ("${in.x ?? 1}", True, True),
        ("${1 ?? in.x}", False, False),
        ("${in.y ?? in.x ?? 1}", True, False),
        ("${in?.x}", True, True),
        ("${in.x?.y}", False, True),
        ("${in.x is empty}", True, True),
        ("${in.x is defined ? in.x : 1}", True, False),
        ("${in.x is not defined ? 1 : in.x}", True, False),
        ("${in.x is defined ? 1 : in.x}", False, False),
        ("${in.x is defined and in.x = 1}", True, False),
        ("${in.y = 1 or in.x = 1}", False, False),
        ("${upper(in.x)}", False, True),
        ("${coalesce(in.x, 1)}", True, True),
        ("${camp_schedule[in.x]}", False, True),
    ],
)
def test_a_read_is_guarded_and_certain_where_it_is(text: str, guarded: bool, certain: bool) -> None:  # noqa: FBT001
    last = [read for read in found(text) if read.key == "x"][-1]
    assert (last.guarded, last.certain) == (guarded, certain)


def test_optional_members_and_expansions_cope() -> None:
    document = {
        "$?a": "$in.a",
        "$$in.list[b]": ["[$]", "$in.b", "$index"],
        "$?$$in.c[c]": ["[$]"],
        "d": "$in.d",
    }
    nodes = ENVIRONMENT.compile_document(document).nodes
    assert {(read.key, read.guarded, read.certain) for read in reads(nodes)} == {
        ("a", True, True), ("list", False, True), ("b", False, False), ("c", True, True), ("d", False, True),
    }  # fmt: skip


@pytest.mark.parametrize(("text", "guarded"), [("${error?.code}", False), ("${error.code ?? 1}", True)])
def test_a_missing_root_is_coped_with_by_defaults_only(text: str, guarded: bool) -> None:  # noqa: FBT001
    assert found(text)[0].root_guarded is guarded


PIECES = st.sampled_from(
    [
        "$in.a", "${in.b ?? 'c'}", "${in?.a}", "${in.a is defined ? in.a : in.b}", "${in.b ?? in.a}",
        "${in.a = in.b}", "${in.a is null or in.b = 1}", "${in.a is defined and in.b = 1}",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=3), st.sets(st.sampled_from("ab")))
def test_rendering_fails_only_if_a_read_is_missing_and_surely_if_it_is_certain(
    pieces: list[str], present: set[str]
) -> None:
    text = " ".join(pieces)
    lacking = [read for read in found(text) if not read.guarded and read.key not in present]
    try:
        ENVIRONMENT.compile_text(text).render({"in": dict.fromkeys(present, "v")})
    except TemplateError:
        assert lacking
    else:
        assert not any(read.certain for read in lacking)
