"""Every path that a template reads."""

import pytest

import aktmpl

TEXTS = {
    "$in.a.%0.b ${profile.name}": ["in.a.%0.b", "profile.name"],
    "${in.a ?? in.b}": ["in.a?", "in.b"],
    "${in.a is null} ${in.b is defined}": ["in.a?", "in.b?"],
    "${in?.a} ${in?.a.b}": ["in.a?", "in.a.b"],
    "${in.a[in.k].c}": ["in.a…", "in.k"],
    "${in.'odd key'}": ["in.odd key"],
    "${'x $in.a' + in.b}": ["in.a", "in.b"],
    "${in.t ? in.a : in.b}": ["in.t", "in.a", "in.b"],
    "${upper(in.a) | replace(in.b, 'x')}": ["in.a", "in.b"],
    "${default(in.a, in.b)}": ["in.a?", "in.b"],
    "${(in.o).x} ${[in.o].%0.x}": ["in.o.x", "in.o"],
    "plain": [],
}


@pytest.mark.parametrize("text", TEXTS)
def test_references_of_texts(text: str) -> None:
    assert [shown(read) for read in aktmpl.compile_text(text).references()] == TEXTS[text]


def shown(read: aktmpl.PathRead) -> str:
    return f"{read}{'' if read.whole else '…'}{'?' if read.may_be_missing else ''}"


def test_references_of_a_document_leave_out_the_loops_own() -> None:
    document = aktmpl.compile_document(
        {
            "$in.k": "$in.v",
            "$?o": "$in.o",
            "$$in.l[x]": ["[$]id", "$index", "$in.u", {"$$item.m[y]": "$item"}],
        }
    )
    assert [shown(read) for read in document.references()] == ["in.k", "in.v", "in.o?", "in.l", "in.u"]


def test_an_optional_expansion_may_lack_its_list_only() -> None:
    document = aktmpl.compile_document({"$?$$in.l[x]": ["$in.u"]})
    assert [shown(read) for read in document.references()] == ["in.l?", "in.u"]


def test_a_reference_knows_its_place() -> None:
    document = aktmpl.compile_document({"a": ["x $in.b y"]})
    (read,) = document.references()
    assert read.source.pointer == "/a/0"
    assert read.source.text[read.span.start : read.span.end] == "$in.b"


def test_specialising_leaves_the_unknown_ones() -> None:
    template = aktmpl.compile_text("$sender.name ${template.x ?? in.a} $in.b")
    special = template.specialize({"sender": {"name": "S"}, "template": {}})
    assert [shown(read) for read in special.references()] == ["in.a", "in.b"]
