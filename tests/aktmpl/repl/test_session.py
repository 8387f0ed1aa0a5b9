"""What lines give."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from aktmpl.repl.prompt import PROMPT, InputLexer, fragments
from aktmpl.repl.session import Answer, Session
from tests.aktmpl import strategies

SCOPE = {"in": {"n": 5, "list": [1, 2]}, "profile": {"name": "Ann"}}


@pytest.fixture
def session() -> Session:
    return Session(SCOPE)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("", ""),
        ("Hi $profile.name", "Hi Ann"),
        ("$#in.list", "[1,2]"),
        ("$#{null}", "null"),
        ("$#{in.n > 3}", "true"),
        (":query in.n > 3", "true"),
        (':doc {"a": "$#in.n", "b": "$in.n"}', '{"a":5,"b":"5"}'),
        (":type in.n", "int"),
        (":type in.n + 1", "int"),
        (":type Hi $in.n", "string"),
        (":type in.list", "list of int"),
        (":type in.n | upper", "string"),
        (":ast $in.n", "Template\n└─ Insert\n   └─ in.n"),
        (":refs $in.n ${profile.x ?? 1}", "in.n\nprofile.x  ?"),
        (":refs none", "none"),
        (":refs", "`:refs` takes a template, or follows one"),
        (":set", 'in = {"n":5,"list":[1,2]}\nprofile = {"name":"Ann"}'),
        (":set in", 'in = {"n":5,"list":[1,2]}'),
        (":set error", "`error` is not set"),
        (':set user {"id": 1}', "user: object {id}"),
        (":set user {", "the value:1:2: not JSON: expecting property name enclosed in double quotes"),
        (":set 5 {}", "`5` cannot be a root"),
        (":load", "`:load` takes a file"),
        (":load /nowhere.json", "cannot read /nowhere.json: No such file or directory"),
        (":nonsense", "there is no command `:nonsense`; `:help` lists the commands"),
        (":quer x", "there is no command `:quer`; did you mean `query`?"),
        (":help :load", ":load FILE\n  add the roots in a JSON or YAML file to the data"),
        (":help load", ":load FILE\n  add the roots in a JSON or YAML file to the data"),
        (":help uper", "nothing is known of `uper`; did you mean `upper`?"),
    ],
)
def test_an_answer(session: Session, line: str, text: str) -> None:
    assert session.answer(line) == Answer(text)


def test_quit(session: Session) -> None:
    assert session.answer(":quit").quit


def test_help_lists_commands_and_describes_functions(session: Session) -> None:
    assert ":channel FILE" in session.answer(":help").text
    assert session.answer(":help upper").text.startswith("upper(text: string) -> string\n  The text in")


def test_code_and_time_follow_the_last_template(session: Session) -> None:
    session.answer("Hi $in.n")
    code = session.answer(":code").text
    assert code.startswith("def render(scope):")
    assert "scope['in']['n']" in code
    lines = session.answer(":time").text.splitlines()
    assert len(lines) == 3
    assert all(line.endswith(("µs", "ms")) for line in lines)


def test_kinds_of_lines(session: Session) -> None:
    assert session.answer(":query").text == "lines are conditions now"
    assert session.answer("in.n = 5").text == "true"
    assert session.answer(":doc").text == "lines are documents now"
    assert session.answer('["$in.n"]').text == '["5"]'
    assert session.answer(":text").text == "lines are texts now"
    assert session.answer("in.n = 5").text == "in.n = 5"


def test_data_and_channel_files(session: Session, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"user": {"id": 7}}))
    assert session.answer(f":load {data}").text == "user"
    assert session.answer("$user.id $in.n").text == "7 5"
    channel = tmp_path / "channel.json"
    channel.write_text(
        json.dumps({"fields": {"template": [{"type": "text", "name": "body", "default": "Hey"}]}})
    )
    assert session.answer(f":channel {channel}").text == "template: object {body}"
    assert session.answer("$template.body").text == "Hey"
    data.write_text("[1]")
    assert session.answer(f":load {data}").text.endswith(
        "must hold an object: names of roots and their values"
    )


def test_warnings_come_with_the_result(session: Session) -> None:
    answer = session.answer("${[1]}")
    assert (answer.text, [each.code for each in answer.warnings]) == ("[1]", ["W203"])


def test_what_has_no_text_form_is_described() -> None:
    session = Session({"in": b"\xff"})
    assert session.answer("$#in").text == "bytes without a text form: bytes that are not UTF-8 (at byte 0)"


@given(st.one_of(st.text(), strategies.source_texts, st.text(":doc query{}[]\"'$in.", max_size=12)))
def test_no_line_raises(line: str) -> None:
    session = Session(SCOPE)
    for each in (line, f":doc {line}", f":query {line}", f":type {line}", f":set in {line}", f":help {line}"):
        answer = session.answer(each)
        text = "".join(text for _, text in fragments(answer, each, 80))
        assert text.endswith("\n") or answer == Answer()
        assert session.is_unfinished(f"{each}\n") is False


# ------------------------------------------------------------------------------------- frames under lines


def shown(session: Session, line: str, columns: int = 80) -> list[str]:
    text = "".join(text for _, text in fragments(session.answer(line), line, columns))
    return [PROMPT + line, *text.splitlines()]


def test_a_caret_run_stands_under_the_fault(session: Session) -> None:
    assert shown(session, "Hi $profile.nme") == [
        "aktmpl> Hi $profile.nme",
        "                    ^^^",
        "E301 `profile` has no field `nme`",
        "  hint: did you mean `name`?",
    ]
    assert shown(session, ":query in.n =")[1:3] == [
        "                    ^",
        "E101 a value is missing at the end",
    ]
    assert shown(session, ':doc {"a": ["\\n$in.x"]}')[:2] == [
        'aktmpl> :doc {"a": ["\\n$in.x"]}',
        "                           ^",
    ]
    assert shown(session, ":doc {1}")[1:] == [
        "              ^^",
        "E108 not JSON: expecting property name enclosed in double quotes",
    ]


def test_wide_characters_are_two_columns(session: Session) -> None:
    assert shown(session, "日本 $in.x")[1] == " " * (len(PROMPT) + 4 + len(" $in.")) + "^"


def test_all_faults_of_a_line_are_shown(session: Session) -> None:
    assert [line for line in shown(session, "$prfile.x $inn") if line.startswith("E")] == [
        "E201 unknown root `prfile`",
        "E201 unknown root `inn`",
    ]


def test_a_line_that_wraps_gets_a_whole_frame(session: Session) -> None:
    assert (
        shown(session, "Hi $profile.nme", columns=20)[1] == "<input>:1:13: E301 `profile` has no field `nme`"
    )
    assert shown(session, "Hi\n$profile.nme")[-4:] == [
        "<input>:2:10: E301 `profile` has no field `nme`",
        "  2 | $profile.nme",
        "    |          ^^^",
        "    = hint: did you mean `name`?",
    ]


def coloured(session: Session, typed: str) -> list[tuple[str, str]]:
    """Each piece of what is typed with the last word of its style."""
    pieces = InputLexer(session).lex_document(Document(typed))
    shown = [piece[:2] for line in range(typed.count("\n") + 1) for piece in pieces(line)]
    return [(style.rpartition(".")[2], text) for style, text in shown if text.strip()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Hi $in.n", [("text", "Hi "), ("interpol", "$"), ("variable", "in"), ("attribute", ".n")]),
        (":query in.n > 3",
         [("class:command", ":query "), ("variable", "in"), ("punctuation", "."), ("attribute", "n"),
          ("operator", ">"), ("number", "3")]),
        (":type in.n",
         [("class:command", ":type "), ("variable", "in"), ("punctuation", "."), ("attribute", "n")]),
        (":refs $in", [("class:command", ":refs "), ("interpol", "$"), ("variable", "in")]),
        (':doc {"a":\n1}',
         [("class:command", ":doc "), ("punctuation", "{"), ("tag", '"'), ("tag", "a"), ("tag", '"'),
          ("punctuation", ":"), ("number", "1"), ("punctuation", "}")]),
        (":set in null", [("class:command", ":set in "), ("constant", "null")]),
        (":set in", [("class:command", ":set in")]),
        (":load in.json", [("class:command", ":load "), ("", "in.json")]),
        (":que", [("class:command", ":que")]),
    ],
)  # fmt: skip
def test_what_is_typed_has_the_colours_of_what_it_is(
    session: Session, line: str, expected: list[tuple[str, str]]
) -> None:
    assert coloured(session, line) == expected


def test_colours_follow_the_chosen_kind(session: Session) -> None:
    lexer = InputLexer(session)
    before = lexer.invalidation_hash()
    session.answer(":query")
    assert lexer.invalidation_hash() != before
    assert coloured(session, "in.n = 1")[0] == ("variable", "in")


@given(st.one_of(strategies.source_texts, strategies.source_texts.map(":query {}".format)))
def test_colours_leave_every_character_in_its_place(typed: str) -> None:
    pieces = InputLexer(Session(SCOPE)).lex_document(Document(typed))
    lines = ["".join(piece[1] for piece in pieces(line)) for line in range(typed.count("\n") + 1)]
    assert "\n".join(lines) == typed
