"""SQL templates: which references become what, and which places are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktmpl import Environment, Origin, Source, TemplateError
from aktmpl.sql import Bound, Dialect, Members, Name, SqlTemplate
from aktmpl.sql.lexer import tokens

ENVIRONMENT = Environment()
DIALECTS = st.sampled_from(list(Dialect))
DATA = {"n": 5, "s": "o'h", "l": [1, "b"], "e": [], "z": None, "t": "users", "b": b"\xff", "o": {"a": 1}}
HINT = "a name is no parameter: write ${… | sql_identifier}, and allow it in the connector's `identifiers`"


def compiled(text: str, dialect: Dialect = Dialect.STANDARD) -> SqlTemplate:
    return ENVIRONMENT.compile_sql(text, dialect=dialect)


def rendered(text: str, dialect: Dialect = Dialect.STANDARD) -> list[Any]:
    return list(compiled(text, dialect).render({"in": DATA}))


def faults(text: str, dialect: Dialect = Dialect.STANDARD) -> list[tuple[str, str]]:
    """Code and the text under the carets of each fault."""
    with pytest.raises(TemplateError) as caught:
        compiled(text, dialect)
    return [(each.code, text[each.span.start : each.span.end]) for each in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SELECT 1 ; ", ["SELECT 1 "]),
        ("SELECT $in.n", ["SELECT ", Bound(5)]),
        ("SELECT ${in.n + 1}, $#in.l", ["SELECT ", Bound(6), ", ", Bound([1, "b"])]),
        ("SELECT '$in.n'", ["SELECT ", Bound("5")]),
        ('SELECT "$in.n"', ["SELECT ", Bound("5")]),
        ("SELECT '$#in.z'", ["SELECT ", Bound(None)]),
        ("SELECT '$in.o'", ["SELECT ", Bound('{"a":1}')]),
        ("SELECT $in.b", ["SELECT ", Bound(b"\xff")]),
        ("LIKE '%$in.s''%'", ["LIKE ", Bound("%o'h'%")]),
        ("SELECT '$in.n$in.n'", ["SELECT ", Bound("55")]),
        ("a='$in.n'AND b", ["a=", Bound("5"), "AND b"]),
        ("a IN ($in.l)", ["a ", Members(((Bound(1),), (Bound("b"),)))]),
        ("a IN ('$in.l')", ["a ", Members(((Bound("1"),), (Bound("b"),)))]),
        ("a not in (1, $in.e)", ["a ", Members((("1",),), negated=True)]),
        ("a IN $in.l", ["a ", Members(((Bound(1),), (Bound("b"),)))]),
        ("a IN (f($in.l, 2), 3)", ["a IN (f(", Bound([1, "b"]), ", 2), 3)"]),
        ("a IN (SELECT b WHERE $in.n = 1)", ["a IN (SELECT b WHERE ", Bound(5), " = 1)"]),
        ("SELECT * FROM ${in.t | sql_identifier}.x", ["SELECT * FROM ", Name("users"), ".x"]),
        ('SELECT "${in.t | sql_identifier}"', ["SELECT ", Name("users")]),
        ("SELECT x FROM ${in.t | upper | sql_identifier}", ["SELECT x FROM ", Name("USERS")]),
        ("SELECT EXTRACT(year FROM $in.n)", ["SELECT EXTRACT(year FROM ", Bound(5), ")"]),
        ("x IS NOT DISTINCT FROM $in.n", ["x IS NOT DISTINCT FROM ", Bound(5)]),
        ("SELECT $in.n::int", ["SELECT ", Bound(5), "::int"]),
        ("SELECT '\\$in.n', '$5' -- it's", ["SELECT '$in.n', '$5' -- it's"]),
        ("INSERT INTO t (a) VALUES ($in.n)", ["INSERT INTO t (a) VALUES (", Bound(5), ")"]),
        ("UPDATE t SET a = $in.n, b = $in.z", ["UPDATE t SET a = ", Bound(5), ", b = ", Bound(None)]),
        ("SELECT f(1, $in.n) FROM a, f($in.n)", ["SELECT f(1, ", Bound(5), ") FROM a, f(", Bound(5), ")"]),
    ],
)
def test_what_references_become(text: str, parts: list[Any]) -> None:
    assert rendered(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM $in.n",
        "SELECT * FROM a, $in.n",
        "DELETE FROM '$in.n'",
        'SELECT * FROM "$in.n"',
        "a JOIN $in.n",
        "INSERT INTO $in.n VALUES (1)",
        "INSERT INTO t (a, $in.n) VALUES (1, 2)",
        "UPDATE $in.n SET a = 1",
        "UPDATE t SET $in.n = 1",
        "UPDATE t SET a = 1, $in.n = 1",
        "SELECT a AS $in.n",
        "SELECT t.$in.n",
        "SELECT ${in.n}.a",
        "SELECT a_$in.n",
        "SELECT ${in.n}a",
        "SELECT 1$in.n",
        "SELECT 1 $in.n",
        "SELECT ') ' $in.n",
        "SELECT a::$in.n",
        "SELECT $in.n(1)",
        "SELECT 1 ORDER BY $in.n",
        "SELECT 1 ORDER BY a, '$in.n'",
        "SELECT 1 GROUP BY $in.n",
        "$in.n",
        "SELECT 1 -- $in.n",
        "SELECT /* $in.n */ 1",
        "SELECT `$in.n`",
        "SELECT \\$\\$ $in.n \\$\\$",
        "SELECT E'$in.n'",
        "SELECT x'$in.n'",
        "SELECT U&'$in.n'",
        "SELECT DATE '$in.n'",
        "SELECT interval '$in.n day'",
        "a IN (1, /* $in.n */ 2)",
        "a IN /* $in.n */ (1)",
        "a NOT /* $in.n */ IN (1)",
        "SELECT a FROM b WHERE c = 1 $in.n",
    ],
)
def test_where_no_parameter_can_stand(text: str) -> None:
    [(code, place)] = faults(text)
    assert code == "E210"
    assert place in ("$in.n", "${in.n}")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '${in.t | sql_identifier}'",
        'SELECT "a${in.t | sql_identifier}"',
        "SELECT a${in.t | sql_identifier}",
        "SELECT ${in.t | sql_identifier}b",
        "SELECT -- ${in.t | sql_identifier}",
    ],
)
def test_where_no_name_can_stand(text: str) -> None:
    assert faults(text) == [("E210", "${in.t | sql_identifier}")]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [("E109", "")]),
        (" -- nothing\n;", [("E109", " -- nothing\n;")]),
        ("SELECT 1; SELECT 2", [("E109", ";")]),
        ("SELECT 'a", [("E109", "'")]),
        ('SELECT "a$in.n', [("E109", '"')]),
        ("SELECT /* a", [("E109", "/")]),
        ("SELECT $nope, '$nope'", [("E201", "nope"), ("E201", "nope")]),
        ("SELECT $in.n | sql_identifier(1)} ${in.n | sql_identifier(1)}", [("E205", "sql_identifier")]),
        ("SELECT ${in.", [("E102", "${")]),
    ],
)
def test_other_faults(text: str, places: list[tuple[str, str]]) -> None:
    found = faults(text)
    assert [code for code, _ in found] == [code for code, _ in places]
    assert all(
        place == wanted for (code, place), (_, wanted) in zip(found, places, strict=True) if code != "E102"
    )


def test_a_frame_shows_the_file_and_the_cure() -> None:
    file = Source('{"query": "SELECT * FROM $in.n"}', "c.json")
    text = "SELECT * FROM $in.n"
    source = Source(text, "c.json", "/query", Origin(file, range(11, 12 + len(text))))
    with pytest.raises(TemplateError) as caught:
        ENVIRONMENT.compile_sql(text, source)
    assert caught.value.frame().splitlines() == [
        "c.json:1:26: E210 the reference stands for a name: `FROM` stands before it (at /query)",
        '  1 | {"query": "SELECT * FROM $in.n"}',
        "    |                          ^^^^^",
        f"    = hint: {HINT}",
    ]


@pytest.mark.parametrize(
    ("text", "dialect", "outcome"),
    [
        ("SELECT [a'b], $in.n", Dialect.SQLITE, ["SELECT [a'b], ", Bound(5)]),
        ("SELECT a[$in.n]", Dialect.POSTGRESQL, ["SELECT a[", Bound(5), "]"]),
        ("SELECT a[$in.n]", Dialect.SQLITE, "E210"),
        ("SELECT 'a\\' || $in.n || '", Dialect.POSTGRESQL, "E109"),
        ("SELECT 'a\\'$in.n\\n'", Dialect.MYSQL, ["SELECT ", Bound("a'5\n")]),
        ("SELECT `a` # it's\n, $in.n", Dialect.MYSQL, ["SELECT `a` # it's\n, ", Bound(5)]),
        ("SELECT 1--$in.n", Dialect.MYSQL, ["SELECT 1--", Bound(5)]),
        ("SELECT /* /* */ $in.n */ 1", Dialect.POSTGRESQL, "E210"),
        ("SELECT /* /* */ $in.n", Dialect.SQLITE, ["SELECT /* /* */ ", Bound(5)]),
        ("SELECT INTERVAL '$in.n' DAY", Dialect.MYSQL, ["SELECT INTERVAL ", Bound("5"), " DAY"]),
        ("SELECT \\$a\\$ ' \\$a\\$, $in.n", Dialect.POSTGRESQL, ["SELECT $a$ ' $a$, ", Bound(5)]),
    ],
)
def test_dialects_quote_differently(text: str, dialect: Dialect, outcome: Any) -> None:
    if isinstance(outcome, str):
        assert {code for code, _ in faults(text, dialect)} == {outcome}
    else:
        assert rendered(text, dialect) == outcome


@given(st.text("'\"`[]-/*\\$aE1 \n#;%", max_size=30), DIALECTS)
def test_tokens_are_the_whole_text(text: str, dialect: Dialect) -> None:
    found = list(tokens(text, dialect))
    assert "".join(token.text for token in found) == text
    assert [token.start for token in found] == [
        sum(len(each.text) for each in found[:at]) for at in range(len(found))
    ]


@given(
    st.dictionaries(
        st.sampled_from(["n", "s", "l"]), st.one_of(st.none(), st.text(), st.lists(st.integers()))
    )
)
def test_specialising_changes_nothing(constants: dict[str, Any]) -> None:
    text = "SELECT $campaign.n, '$campaign.s', '%$campaign.s-$in.n' WHERE a IN ($campaign.l, '$in.l')"
    scope = {"campaign": {"n": 1, "s": "x", "l": [], **constants}}
    template = compiled(text)
    folded = template.specialize(scope)
    assert folded.render({"in": DATA}) == template.render({**scope, "in": DATA})
    assert {str(read) for read in folded.references()} == {"in.n", "in.l"}


def test_names_that_are_known_without_data() -> None:
    template = compiled(
        "SELECT ${'a' + 'b' | sql_identifier} FROM ${in.t | sql_identifier} "
        "WHERE x IN (${'c' | sql_identifier}, $in.l)"
    )
    assert [name for _, name in template.constant_names()] == ["ab", "c"]
    assert len(template.names()) == 3


def test_errors_of_rendering_are_located() -> None:
    with pytest.raises(TemplateError) as caught:
        rendered("SELECT '$in.b'")
    assert (caught.value.code, caught.value.span.start) == ("E406", 8)
    with pytest.raises(TemplateError) as caught:
        compiled("SELECT 1 IN ('$in.l')").render({"in": {"l": [b"\xff"]}})
    assert (caught.value.code, caught.value.span.start) == ("E406", 14)
