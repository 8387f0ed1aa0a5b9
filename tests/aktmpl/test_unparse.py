"""Trees as text: delimited, with as few parentheses as the table needs."""

import pytest

import aktmpl

TEXTS = {
    "$in.a and $5": "${in.a} and \\$5",
    "$#in.a": "$#{in.a}",
    "\\\\$in.a \\$in.a": "\\\\${in.a} \\$in.a",
    "C:\\dir": "C:\\dir",
    "${in.'odd key'.b?.c[0].%-1}": "${in.'odd key'.b?.c[0].%-1}",
    '${"it\'s \\"so\\""}': "${'it\\'s \"so\"'}",
    "${'$in.a-\\$b'}": "${'$in.a-\\$b'}",
    "${{a: 1, 'b c': [2]}}": "${{'a': 1, 'b c': [2]}}",
}
QUERIES = {
    "(in.a = 1) AND (in.b = 2 || in.c)": "in.a = 1 and (in.b = 2 or in.c)",
    "! (in.a)": "not in.a",
    "in.a == 1 && in.b <> 2": "in.a = 1 and in.b != 2",
    "in.a IsNot Null": "in.a is not null",
    "(in.a + 1) * 2 - (3 - 4)": "(in.a + 1) * 2 - (3 - 4)",
    "(in.a ^ 2) ^ 3 ^ 4": "(in.a ^ 2) ^ 3 ^ 4",
    "-(in.a + 1) ^ 2": "-(in.a + 1) ^ 2",
    "(in.a ? 1 : 2) ?? 3": "(in.a ? 1 : 2) ?? 3",
    "in.a ? in.b ? 1 : 2 : (in.c ? 3 : 4)": "in.a ? in.b ? 1 : 2 : in.c ? 3 : 4",
    "in.a | upper | replace('x', by = (in.b = 1))": "in.a | upper | replace('x', by=in.b = 1)",
    "upper(in.a).%0": "upper(in.a).%0",
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text: str) -> None:
    nodes = aktmpl.compile_text(text).nodes
    assert aktmpl.unparse(nodes) == TEXTS[text]
    assert aktmpl.compile_text(TEXTS[text]).nodes == nodes


@pytest.mark.parametrize("text", [each for each in QUERIES if "replace" not in each and "%0" not in each])
def test_queries(text: str) -> None:
    nodes = aktmpl.compile_query(text).nodes
    assert aktmpl.unparse(nodes) == QUERIES[text]
    assert aktmpl.compile_query(QUERIES[text]).nodes == nodes


def test_documents() -> None:
    document = {
        "$in.k": ["\\$", 1.0, None],
        "$?o": "$#in.o",
        "$$in.l[x]": "[$]id",
        "$?$$in.m[y]": ["[$#]", 1],
    }
    written = {
        "${in.k}": ["\\$", 1.0, None],
        "$?o": "$#{in.o}",
        "$${in.l}[x]": ["${item.id}"],
        "$?$${in.m}[y]": ["$#{item}", 1],
    }
    nodes = aktmpl.compile_document(document).nodes
    assert aktmpl.unparse(nodes) == written
    assert aktmpl.compile_document(written).nodes == nodes
