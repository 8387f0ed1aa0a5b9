"""What completion offers."""

from pathlib import Path

import pytest

from aktmpl.repl.complete import candidates
from aktmpl.repl.session import Session
from aktmpl.schema import Schema

SCOPE = {"in": {"data": {"code": 5, "codes": [{"n": 1}], "odd key": 1}}, "profile": {"name": "a"}}
CHANNEL = Schema({"template": {"body": "string", "title?": "string"}})


@pytest.fixture
def session() -> Session:
    return Session(SCOPE, CHANNEL)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("Hi $pro", ["profile"]),
        ("Hi $#pro", ["profile"]),
        ("$in.data.", ["code", "codes"]),
        ("$in.data.codes.", ["%0", "%-1"]),
        ("$in.data.codes.%0.", ["n"]),
        ("$in.data.codes.%", ["%0", "%-1"]),
        ("$template.", ["body", "title"]),
        ("Hi pro", []),
        ("${pro", ["profile"]),
        ("${in.data.", ["code", "codes", "'odd key'"]),
        ("${in?.data.co", ["code", "codes"]),
        ("${'$prof", ["profile"]),
        ("${'prof", []),
        ("${in.data | trunc", ["truncate"]),
        ("${trunc", ["truncate"]),
        ("${truncate('a', si", ["size=", "sin"][:1]),
        ("${truncate('a', size=2, e", ["ending=", "error", "e164", "ends_with", "extract"]),
        ("${5 || trunc", ["truncate"]),
        ("$5", []),
        (":he", [":help"]),
        (":query pro", ["profile"]),
        (":type in.data.cod", ["code", "codes"]),
        (':doc {"a": "$pro', ["profile"]),
        (':doc {"a": "${in.data.cod', ["code", "codes"]),
        (":ast $pro", ["profile"]),
        (":set prof", ["profile"]),
        (":set profile na", []),
        (":help trunc", ["truncate"]),
        (":help :qui", [":quit"]),
        (":nothing pro", []),
    ],
)
def test_candidates(session: Session, before: str, expected: list[str]) -> None:
    found = [each.text for each in candidates(session, before)]
    assert sorted(found) == sorted(expected)
    assert all(before.endswith(each.text[: each.replaced].strip("'")) for each in candidates(session, before))


def test_a_candidate_says_what_it_is(session: Session) -> None:
    meanings = {each.text: each.meaning for each in candidates(session, "$template.")}
    assert meanings == {"body": "string", "title": "string, may be missing"}
    assert candidates(session, "${upp")[0].meaning == "The text in capital letters."
    assert candidates(session, "${truncate('a', wo")[0].meaning == "bool"


def test_all_roots_are_offered_after_a_dollar_sign(session: Session) -> None:
    found = [each.text for each in candidates(session, "$")]
    assert found[:2] == ["in", "profile"]
    assert "campaign" in found


def test_lines_of_another_kind(session: Session) -> None:
    session.kind = "query"
    assert [each.text for each in candidates(session, "in.data.cod")] == ["code", "codes"]
    session.kind = "document"
    assert [each.text for each in candidates(session, '["$in.data.cod')] == ["code", "codes"]


def test_files(session: Session, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    (tmp_path / "data").mkdir()
    (tmp_path / ".hidden").write_text("")
    found = [(each.text, each.replaced) for each in candidates(session, f":load {tmp_path}/da")]
    assert found == [("data/", 2), ("data.json", 2)]
    assert len(candidates(session, f":load {tmp_path}/")) == 2
    assert candidates(session, f":load {tmp_path}/none/") == []
