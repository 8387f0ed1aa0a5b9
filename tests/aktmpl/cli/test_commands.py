"""The commands, run as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aktmpl.cli import COMMANDS, main

CHANNEL = {
    "fields": {
        "template": [
            [{"type": "header", "text": "Message"}],
            {"type": "text", "name": "body", "required": True},
            [
                {"type": "string", "name": "button.url", "default": "https://example.com"},
                {"type": "string", "name": "button.title"},
            ],
            [{"type": "enum", "name": "mode", "options": ["a", {"value": "b"}], "default": "a"}],
        ],
        "sender": [],
    }
}
DATA = {"profile": {"name": "Ann", "age": 30}, "user": {"id": 7}, "template": {"body": "Hello"}}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(DATA))
    return str(path)


@pytest.fixture
def channel(tmp_path: Path) -> str:
    path = tmp_path / "channel.json"
    path.write_text(json.dumps(CHANNEL))
    return str(path)


# ----------------------------------------------------------------------------------------------- render


def test_render_a_text(data: str) -> None:
    result = run("render", "-e", "Hi $profile.name, $user.id", "--data", data)
    assert (result.exit_code, result.stdout) == (0, "Hi Ann, 7\n")


def test_render_files_and_standard_input(tmp_path: Path, data: str) -> None:
    template = tmp_path / "hello.aktmpl"
    template.write_text("Hi $profile.name\n")
    assert run("render", str(template), "--data", data).stdout == "Hi Ann\n"
    assert run("render", "-", "--data", data, stdin="$profile.age").stdout == "30\n"
    assert run("render", "-e", "$in", "--data", "-", stdin='{"in": "x"}').stdout == "x\n"


def test_render_a_document_and_a_query(tmp_path: Path, data: str) -> None:
    document = tmp_path / "document.json"
    document.write_text('{"n": "$#profile.age", "$?x": "$profile.x"}')
    assert run("render", "--document", str(document), "--data", data).stdout == '{"n":30}\n'
    assert run("render", "--query", "-e", "profile.age > 30", "--data", data).stdout == "false\n"


def test_render_takes_yaml(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("in:\n  day: 2026-01-02\n  5: five\n  list: [1, 2]\n")
    document = tmp_path / "document.yml"
    document.write_text("day: $in.day\nfive: $in.5\nlist: $#in.list\n")
    result = run("render", "--document", str(document), "--data", str(data))
    assert json.loads(result.stdout) == {"day": "2026-01-02", "five": "five", "list": [1, 2]}


def test_render_with_the_defaults_of_a_channel(channel: str, data: str) -> None:
    text = "$template.body $template.button.url $template.mode"
    assert run("render", "-e", text, "--channel", channel, "--data", data).stdout == (
        "Hello https://example.com a\n"
    )


def test_a_failing_template_prints_its_frame_and_exits_with_1(data: str) -> None:
    result = run("render", "-e", "Hi $profile.nam", "--data", data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "<template>:1:13: E301 `profile` has no field `nam`\n"
        "  1 | Hi $profile.nam\n"
        "    |             ^^^\n"
        "    = hint: did you mean `name`?\n"
    )


def test_all_faults_of_a_template_are_printed() -> None:
    result = run("render", "-e", "$prfile ${1 + 1} $inn")
    assert result.exit_code == 1
    places = [line.partition(" ")[0] for line in result.stderr.splitlines() if line.startswith("<template>")]
    assert places == ["<template>:1:2:", "<template>:1:19:"]


def test_a_fault_of_a_document_is_shown_in_its_file(tmp_path: Path, data: str) -> None:
    document = tmp_path / "document.json"
    document.write_text('{\n  "a": ["\\u00e9\\n\\ud83d\\ude00 $profile.nam"]\n}')
    result = run("render", "--document", str(document), "--data", data)
    assert result.stderr.splitlines() == [
        f"{document}:2:40: E301 `profile` has no field `nam` (at /a/0)",
        '  2 |   "a": ["\\u00e9\\n\\ud83d\\ude00 $profile.nam"]',
        "    |                                        ^^^",
        "    = hint: did you mean `name`?",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render"], "give a template: a FILE, or -e TEXT"),
        (["render", "-e", "a", "b"], "give a template: a FILE, or -e TEXT"),
        (["render", "no-such-file"], "cannot read no-such-file: No such file or directory"),
        (["render", "-", "--data", "-"], "the template and the data cannot both come from standard input"),
        (["render", "--document", "-e", "{"], "<template>:1:2: not JSON"),
        (["render", "--document", "-e", "[NaN]"], "NaN is no JSON number"),
        (["render", "--document", "-e", "[" * 100_000], "nested too deep"),
        (["explain", "-e", "a", "--known", "x"], "--known x: the data has no such root"),
        (["functions", "uper"], "there is no function `uper`; did you mean `upper`?"),
        (["error", "E999"], "there is no code E999"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("data.json", "[1]", "must hold an object"),
        ("data.json", "{", "data.json:1:2: not JSON"),
        ("data.yaml", "a: [", "data.yaml:1:5: not YAML"),
        ("data.yaml", "- a", "must hold an object"),
    ],
)
def test_a_bad_data_file_is_wrong_usage(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    result = run("render", "-e", "a", "--data", str(path))
    assert result.exit_code == 2
    assert message in result.stderr
    assert run("render", "-e", "a", "--channel", str(path)).exit_code == 2


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes("é".encode("latin-1"))
    result = run("render", str(path))
    assert result.exit_code == 2
    assert "is not UTF-8 (at byte 0)" in result.stderr


# ------------------------------------------------------------------------------------------------ check


def test_check_a_good_template(data: str) -> None:
    result = run("check", "-e", "Hi $profile.name", "--data", data)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 errors, 0 warnings\n")


def test_check_prints_faults_and_warnings(data: str) -> None:
    result = run("check", "-e", "$profile $profile.nam", "--data", data)
    assert result.exit_code == 1
    assert "warning W203" in result.stderr
    assert "E202 `profile` has no field `nam`" in result.stderr
    assert result.stderr.endswith("1 error, 1 warning\n")


def test_warnings_alone_are_no_failure(data: str) -> None:
    result = run("check", "-e", "$profile", "--data", data)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "0 errors, 1 warning")


def test_check_against_a_channel(channel: str) -> None:
    result = run(
        "check", "--query", "-e", "template.mode = 'c' or template.bodi is empty", "--channel", channel
    )
    assert result.exit_code == 0
    assert [line.split()[2] for line in result.stderr.splitlines() if "warning" in line][:2] == [
        "W201",
        "W205",
    ]
    result = run("check", "-e", "$template.button.ur", "--channel", channel)
    assert "did you mean `url`?" in result.stderr
    assert run("check", "-e", "$sender.anything $in.x", "--channel", channel).exit_code == 0


def test_check_against_a_json_schema(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"properties": {"order": {"properties": {"id": {"type": "integer"}}}}}))
    result = run("check", "--query", "-e", "order.id = 'x'", "--schema", str(schema), "--json")
    assert [each["code"] for each in json.loads(result.stdout)] == ["W201", "W202"]
    schema.write_text("[]")
    assert run("check", "-e", "a", "--schema", str(schema)).exit_code == 2
    assert run("check", "-e", "a", "--schema", "no-such-file").exit_code == 2


def test_check_a_document_and_syntax() -> None:
    result = run("check", "--document", "-e", '{"a": "${1 +}", "b": "$prfile"}', "--json")
    assert result.exit_code == 1
    assert [(each["code"], each["pointer"]) for each in json.loads(result.stdout)] == [
        ("E101", "/a"),
        ("E201", "/b"),
    ]


# --------------------------------------------------------------------------------------------- the rest


def test_explain(data: str) -> None:
    result = run("explain", "-e", "Hi $profile.name ${in.x ?? 1}", "--data", data, "--known", "profile")
    assert result.exit_code == 0
    sections = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert sections == ["Nodes", "Python", "References", "With profile known", "Python", "References"]
    assert "  Hi Ann ${in.x ?? 1}\n" in result.stdout
    assert "scope['profile']['name']" in result.stdout.partition("With profile known")[0]
    assert "scope['profile']" not in result.stdout.partition("With profile known")[2]


def test_explain_a_query_and_a_document() -> None:
    query = run("explain", "--query", "-e", "in.n >= 5 and in.s ~= 'a'").stdout
    assert "v1 = scope['in']\n" in query
    assert "(v2 := v1['n']).__class__ is int else at_least(v2, 5)) and matches(v1['s'], 'a')" in query
    document = run("explain", "--document", "-e", '{"a": "$#in.n", "b": [1]}').stdout
    assert "├─ Entry 'a'" in document
    assert """''.join(('{"a":', json_text(scope['in']['n']), ',"b":[1]}')).encode()""" in document
    assert "lambda scope: 'plain'" in run("explain", "-e", "plain").stdout


def test_functions() -> None:
    listed = run("functions").stdout
    assert listed.startswith("text\n")
    assert "\n\nnumber\n" in listed
    described = run("functions", "upper").stdout
    assert described.splitlines()[:2] == [
        "upper(text: string) -> string",
        "  The text in capital letters.",
    ]
    assert "'straße' | upper  →  \"STRASSE\"" in described


def test_error_codes() -> None:
    assert run("error", "e301").stdout.startswith("E301")
    assert "missing field" in run("error", "E301").stdout
    assert run("error", "W203").stdout.startswith("W203")
    listed = run("error").stdout
    assert "E506" in listed
    assert "W205" in listed


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "..." not in shown.partition("Commands:")[2]
    assert run("--version").stdout.startswith("main, version ")


def test_the_language_and_its_command_are_light() -> None:
    code = (
        "import sys, aktmpl.cli; aktmpl.cli.main(['render', '-e', 'a ${1 + 1}'], standalone_mode=False); "
        "print([name for name in ('akrun', 'pydantic', 'rich', 'prompt_toolkit', 'pygments', 'ruamel') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "a 2\n[]\n"
    code = "import sys, aktmpl; print('click' in sys.modules, 'lark' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "False False\n"


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "aktmpl", "render", "-e", "$in.x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("<template>:1:2: E304 the scope has no root `in`")
